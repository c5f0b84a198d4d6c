/*
 * vector.c
 *
 * Hands the work to the kernels of the instruction set.  A sum over a row
 * has 16 partial sums, x[i] in sum i % 16, added by the tree
 *     ((0+8)+(4+12)) + ((2+10)+(6+14)) + ((1+9)+(5+13)) + ((3+11)+(7+15))
 * where the first four and the last four pairs are added before the two.
 */
#include "vector.h"

#include <assert.h>

#include "kernels_table.h"
#include "simd.h"

void
vector_rms_norm(const struct kernels *k, float *out, const float *in,
    const float *gain, float epsilon, size_t T, size_t C)
{
    k->simd->rms_norm(out, in, gain, epsilon, T, C);
}

void
vector_layer_norm(const struct kernels *k, float *out, const float *in,
    const float *gain, const float *bias, float epsilon, size_t T, size_t C)
{
    k->simd->layer_norm(out, in, gain, bias, epsilon, T, C);
}

void
vector_add(const struct kernels *k, float *out, const float *in, size_t n)
{
    k->simd->add(out, in, n);
}

void
vector_add_bias(
    const struct kernels *k, float *rows, const float *bias, size_t T, size_t C)
{
    k->simd->add_bias(rows, bias, T, C);
}

void
vector_swiglu(const struct kernels *k, float *gate, const float *up, size_t n)
{
    k->simd->swiglu(gate, up, n);
}

void
vector_rotate(const struct kernels *k, float *rows, const float *cosine,
    const float *sine, size_t first, size_t T, size_t n_heads, size_t D,
    size_t n_rotary)
{
    const size_t n_pairs = n_rotary / 2;

    assert(n_rotary <= D && n_rotary % 2 == 0);
    for (size_t t = 0; t < T; t++) {
        const float *c = cosine + (first + t) * n_pairs;
        const float *s = sine + (first + t) * n_pairs;

        for (size_t h = 0; h < n_heads; h++) {
            k->simd->rotate(rows + (t * n_heads + h) * D, c, s, n_pairs);
        }
    }
}
