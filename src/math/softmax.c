/*
 * softmax.c
 *
 * Hands the work to the kernels of the instruction set; the definition is in
 * simd_softmax.h.
 */
#include "softmax.h"

#include <math.h>

#include "kernels_table.h"
#include "simd.h"

bool
softmax_code(const struct kernels *k, struct softmax_symbol *out,
    const float *logits, size_t V, size_t symbol)
{
    return softmax_code_below(
        k, out, logits, V, symbol, softmax_top(k, logits, V));
}

float
softmax_top(const struct kernels *k, const float *logits, size_t n)
{
    return k->simd->softmax_top(logits, n);
}

float
softmax_join(float a, float b)
{
    /* A maximum that does not forget NaN. */
    return a > b || isnan(a) ? a : b;
}

bool
softmax_code_below(const struct kernels *k, struct softmax_symbol *out,
    const float *logits, size_t V, size_t symbol, float top)
{
    return k->simd->softmax_code(out, logits, V, symbol, top);
}

uint64_t
softmax_frequencies(
    const struct kernels *k, uint64_t *frequency, const float *logits, size_t V)
{
    return k->simd->softmax_frequencies(frequency, logits, V);
}
