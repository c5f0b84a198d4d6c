/*
 * slab.h - a dataset cut into slabs, a slab into the parts of the ranks.
 *
 * A slab is a range of items small enough that all of it may pass through one
 * rank.  Parts begin at multiples of the piece that HDF5 compresses, so each
 * piece is written once, by one rank.
 */
#ifndef RESULTS_SLAB_H
#define RESULTS_SLAB_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of items in one slab, on all ranks together: a piece for each rank to
 * compress, between these bounds.  A rank may have to hold a whole slab three
 * times: what it sends, receives and writes.  Larger: fewer collective calls,
 * more ranks at work.
 */
#define SLAB_BYTES_MIN ((uint64_t)4 << 20)
#define SLAB_BYTES_MAX ((uint64_t)64 << 20)

struct slab {
    uint64_t first, end; /* items */
    uint64_t piece;      /* items */
};

/* The first slab of n items for n_ranks. */
struct slab slab_first(
    uint64_t n, uint64_t piece, size_t item_bytes, int n_ranks);

/* The next one; empty if that was the last. */
struct slab slab_next(const struct slab *slab, uint64_t n);

/* Items of the slab that come before those of rank r of n_ranks. */
uint64_t slab_part(const struct slab *slab, int rank, int n_ranks);

#endif /* RESULTS_SLAB_H */
