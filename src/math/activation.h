/*
 * activation.h - what a Transformer applies to each number: activation
 * functions of the MLP, and soft caps.
 *
 * Errors are a few units in the last place; NaN and infinities give NaN or
 * what the formula gives, never a number that hides them.  The same bits with
 * every instruction set.
 */
#ifndef MATH_ACTIVATION_H
#define MATH_ACTIVATION_H

#include <stddef.h>

struct kernels;

enum activation {
    ACTIVATION_SILU,      /* x / (1 + e^-x) */
    ACTIVATION_GELU,      /* x Phi(x), Phi the normal distribution */
    ACTIVATION_GELU_TANH, /* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
};

#define N_ACTIVATIONS 3

/* "silu", "gelu", "gelu (tanh)" */
const char *activation_name(enum activation activation);

/* x = f(x), n numbers. */
void activation_apply(
    const struct kernels *k, enum activation activation, float *x, size_t n);

/* gate = f(gate) * up, n numbers. */
void activation_gate(const struct kernels *k, enum activation activation,
    float *gate, const float *up, size_t n);

/* x = cap * tanh(x / cap), n numbers; cap > 0. */
void activation_cap(const struct kernels *k, float *x, float cap, size_t n);

#endif /* MATH_ACTIVATION_H */
