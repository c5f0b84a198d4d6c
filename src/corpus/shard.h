/*
 * shard.h - who does what: chunks of a corpus, ranges of items for ranks.
 */
#ifndef CORPUS_SHARD_H
#define CORPUS_SHARD_H

#include <stdint.h>

/* Items [first, end). */
struct shard {
    uint64_t first, end;
};

/* The contiguous range of n items for one of size ranks. */
struct shard shard_of(uint64_t n, int rank, int size);

/* Chunks of chunk_bytes in n_bytes; chunk_bytes 0: one chunk holds all. */
uint64_t shard_chunk_count(uint64_t n_bytes, uint64_t chunk_bytes);

/* Bytes [first, end) of chunk i. */
struct shard shard_chunk(uint64_t n_bytes, uint64_t chunk_bytes, uint64_t i);

#endif /* CORPUS_SHARD_H */
