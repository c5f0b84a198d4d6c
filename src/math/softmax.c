/*
 * softmax.c
 *
 * Hands the work to the kernels of the instruction set; the definition is in
 * simd_softmax.h.
 */
#include "softmax.h"

#include "kernels_table.h"
#include "simd.h"

bool
softmax_code(const struct kernels *k, struct softmax_symbol *out,
    const float *logits, size_t V, size_t symbol)
{
    return k->simd->softmax_code(out, logits, V, symbol);
}

uint64_t
softmax_frequencies(
    const struct kernels *k, uint64_t *frequency, const float *logits, size_t V)
{
    return k->simd->softmax_frequencies(frequency, logits, V);
}
