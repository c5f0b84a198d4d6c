/*
 * bucket.c
 *
 * Buckets 2k and 2k + 1 are the two halves of the octave [2^k, 2^(k + 1)).
 */
#include "results/results.h"

/* The first bucket whose start does not fit into 64 bits. */
#define BUCKET_END 128

uint64_t
results_bucket_first(size_t bucket)
{
    if (bucket < 2) {
        return bucket;
    }
    if (bucket >= BUCKET_END) {
        return UINT64_MAX;
    }
    return (UINT64_C(2) + bucket % 2) << (bucket / 2 - 1);
}

size_t
results_bucket_of(uint64_t position)
{
    if (position < 2) {
        return (size_t)position;
    }
    unsigned octave = 63 - (unsigned)__builtin_clzll(position);

    return 2 * octave + (size_t)(position >> (octave - 1) & 1);
}

size_t
results_bucket_count(uint64_t chunk_bytes_max)
{
    return chunk_bytes_max == 0 ? 0
                                : results_bucket_of(chunk_bytes_max - 1) + 1;
}
