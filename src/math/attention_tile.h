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
 * Queries of one tile of many over the same blocks; from MANY_MIN on that is
 * faster than tiles of few.
 */
#define ATTENTION_MANY     32
#define ATTENTION_MANY_MIN 12

/* Columns of a panel of keys or values, all that a vector holds. */
#define ATTENTION_PANEL 16

/*
 * Queries over the same blocks, by rising position; or rows of several
 * streams and key heads: those over the same blocks, which have the same
 * position, next to each other, and by falling number of blocks.
 */
struct attention_tile {
    float *out[ATTENTION_MANY];
    const float *query[ATTENTION_MANY];
    size_t position[ATTENTION_MANY];
    const float *blocks[ATTENTION_MANY]; /* see kv_cache in attention.c */
    size_t n_blocks; /* of a cache; position p is in block p / 64 % n_blocks */
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

/* D in whole panels: the rest of the values is zeros. */
static inline size_t
attention_value_width(size_t D)
{
    return (D + ATTENTION_PANEL - 1) / ATTENTION_PANEL * ATTENTION_PANEL;
}

/*
 * A block of one key head: keys in panels[d][16 keys], values in panels
 * [key][16 of D].
 */
static inline size_t
attention_block_floats(size_t D)
{
    return ATTENTION_BLOCK * (D + attention_value_width(D));
}

/* Key number j of a block; its numbers are ATTENTION_PANEL apart. */
static inline size_t
attention_key_at(size_t D, size_t j)
{
    return j / ATTENTION_PANEL * ATTENTION_PANEL * D + j % ATTENTION_PANEL;
}

/* The values of a block. */
static inline size_t
attention_values_at(size_t D)
{
    return ATTENTION_BLOCK * D;
}

#endif /* MATH_ATTENTION_TILE_H */
