/*
 * activation.c
 */
#include "activation.h"

#include "kernels_table.h"
#include "simd.h"

const char *
activation_name(enum activation activation)
{
    static const char *const names[N_ACTIVATIONS] = {
        [ACTIVATION_SILU] = "silu",
        [ACTIVATION_GELU] = "gelu",
        [ACTIVATION_GELU_TANH] = "gelu (tanh)",
    };

    return names[activation];
}

void
activation_apply(
    const struct kernels *k, enum activation activation, float *x, size_t n)
{
    k->simd->activate[activation](x, NULL, n);
}

void
activation_gate(const struct kernels *k, enum activation activation,
    float *gate, const float *up, size_t n)
{
    k->simd->activate[activation](gate, up, n);
}

void
activation_cap(const struct kernels *k, float *x, float cap, size_t n)
{
    k->simd->cap(x, cap, n);
}
