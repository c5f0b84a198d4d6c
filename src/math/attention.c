/*
 * attention.c
 *
 * The cache, and the division of a call into tiles.  The cache has, for each
 * key head, blocks of ATTENTION_BLOCK positions in panels of 16 columns
 * (attention_tile.h), so that lanes run across keys for scores and across D
 * for values, and what is read in a row lies in a row.  A tile is some queries
 * of the heads that share a key head, by position; what a query computes does
 * not depend on its tile.
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
    size_t n_streams;
    size_t positions_max;
    size_t n_blocks;   /* that a head has: block i is at i % n_blocks */
    size_t n_kv_heads; /* of a stream */
    size_t D;
    size_t head_floats;
    size_t bytes; /* of all */
};

struct kv_cache *
kv_cache_new(size_t positions_max, size_t n_kv_heads, size_t D)
{
    return kv_cache_new_streams(1, positions_max, n_kv_heads, D);
}

struct kv_cache *
kv_cache_new_streams(
    size_t n_streams, size_t positions_max, size_t n_kv_heads, size_t D)
{
    return kv_cache_new_ring(n_streams, positions_max, 0, n_kv_heads, D);
}

static size_t
span_blocks(size_t n_positions)
{
    return n_positions / ATTENTION_BLOCK + (n_positions % ATTENTION_BLOCK != 0);
}

struct kv_cache *
kv_cache_new_ring(size_t n_streams, size_t positions_max, size_t span,
    size_t n_kv_heads, size_t D)
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
    n_blocks = span_blocks(positions_max);
    cache->n_streams = n_streams;
    cache->positions_max = n_blocks * ATTENTION_BLOCK;
    if (span > 0 && span_blocks(span) < n_blocks) {
        n_blocks = span_blocks(span);
    }
    cache->n_blocks = n_blocks;
    cache->n_kv_heads = n_kv_heads;
    cache->D = D;
    cache->head_floats = n_blocks * attention_block_floats(D);
    if (__builtin_mul_overflow(n_streams * n_kv_heads,
            cache->head_floats * sizeof(float), &cache->bytes)) {
        report_error("keys and values of %zu streams of %zu positions do not "
                     "fit in memory",
            n_streams, positions_max);
        mem_free(cache);
        return NULL;
    }
    cache->floats = mem_map(cache->bytes);
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
        mem_unmap(cache->floats, cache->bytes);
        mem_free(cache);
    }
}

size_t
kv_cache_bytes(const struct kv_cache *cache)
{
    return cache->bytes;
}

/* Blocks of key head g of a stream. */
static float *
head_blocks(const struct kv_cache *cache, size_t stream, size_t g)
{
    return cache->floats +
           (stream * cache->n_kv_heads + g) * cache->head_floats;
}

/*
 * Positions [first, end) of one panel of key head g of a stream, from rows
 * stride apart.
 */
static void
put_panel(struct kv_cache *cache, const struct kv_rows *rows, size_t stream,
    size_t g, size_t first, size_t end)
{
    const size_t D = cache->D, stride = rows->stride;
    const size_t j = first % ATTENTION_BLOCK;
    const float *keys = rows->keys + g * D;
    const float *values = rows->values + g * D;
    float *block =
        head_blocks(cache, stream, g) +
        first / ATTENTION_BLOCK % cache->n_blocks * attention_block_floats(D);
    float *key = block + attention_key_at(D, j);
    float *value = block + attention_values_at(D) + j * ATTENTION_PANEL;

    for (size_t d = 0; d < D; d++) {
        for (size_t t = 0; t < end - first; t++) {
            key[d * ATTENTION_PANEL + t] = keys[t * stride + d];
        }
    }
    for (size_t d = 0; d < D; d += ATTENTION_PANEL) {
        const size_t n = D - d < ATTENTION_PANEL ? D - d : ATTENTION_PANEL;

        for (size_t t = 0; t < end - first; t++) {
            memcpy(value + d * ATTENTION_BLOCK + t * ATTENTION_PANEL,
                values + t * stride + d, n * sizeof(float));
        }
    }
}

void
kv_cache_put_rows(struct kv_cache *cache, const struct kv_rows *rows,
    size_t stream, size_t first, size_t T)
{
    struct kv_rows r = *rows;
    size_t end;

    assert(stream < cache->n_streams && first + T <= cache->positions_max);
    for (size_t t = first; t < first + T; t = end) {
        end = (t / ATTENTION_PANEL + 1) * ATTENTION_PANEL;
        end = end < first + T ? end : first + T;
        for (size_t g = 0; g < cache->n_kv_heads; g++) {
            put_panel(cache, &r, stream, g, t, end);
        }
        r.keys += (end - t) * r.stride;
        r.values += (end - t) * r.stride;
    }
}

void
kv_cache_put(struct kv_cache *cache, const float *keys, const float *values,
    size_t first, size_t T)
{
    kv_cache_put_rows(cache,
        &(struct kv_rows){keys, values, cache->n_kv_heads * cache->D}, 0, first,
        T);
}

void
kv_cache_put_one(struct kv_cache *cache, const float *keys, const float *values,
    size_t stream, size_t position)
{
    kv_cache_put_rows(
        cache, &(struct kv_rows){keys, values, 0}, stream, position, 1);
}

/* First of n_heads heads that uses key head g; of n_kv_heads: n_heads. */
static size_t
group_first(const struct kv_cache *cache, size_t n_heads, size_t g)
{
    const size_t n = cache->n_kv_heads;

    return (g * n_heads + n - 1) / n;
}

/* Rows of a tile in a call. */
static size_t
tile_rows(const struct attention_call *c)
{
    const size_t n_kv = c->cache->n_kv_heads;
    const size_t n_rows = c->T * ((c->n_heads + n_kv - 1) / n_kv);

    return n_rows < ATTENTION_MANY_MIN ? ATTENTION_ROWS : ATTENTION_MANY;
}

/* Tile number i of key head g, of rows by position, then by head. */
static void
attention_one(const struct kernels *kernels, const struct attention_call *c,
    size_t g, size_t i)
{
    const struct kv_cache *cache = c->cache;
    const size_t head = group_first(cache, c->n_heads, g);
    const size_t n_heads = group_first(cache, c->n_heads, g + 1) - head;
    const size_t n_max = tile_rows(c);
    const size_t first = i * n_max;
    struct attention_tile tile;

    if (first >= c->T * n_heads) {
        return;
    }
    tile.D = cache->D;
    tile.n_blocks = cache->n_blocks;
    tile.window = c->window;
    tile.scale = c->scale;
    tile.cap = c->cap;
    tile.n_rows = c->T * n_heads - first;
    if (tile.n_rows > n_max) {
        tile.n_rows = n_max;
    }
    for (size_t r = 0; r < tile.n_rows; r++) {
        const size_t t = (first + r) / n_heads;
        const size_t h = head + (first + r) % n_heads;
        const size_t at = (t * c->n_heads + h) * cache->D;

        tile.out[r] = c->out + at;
        tile.query[r] = c->queries + at;
        tile.blocks[r] = head_blocks(cache, 0, g);
        tile.position[r] = c->first + t;
    }
    if (n_max > ATTENTION_ROWS) {
        kernels->simd->attention_many(&tile);
    } else {
        kernels->simd->attention(&tile);
    }
}

void
attention(const struct kernels *kernels, const struct attention_call *c)
{
    const size_t n_kv = c->cache->n_kv_heads;
    const size_t group_max = (c->n_heads + n_kv - 1) / n_kv;
    const size_t n_rows = tile_rows(c);
    const size_t n_tiles = (c->T * group_max + n_rows - 1) / n_rows;

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

/* How the heads of a step divide into tiles. */
struct step_plan {
    size_t n_groups;  /* of all streams: heads that share a key head */
    size_t per_tile;  /* groups, 1 at least */
    size_t per_group; /* tiles, 1 unless a group has more heads than a tile */
};

static struct step_plan
step_plan(const struct attention_step_call *c)
{
    const size_t n_kv = c->cache->n_kv_heads;
    const size_t heads = (c->n_heads + n_kv - 1) / n_kv;
    struct step_plan plan = {.n_groups = c->n * n_kv};
    size_t n_tiles;

    /* Nearly equal tiles: a group alone has few independent chains. */
    plan.per_tile = heads < ATTENTION_ROWS ? ATTENTION_ROWS / heads : 1;
    n_tiles = (plan.n_groups + plan.per_tile - 1) / plan.per_tile;
    if (n_tiles > 0) {
        plan.per_tile = (plan.n_groups + n_tiles - 1) / n_tiles;
    }
    plan.per_group = (heads + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    return plan;
}

/* Add heads of group u, from number skip on, as many as fit. */
static void
step_add(struct attention_tile *tile, const struct attention_step_call *c,
    size_t u, size_t skip)
{
    const struct kv_cache *cache = c->cache;
    const size_t i = u / cache->n_kv_heads, g = u % cache->n_kv_heads;
    const size_t end = group_first(cache, c->n_heads, g + 1);
    size_t h = group_first(cache, c->n_heads, g) + skip;

    for (; h < end && tile->n_rows < ATTENTION_ROWS; h++) {
        const size_t at = (i * c->n_heads + h) * cache->D;
        const size_t r = tile->n_rows++;

        tile->out[r] = c->out + at;
        tile->query[r] = c->queries + at;
        tile->position[r] = c->positions[i];
        tile->blocks[r] = head_blocks(cache, c->streams[i], g);
    }
}

/* Tile number i. */
static void
step_one(const struct kernels *kernels, const struct attention_step_call *c,
    const struct step_plan *plan, size_t i)
{
    struct attention_tile tile = {
        .D = c->cache->D,
        .window = c->window,
        .scale = c->scale,
        .cap = c->cap,
    };
    const size_t first = i / plan->per_group * plan->per_tile;
    const size_t skip = i % plan->per_group * ATTENTION_ROWS;
    size_t order[ATTENTION_ROWS], n = 0;

    tile.D = c->cache->D;
    tile.n_blocks = c->cache->n_blocks;
    tile.window = c->window;
    tile.scale = c->scale;
    tile.n_rows = 0;
    /* Groups of more blocks first. */
    for (size_t u = first; u < first + plan->per_tile && u < plan->n_groups;
         u++) {
        const size_t position = c->positions[u / c->cache->n_kv_heads];
        const size_t n_blocks = attention_n_blocks(position, c->window);
        size_t at = n++;

        for (; at > 0; at--) {
            const size_t v = order[at - 1];

            if (attention_n_blocks(c->positions[v / c->cache->n_kv_heads],
                    c->window) >= n_blocks) {
                break;
            }
            order[at] = v;
        }
        order[at] = u;
    }
    for (size_t k = 0; k < n; k++) {
        step_add(&tile, c, order[k], skip);
    }
    if (tile.n_rows > 0) {
        kernels->simd->attention(&tile);
    }
}

void
attention_step(
    const struct kernels *kernels, const struct attention_step_call *c)
{
    const struct step_plan plan = step_plan(c);
    const size_t n_tiles =
        (plan.n_groups + plan.per_tile - 1) / plan.per_tile * plan.per_group;

    for (size_t i = 0; i < c->n; i++) {
        assert(c->streams[i] < c->cache->n_streams);
        assert(c->positions[i] < c->cache->positions_max);
    }
    if (c->n_threads <= 1 || n_tiles <= 1) {
        for (size_t i = 0; i < n_tiles; i++) {
            step_one(kernels, c, &plan, i);
        }
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(c->n_threads)
    for (size_t i = 0; i < n_tiles; i++) {
        step_one(kernels, c, &plan, i);
    }
}
