/*
 * attention.h - causal attention in one written order, and its KV cache.
 *
 * Keys are taken in blocks of ATTENTION_BLOCK counted from position 0; per
 * block: scores (one fma chain over the head), block maximum, rescaling,
 * weights, their sum, fma chains over the keys.  So a query gives the same
 * bits alone or in a tile, whatever else is computed.  It starts at the
 * first block with a key that it sees; keys that it does not see leave no
 * trace.  The written order is in README.md.
 */
#ifndef MATH_ATTENTION_H
#define MATH_ATTENTION_H

#include <stddef.h>

#define ATTENTION_BLOCK 64

/* Numbers of a head at most: fixes the scratch on the stack. */
#define ATTENTION_HEAD_MAX 256

struct kernels;

/* Keys and values of all positions so far, of one layer of some streams. */
struct kv_cache;

/*
 * Room for positions_max positions of n_kv_heads heads of D numbers.
 * Owner: kv_cache_free().
 * Errors: NULL if memory is short or D is above ATTENTION_HEAD_MAX; reported.
 */
struct kv_cache *kv_cache_new(
    size_t positions_max, size_t n_kv_heads, size_t D);

/* The same for each of n_streams streams of their own. */
struct kv_cache *kv_cache_new_streams(
    size_t n_streams, size_t positions_max, size_t n_kv_heads, size_t D);

/*
 * Room for the last span positions of each stream only, 0: for all.  What is
 * seen must be there: span >= window + T - 1 for calls of T queries.
 */
struct kv_cache *kv_cache_new_ring(size_t n_streams, size_t positions_max,
    size_t span, size_t n_kv_heads, size_t D);
void kv_cache_free(struct kv_cache *cache);
size_t kv_cache_bytes(const struct kv_cache *cache);

/*
 * Store T positions of the first stream from first on: keys and values
 * (T, n_kv_heads, D).
 */
void kv_cache_put(struct kv_cache *cache, const float *keys,
    const float *values, size_t first, size_t T);

/* Keys and values (n_kv_heads, D) of some positions, stride floats apart. */
struct kv_rows {
    const float *keys, *values;
    size_t stride;
};

/* Store T positions of a stream from first on. */
void kv_cache_put_rows(struct kv_cache *cache, const struct kv_rows *rows,
    size_t stream, size_t first, size_t T);
void kv_cache_put_one(struct kv_cache *cache, const float *keys,
    const float *values, size_t stream, size_t position);

/*
 * The first stream.  out, queries: (T, n_heads, D); query t is at position
 * first + t and sees positions [max(0, first + t + 1 - window), first + t], which are in the
 * cache; window 0: all.  Head h uses key head h * n_kv_heads / n_heads.
 * Scores are multiplied by scale; then, if cap is not 0, each becomes
 * cap * tanh(score / cap).
 */
struct attention_call {
    float *out;
    const float *queries;
    const struct kv_cache *cache;
    size_t first, T;
    size_t n_heads;
    size_t window;
    float scale, cap;
    int n_threads;
};

void attention(const struct kernels *kernels, const struct attention_call *c);

/*
 * One query each of n streams.  out, queries: (n, n_heads, D); query i is at
 * positions[i] of stream streams[i] and gets the bits of a call of its own.
 *
 * Cost: bound by reading the cache.
 */
struct attention_step_call {
    float *out;
    const float *queries;
    const struct kv_cache *cache;
    const size_t *streams, *positions; /* (n) */
    size_t n;
    size_t n_heads;
    size_t window;
    float scale, cap;
    int n_threads;
};

void attention_step(
    const struct kernels *kernels, const struct attention_step_call *c);

#endif /* MATH_ATTENTION_H */
