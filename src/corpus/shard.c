/*
 * shard.c
 *
 * All products are made without overflow: n may be as large as 2^63.
 */
#include "corpus/shard.h"

#include <assert.h>

/* floor(n * rank / size), from n = q * size + r with r < size. */
static uint64_t
share(uint64_t n, uint64_t rank, uint64_t size)
{
    return n / size * rank + n % size * rank / size;
}

struct shard
shard_of(uint64_t n, int rank, int size)
{
    assert(size > 0 && rank >= 0 && rank < size);
    return (struct shard){
        .first = share(n, (uint64_t)rank, (uint64_t)size),
        .end = share(n, (uint64_t)rank + 1, (uint64_t)size),
    };
}

uint64_t
shard_chunk_count(uint64_t n_bytes, uint64_t chunk_bytes)
{
    if (chunk_bytes == 0) {
        return n_bytes > 0;
    }
    return n_bytes / chunk_bytes + (n_bytes % chunk_bytes > 0);
}

struct shard
shard_chunk(uint64_t n_bytes, uint64_t chunk_bytes, uint64_t i)
{
    assert(i < shard_chunk_count(n_bytes, chunk_bytes));
    if (chunk_bytes == 0) {
        return (struct shard){0, n_bytes};
    }
    uint64_t first = i * chunk_bytes;
    uint64_t rest = n_bytes - first;

    return (struct shard){
        first, first + (rest < chunk_bytes ? rest : chunk_bytes)};
}
