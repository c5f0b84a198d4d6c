/*
 * attention.c
 *
 * The cache, and the division of a call into tiles.  The cache has, for each
 * key head, blocks of ATTENTION_BLOCK positions: keys transposed (D x block),
 * so that lanes run across keys, then values (block x D, rows filled with
 * zeros to whole vectors).  A tile is some queries of the heads that share a
 * key head, by position; what a query computes does not depend on its tile.
 */
#include "attention.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "attention_tile.h"
#include "base/mem.h"
#include "base/report.h"
#include "kernels_table.h"
#include "simd.h"

struct kv_cache {
    float *floats;
    size_t positions_max; /* whole blocks */
    size_t n_kv_heads;
    size_t D;
    size_t value_stride;
    size_t block_floats; /* of one head and block */
    size_t head_floats;
};

struct kv_cache *
kv_cache_new(size_t positions_max, size_t n_kv_heads, size_t D)
{
    struct kv_cache *cache;
    size_t n_blocks;

    if (D > ATTENTION_HEAD_MAX) {
        report_error("attention heads of %zu numbers: at most %d are possible",
            D, ATTENTION_HEAD_MAX);
        return NULL;
    }
    cache = mem_alloc(1, sizeof(*cache));
    if (!cache) {
        return NULL;
    }
    n_blocks = positions_max / ATTENTION_BLOCK +
               (positions_max % ATTENTION_BLOCK != 0);
    cache->positions_max = n_blocks * ATTENTION_BLOCK;
    cache->n_kv_heads = n_kv_heads;
    cache->D = D;
    cache->value_stride = attention_value_stride(D);
    cache->block_floats = ATTENTION_BLOCK * (D + cache->value_stride);
    cache->head_floats = n_blocks * cache->block_floats;
    cache->floats =
        mem_alloc(n_blocks, n_kv_heads * cache->block_floats * sizeof(float));
    if (!cache->floats) {
        mem_free(cache);
        return NULL;
    }
    return cache;
}

void
kv_cache_free(struct kv_cache *cache)
{
    if (cache) {
        mem_free(cache->floats);
        mem_free(cache);
    }
}

size_t
kv_cache_bytes(const struct kv_cache *cache)
{
    return cache->n_kv_heads * cache->head_floats * sizeof(float);
}

void
kv_cache_put(struct kv_cache *cache, const float *keys, const float *values,
    size_t first, size_t T)
{
    const size_t D = cache->D;

    assert(first + T <= cache->positions_max);
    for (size_t h = 0; h < cache->n_kv_heads; h++) {
        float *head = cache->floats + h * cache->head_floats;

        for (size_t t = 0; t < T; t++) {
            const size_t j = (first + t) % ATTENTION_BLOCK;
            const size_t from = (t * cache->n_kv_heads + h) * D;
            float *key =
                head + (first + t) / ATTENTION_BLOCK * cache->block_floats;
            float *value = key + D * ATTENTION_BLOCK + j * cache->value_stride;

            for (size_t d = 0; d < D; d++) {
                key[d * ATTENTION_BLOCK + j] = keys[from + d];
            }
            memcpy(value, values + from, D * sizeof(float));
        }
    }
}

/* First head that uses key head g; of n_kv_heads: n_heads. */
static size_t
group_first(const struct attention_call *c, size_t g)
{
    const size_t n = c->cache->n_kv_heads;

    return (g * c->n_heads + n - 1) / n;
}

/* Tile number i of key head g, of rows by position, then by head. */
static void
attention_one(const struct kernels *kernels, const struct attention_call *c,
    size_t g, size_t i)
{
    const struct kv_cache *cache = c->cache;
    const size_t head = group_first(c, g);
    const size_t n_heads = group_first(c, g + 1) - head;
    const size_t first = i * ATTENTION_ROWS;
    struct attention_tile tile = {
        .blocks = cache->floats + g * cache->head_floats,
        .D = cache->D,
        .window = c->window,
        .scale = c->scale,
    };

    if (first >= c->T * n_heads) {
        return;
    }
    tile.n_rows = c->T * n_heads - first;
    if (tile.n_rows > ATTENTION_ROWS) {
        tile.n_rows = ATTENTION_ROWS;
    }
    for (size_t r = 0; r < tile.n_rows; r++) {
        const size_t t = (first + r) / n_heads;
        const size_t h = head + (first + r) % n_heads;
        const size_t at = (t * c->n_heads + h) * cache->D;

        tile.out[r] = c->out + at;
        tile.query[r] = c->queries + at;
        tile.position[r] = c->first + t;
    }
    kernels->simd->attention(&tile);
}

void
attention(const struct kernels *kernels, const struct attention_call *c)
{
    const size_t n_kv = c->cache->n_kv_heads;
    const size_t group_max = (c->n_heads + n_kv - 1) / n_kv;
    const size_t n_tiles =
        (c->T * group_max + ATTENTION_ROWS - 1) / ATTENTION_ROWS;

    assert(c->first + c->T <= c->cache->positions_max);
    if (c->n_threads <= 1) {
        for (size_t i = 0; i < n_tiles * n_kv; i++) {
            attention_one(kernels, c, i / n_tiles, i % n_tiles);
        }
        return;
    }
    /* Late positions, which see most, first: the rest fills the gaps. */
#pragma omp parallel for schedule(dynamic) num_threads(c->n_threads)
    for (size_t i = 0; i < n_tiles * n_kv; i++) {
        attention_one(kernels, c, i % n_kv, n_tiles - 1 - i / n_kv);
    }
}
