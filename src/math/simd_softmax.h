/*
 * simd_softmax.h - the kernels of softmax.h over 16 lanes.
 *
 * Two passes: the maximum; e = exp(l - max), whose integers and whose doubles
 * are summed at once.  Integer sums have no order.  Index i belongs to
 * partial sum i % 16 of the doubles.  The end is filled with -infinity: e is
 * 0 there.
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

struct softmax_sums {
    struct counts whole; /* of floor(2^SOFTMAX_BITS e) */
    struct wide exact;   /* of e */
};

/* Adds the logits [first, end); first is a multiple of LANES. */
SIMD_INLINE struct softmax_sums
softmax_add(struct softmax_sums sums, const float *logits, struct lanes max,
    size_t first, size_t end)
{
    struct lanes e;
    size_t i;

    for (i = first; i + LANES <= end; i += LANES) {
        e = exp_bounded(lanes_sub(lanes_load(logits + i), max));
        sums.whole = counts_add(sums.whole, e);
        sums.exact = wide_add(sums.exact, e);
    }
    if (i < end) {
        e = lanes_load_some(logits + i, end - i, lanes_set(-INFINITY));
        e = exp_bounded(lanes_sub(e, max));
        sums.whole = counts_add(sums.whole, e);
        sums.exact = wide_add(sums.exact, e);
    }
    return sums;
}

static inline void
simd_softmax_code(
    struct softmax_symbol *out, const float *logits, size_t V, size_t symbol)
{
    const float top = softmax_top(logits, V);
    const struct lanes max = lanes_set(top);
    const size_t group = symbol / LANES * LANES;
    const size_t next = group + LANES < V ? group + LANES : V;
    struct softmax_sums sums = {counts_zero(), wide_zero()};
    struct counts before;
    uint64_t of_group[LANES];
    struct lanes e;

    assert(symbol < V);
    sums = softmax_add(sums, logits, max, 0, group);
    out->cumulative = counts_sum(sums.whole) + symbol;

    e = lanes_load_some(logits + group, next - group, lanes_set(-INFINITY));
    e = exp_bounded(lanes_sub(e, max));
    before = counts_add(counts_zero(), e);
    counts_store(of_group, before);
    for (size_t i = group; i < symbol; i++) {
        out->cumulative += of_group[i - group];
    }
    out->frequency = of_group[symbol - group] + 1;

    sums = softmax_add(sums, logits, max, group, V);
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
