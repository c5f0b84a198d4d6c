/*
 * slab.c
 */
#include "results/slab.h"

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct slab
slab_first(uint64_t n, uint64_t piece, size_t item_bytes, int n_ranks)
{
    uint64_t piece_bytes = piece * item_bytes;
    uint64_t bytes = max_u64(SLAB_BYTES_MIN,
        min_u64(SLAB_BYTES_MAX, (uint64_t)n_ranks * piece_bytes));
    uint64_t n_pieces = bytes / piece_bytes;

    if (n_pieces == 0) {
        n_pieces = 1;
    }
    return (struct slab){0, min_u64(n, n_pieces * piece), piece};
}

struct slab
slab_next(const struct slab *slab, uint64_t n)
{
    uint64_t items = slab->end - slab->first;

    return (struct slab){slab->end, min_u64(n, slab->end + items), slab->piece};
}

uint64_t
slab_part(const struct slab *slab, int rank, int n_ranks)
{
    uint64_t n = slab->end - slab->first;
    uint64_t n_pieces = (n + slab->piece - 1) / slab->piece;
    uint64_t first = n_pieces * (uint64_t)rank / (uint64_t)n_ranks;

    return slab->first + min_u64(n, first * slab->piece);
}
