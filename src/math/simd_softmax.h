/*
 * simd_softmax.h - the kernels of softmax.h over 16 lanes.
 *
 * Two passes: the maximum, which may be known from parts; then
 * e = 2^36 exp(l - max), whose integers and values are summed at once.
 * Integer sums have no order.  The sum of e is that of groups of 64: lane i
 * has (e[i] + e[16+i]) + (e[32+i] + e[48+i]) in float, whose error is that of
 * e itself, and the 16 lanes are summed in double.
 * The end is filled with -infinity: e is 0 there.
 */
#ifndef MATH_SIMD_SOFTMAX_H
#define MATH_SIMD_SOFTMAX_H

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elementary_body.h"
#include "simd_exp.h"
#include "simd_lanes.h"
#include "softmax.h"

/* Chains of the maximum: enough to hide its latency. */
#define TOP_CHAINS 4

/*
 * The largest logit; NaN if one is NaN or infinity.  A maximum forgets NaN,
 * so a chain of its own is 0 until it meets one.
 */
static inline float
simd_softmax_top(const float *logits, size_t V)
{
    struct lanes top[TOP_CHAINS], sound[TOP_CHAINS];
    const struct lanes least = lanes_set(-INFINITY);
    const struct lanes most = lanes_set(FLT_MAX), zero = lanes_set(0.0f);
    const struct lanes bad = lanes_set(NAN);
    size_t i;

    for (size_t c = 0; c < TOP_CHAINS; c++) {
        top[c] = least;
        sound[c] = zero;
    }
    for (i = 0; i + TOP_CHAINS * LANES <= V; i += TOP_CHAINS * LANES) {
        SIMD_UNROLL(4)
        for (size_t c = 0; c < TOP_CHAINS; c++) {
            struct lanes x = lanes_load(logits + i + c * LANES);

            top[c] = lanes_max(top[c], x);
            sound[c] = lanes_choose(most, x, sound[c], bad);
        }
    }
    for (; i < V; i += LANES) {
        size_t n = V - i < LANES ? V - i : LANES;
        struct lanes x = lanes_load_some(logits + i, n, least);

        top[0] = lanes_max(top[0], x);
        sound[0] = lanes_choose(most, x, sound[0], bad);
    }
    for (size_t c = 1; c < TOP_CHAINS; c++) {
        top[0] = lanes_max(top[0], top[c]);
        sound[0] = lanes_add(sound[0], sound[c]);
    }
    return lanes_top(top[0]) + lanes_sum(sound[0]);
}

#define SOFTMAX_UNIT (1.0 / (double)(UINT64_C(1) << SOFTMAX_BITS))

/* What is added before it enters the sums of doubles: four vectors. */
#define GROUP (4 * LANES)

/*
 * Values of e kept in memory at a time: conversions to wider numbers are
 * cheaper from there.  More would leave the first cache.
 */
#define CHUNK 1024

/*
 * Logits fetched ahead: where the maximum is known from parts, nothing else
 * brings a long row close.  Without it softmax and output layer of 49,152
 * symbols take 2.5 % longer.
 */
#define AHEAD 512

/* 2^SOFTMAX_BITS e of n <= CHUNK logits, and 0 up to the end of the group. */
static inline void
softmax_exp(float *e, const float *logits, size_t n, struct lanes max)
{
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        __builtin_prefetch(logits + i + AHEAD);
        lanes_store(e + i,
            exp_shifted(lanes_sub(lanes_load(logits + i), max), SOFTMAX_BITS));
    }
    for (; i % GROUP != 0 || i < n; i += LANES) {
        const struct lanes least = lanes_set(-INFINITY);
        struct lanes x = least;

        if (i < n) {
            x = lanes_load_some(logits + i, n - i, least);
        }
        lanes_store(e + i, exp_shifted(lanes_sub(x, max), SOFTMAX_BITS));
    }
}

/* Frequency of symbol number n of a group, and of those before it. */
static inline void
softmax_place(struct softmax_symbol *out, const float *e, size_t n)
{
    struct counts before = counts_zero();
    uint64_t last[LANES];
    size_t i;

    for (i = 0; i + LANES <= n; i += LANES) {
        before = counts_add(before, e + i);
    }
    counts_store(last, counts_add(counts_zero(), e + i));
    out->cumulative = counts_sum(before);
    for (size_t j = 0; i + j < n; j++) {
        out->cumulative += last[j];
    }
    out->frequency = last[n - i] + 1;
}

static inline bool
simd_softmax_code(struct softmax_symbol *out, const float *logits, size_t V,
    size_t symbol, float top)
{
    const struct lanes max = lanes_set(top);
    const size_t own = symbol / GROUP * GROUP;
    struct counts whole = counts_zero();
    struct wide exact = wide_zero();
    float e[CHUNK];

    assert(symbol < V);
    if (!(top > -INFINITY)) {
        return false;
    }
    for (size_t first = 0; first < V; first += CHUNK) {
        const size_t n = V - first < CHUNK ? V - first : CHUNK;

        softmax_exp(e, logits + first, n, max);
        for (size_t i = 0; i < n; i += GROUP) {
            const float *x = e + i;

            if (first + i == own) {
                softmax_place(out, x, symbol - own);
                out->cumulative += counts_sum(whole) + symbol;
            }
            whole = counts_add(whole, x);
            whole = counts_add(whole, x + LANES);
            whole = counts_add(whole, x + 2 * LANES);
            whole = counts_add(whole, x + 3 * LANES);
            exact = wide_add(exact,
                lanes_add(lanes_add(lanes_load(x), lanes_load(x + LANES)),
                    lanes_add(
                        lanes_load(x + 2 * LANES), lanes_load(x + 3 * LANES))));
        }
    }
    out->total = counts_sum(whole) + V;
    out->bits = log2_body(wide_sum(exact) * SOFTMAX_UNIT) -
                ((double)logits[symbol] - (double)top) * LOG2E;
    return true;
}

static inline uint64_t
simd_softmax_frequencies(uint64_t *frequency, const float *logits, size_t V)
{
    const float top = simd_softmax_top(logits, V);
    const struct lanes max = lanes_set(top);
    struct counts sum = counts_zero();
    float e[CHUNK];
    uint64_t group[LANES];

    if (!(top > -INFINITY)) {
        return 0;
    }
    for (size_t i = 0; i < V; i += LANES) {
        const size_t n = V - i < LANES ? V - i : LANES;

        if (i % CHUNK == 0) {
            softmax_exp(e, logits + i, V - i < CHUNK ? V - i : CHUNK, max);
        }
        counts_store(group, counts_add(counts_zero(), e + i % CHUNK));
        sum = counts_add(sum, e + i % CHUNK);
        for (size_t j = 0; j < n; j++) {
            frequency[i + j] = group[j] + 1;
        }
    }
    return counts_sum(sum) + V;
}

#endif /* MATH_SIMD_SOFTMAX_H */
