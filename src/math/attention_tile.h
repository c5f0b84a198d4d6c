/*
 * attention_tile.h - the part of attention that one kernel call computes.
 */
#ifndef MATH_ATTENTION_TILE_H
#define MATH_ATTENTION_TILE_H

#include <stddef.h>

#include "attention.h"

/*
 * Queries of one tile, two products of 6 rows.  24 gain 3 % at 2048 positions
 * and lose 5 to 10 % at 128, where blocks seen in part are many.
 */
#define ATTENTION_ROWS 12

/*
 * Queries over the same blocks, by rising position; or rows of several
 * streams and key heads: those over the same blocks, which have the same
 * position, next to each other, and by falling number of blocks.
 */
struct attention_tile {
    float *out[ATTENTION_ROWS];
    const float *query[ATTENTION_ROWS];
    size_t position[ATTENTION_ROWS];
    const float *blocks[ATTENTION_ROWS]; /* see kv_cache in attention.c */
    size_t n_rows;
    size_t D;
    size_t window;    /* 0: all */
    float scale, cap; /* cap 0: none */
};

/* The first position that a query sees. */
static inline size_t
attention_first(size_t position, size_t window)
{
    return window && position >= window ? position + 1 - window : 0;
}

/* Blocks from the first to the last with a key that a query sees. */
static inline size_t
attention_n_blocks(size_t position, size_t window)
{
    return position / ATTENTION_BLOCK -
           attention_first(position, window) / ATTENTION_BLOCK + 1;
}

/* Floats from a row of values to the next: whole vectors. */
static inline size_t
attention_value_stride(size_t D)
{
    return (D + 15) / 16 * 16;
}

#endif /* MATH_ATTENTION_TILE_H */
