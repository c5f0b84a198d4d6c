/*
 * softmax.h - logits to probabilities: exact integers and ideal bits.
 *
 * The one place where probabilities become integers (contract C1):
 * frequency[i] = 1 + floor(2^SOFTMAX_BITS * exp(l[i] - max)), the total is
 * their sum.
 */
#ifndef MATH_SOFTMAX_H
#define MATH_SOFTMAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels;

/*
 * Raising it makes the +1 of every symbol cheaper; with 2^18 symbols totals
 * stay below 2^55, which the range coder takes without loss.
 */
#define SOFTMAX_BITS 36

/* What coding one symbol needs. */
struct softmax_symbol {
    uint64_t cumulative; /* sum of the frequencies of smaller symbols */
    uint64_t frequency;
    uint64_t total;
    double bits; /* -log2 of the softmax itself, before the integers */
};

/*
 * The largest of n logits, NaN if one of them is NaN or infinity; of none
 * -infinity.  softmax_join() makes that of two parts that of both, in any
 * order.
 */
float softmax_top(const struct kernels *k, const float *logits, size_t n);
float softmax_join(float a, float b);

/*
 * False, and *out is not set, if a logit is NaN or infinity or all are
 * -infinity.
 *
 * Requires: symbol < V.
 */
bool softmax_code(const struct kernels *k, struct softmax_symbol *out,
    const float *logits, size_t V, size_t symbol);

/* The same if their softmax_top() is known. */
bool softmax_code_below(const struct kernels *k, struct softmax_symbol *out,
    const float *logits, size_t V, size_t symbol, float top);

/* All frequencies (V) and their total; 0 if the logits are not sound. */
uint64_t softmax_frequencies(const struct kernels *k, uint64_t *frequency,
    const float *logits, size_t V);

#endif /* MATH_SOFTMAX_H */
