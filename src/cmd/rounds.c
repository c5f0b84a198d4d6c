/*
 * rounds.c
 */
#include "cmd/rounds.h"

#include <string.h>

#include "archive/archive_block.h"
#include "base/clock.h"
#include "base/mem.h"
#include "corpus/shard.h"
#include "par/par.h"

/* Chunks of the first round for each thread. */
#define FIRST_CHUNKS 16

/* How long a round should take. */
#define SHORT_S 3.0
#define LONG_S  12.0

/* Bytes of a round at most: what rank 0 holds. */
#define BYTES_MAX ((size_t)64 << 20)

/* A whole number of units. */
static size_t
round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

void
rounds_init(struct rounds *rounds, struct par *par, int n_threads,
    size_t chunk_bytes, size_t block_chunks)
{
    size_t n_workers = (size_t)par_size(par) * (size_t)n_threads;

    *rounds = (struct rounds){.par = par, .unit = block_chunks};
    rounds->n_max = BYTES_MAX / chunk_bytes;
    if (rounds->n_max < n_workers) {
        rounds->n_max = n_workers; /* long chunks: one each */
    }
    rounds->n = FIRST_CHUNKS * n_workers;
    if (rounds->n > rounds->n_max) {
        rounds->n = rounds->n_max;
    }
    rounds->n = round_up(rounds->n, block_chunks);
}

void
rounds_begin(struct rounds *rounds)
{
    rounds->start_s = clock_now_s();
}

void
rounds_end(struct rounds *rounds)
{
    double seconds = clock_now_s() - rounds->start_s;
    size_t half = round_up(rounds->n / 2, rounds->unit);

    par_max_f64(rounds->par, &seconds, 1);
    if (seconds < SHORT_S && 2 * rounds->n <= rounds->n_max) {
        rounds->n *= 2;
    } else if (seconds > LONG_S && half > 0) {
        rounds->n = half;
    }
}

struct rounds_part
rounds_part(const struct par *par, size_t n)
{
    struct shard part = shard_of(n, par_rank(par), par_size(par));

    return (struct rounds_part){(size_t)part.first, (size_t)part.end};
}

int
rounds_share(struct par *par, uint8_t **mine, const uint8_t *data,
    const struct archive_chunk *chunks, size_t n)
{
    size_t n_ranks = (size_t)par_size(par), bytes = 0;
    size_t *bytes_to = mem_alloc(n_ranks, sizeof(*bytes_to));

    if (par_any_failed(par, bytes_to == NULL ? -1 : 0)) {
        mem_free(bytes_to);
        return -1;
    }
    for (size_t r = 0; r < n_ranks && par_rank(par) == 0; r++) {
        struct shard part = shard_of(n, (int)r, (int)n_ranks);
        for (uint64_t i = part.first; i < part.end; i++) {
            bytes_to[r] += chunks[i].coded_bytes;
        }
    }
    int rc = par_exchange(par, mine, &bytes, data, bytes_to);
    mem_free(bytes_to);
    return rc;
}

int
rounds_gather(struct par *par, struct archive_chunk *chunks, size_t n)
{
    size_t n_ranks = (size_t)par_size(par), at = 0;
    size_t n_each = (n + n_ranks - 1) / n_ranks;
    struct rounds_part part = rounds_part(par, n);
    struct archive_chunk *mine = mem_alloc(n_each, sizeof(*mine));
    struct archive_chunk *all = mem_alloc(n_each * n_ranks, sizeof(*all));
    int rc = mine == NULL || all == NULL ? -1 : 0;

    if (!par_any_failed(par, rc)) {
        memcpy(
            mine, chunks + part.first, (part.end - part.first) * sizeof(*mine));
        par_all_gather(par, all, mine, n_each * sizeof(*mine));
        for (size_t r = 0; r < n_ranks; r++) {
            struct shard other = shard_of(n, (int)r, (int)n_ranks);
            size_t n_other = (size_t)(other.end - other.first);
            memcpy(chunks + at, all + r * n_each, n_other * sizeof(*all));
            at += n_other;
        }
    } else {
        rc = -1;
    }
    mem_free(mine);
    mem_free(all);
    return rc;
}
