/*
 * simd_softmax.h - the kernels of softmax.h over 16 lanes.
 *
 * Two passes: the maximum; e = exp(l - max), whose integers and whose values
 * are summed at once.  Integer sums have no order.  The sum of e is that of
 * groups of 64: lane i has (e[i] + e[16+i]) + (e[32+i] + e[48+i]) in float,
 * whose error is that of e itself, and the 16 lanes are summed in double.
 * The end is filled with -infinity: e is 0 there.
 */
#ifndef MATH_SIMD_SOFTMAX_H
#define MATH_SIMD_SOFTMAX_H

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "elementary_body.h"
#include "simd_exp.h"
#include "simd_lanes.h"
#include "softmax.h"

/* Chains of the maximum: enough to hide its latency. */
#define TOP_CHAINS 4

static inline float
softmax_top(const float *logits, size_t V)
{
    struct lanes top[TOP_CHAINS];
    const struct lanes least = lanes_set(-INFINITY);
    size_t i;

    for (size_t c = 0; c < TOP_CHAINS; c++) {
        top[c] = least;
    }
    for (i = 0; i + TOP_CHAINS * LANES <= V; i += TOP_CHAINS * LANES) {
        SIMD_UNROLL(4)
        for (size_t c = 0; c < TOP_CHAINS; c++) {
            top[c] = lanes_max(top[c], lanes_load(logits + i + c * LANES));
        }
    }
    for (; i < V; i += LANES) {
        size_t n = V - i < LANES ? V - i : LANES;

        top[0] = lanes_max(top[0], lanes_load_some(logits + i, n, least));
    }
    return lanes_top(
        lanes_max(lanes_max(top[0], top[1]), lanes_max(top[2], top[3])));
}

/* What is added before it enters the sums of doubles: four vectors. */
#define GROUP_VECTORS 4
#define GROUP         (GROUP_VECTORS * LANES)

/* e of n <= GROUP logits, the rest of the group 0. */
SIMD_INLINE void
softmax_group(struct lanes *e, const float *logits, size_t n, struct lanes max)
{
    SIMD_UNROLL(4)
    for (size_t v = 0; v < GROUP_VECTORS; v++) {
        const size_t at = v * LANES;
        const struct lanes least = lanes_set(-INFINITY);
        struct lanes x = least;

        if (n >= at + LANES) {
            x = lanes_load(logits + at);
        } else if (n > at) {
            x = lanes_load_some(logits + at, n - at, least);
        }
        e[v] = exp_bounded(lanes_sub(x, max));
    }
}

struct softmax_sums {
    struct counts whole; /* of floor(2^SOFTMAX_BITS e) */
    struct wide exact;   /* of e */
};

SIMD_INLINE void
softmax_add(struct softmax_sums *sums, const struct lanes *e)
{
    SIMD_UNROLL(4)
    for (size_t v = 0; v < GROUP_VECTORS; v++) {
        sums->whole = counts_add(sums->whole, e[v]);
    }
    sums->exact = wide_add(
        sums->exact, lanes_add(lanes_add(e[0], e[1]), lanes_add(e[2], e[3])));
}

static inline void
simd_softmax_code(
    struct softmax_symbol *out, const float *logits, size_t V, size_t symbol)
{
    const float top = softmax_top(logits, V);
    const struct lanes max = lanes_set(top);
    const size_t own = symbol / GROUP * GROUP;
    struct softmax_sums sums = {counts_zero(), wide_zero()};
    struct counts before = counts_zero();
    struct lanes e[GROUP_VECTORS], own_e[GROUP_VECTORS];
    uint64_t of_vector[LANES];
    size_t i;

    assert(symbol < V);
    for (i = 0; i + GROUP <= V; i += GROUP) {
        softmax_group(e, logits + i, GROUP, max);
        if (i == own) {
            before = sums.whole;
        }
        softmax_add(&sums, e);
    }
    if (i < V) {
        softmax_group(e, logits + i, V - i, max);
        if (i == own) {
            before = sums.whole;
        }
        softmax_add(&sums, e);
    }
    softmax_group(own_e, logits + own, V - own < GROUP ? V - own : GROUP, max);
    for (i = own; i + LANES <= symbol; i += LANES) {
        before = counts_add(before, own_e[(i - own) / LANES]);
    }
    counts_store(
        of_vector, counts_add(counts_zero(), own_e[(i - own) / LANES]));
    out->cumulative = counts_sum(before) + symbol;
    for (size_t j = 0; j < symbol - i; j++) {
        out->cumulative += of_vector[j];
    }
    out->frequency = of_vector[symbol - i] + 1;
    out->total = counts_sum(sums.whole) + V;
    out->bits = log2_body(wide_sum(sums.exact)) -
                ((double)logits[symbol] - (double)top) * LOG2E;
}

static inline uint64_t
simd_softmax_frequencies(uint64_t *frequency, const float *logits, size_t V)
{
    const struct lanes max = lanes_set(softmax_top(logits, V));
    struct counts sum = counts_zero();
    uint64_t group[LANES];

    for (size_t i = 0; i < V; i += LANES) {
        size_t n = V - i < LANES ? V - i : LANES;
        struct lanes e = lanes_load_some(logits + i, n, lanes_set(-INFINITY));

        e = exp_bounded(lanes_sub(e, max));
        counts_store(group, counts_add(counts_zero(), e));
        sum = counts_add(sum, e);
        for (size_t j = 0; j < n; j++) {
            frequency[i + j] = group[j] + 1;
        }
    }
    return counts_sum(sum) + V;
}

#endif /* MATH_SIMD_SOFTMAX_H */
