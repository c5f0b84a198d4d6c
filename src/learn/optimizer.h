/*
 * optimizer.h - from gradients to the next parameters: AdamW, or Muon for
 * the matrices of layers and AdamW for the rest.
 *
 * AdamW (Loshchilov and Hutter, ICLR 2019): means of gradient and squared
 * gradient, both corrected for their start at zero.  Muon: Nesterov momentum,
 * made orthogonal (muon.h), times sqrt(max(1, outputs / inputs)).  Weight
 * decay is apart from the gradient and spares gains and biases.
 *
 * The result is the same bits for any number of threads.
 */
#ifndef LEARN_OPTIMIZER_H
#define LEARN_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels;
struct net_parameter;
struct optimizer;

struct optimizer_settings {
    bool has_muon;
    double rate, beta1, beta2, epsilon, decay;   /* AdamW */
    double muon_rate, muon_momentum, muon_decay; /* Muon */
};

/* Averages that an optimizer keeps for each parameter. */
#define OPTIMIZER_MOMENTS 2

/*
 * For a flat vector of size numbers, described by a table, which is kept.
 * Owner: optimizer_free().
 */
struct optimizer *optimizer_new(const struct optimizer_settings *settings,
    const struct net_parameter *table, size_t n_table,
    const struct kernels *kernels, int n_threads);
void optimizer_free(struct optimizer *optimizer);

/*
 * Flat vectors that, with the number of steps done, are all that it
 * remembers: for a checkpoint.
 */
float *optimizer_moment(struct optimizer *optimizer, int i);

/*
 * A step has two parts.  The first turns the gradients of matrices that are
 * for Muon into orthogonal directions, which takes time and can be shared:
 * part does its matrices of n_parts' and clears those of others, so that the
 * sum over the parts, in the ranges [*first, *first + *n), i from 0 until
 * optimizer_range() is false, is what one part would have made.  n_before:
 * steps done before.  The second moves the parameters; factor: of the
 * schedule, on both rates.
 */
void optimizer_direct(
    struct optimizer *optimizer, float *gradients, int part, int n_parts);
bool optimizer_range(
    const struct optimizer *optimizer, size_t *first, size_t *n, size_t i);
void optimizer_step(struct optimizer *optimizer, float *parameters,
    const float *gradients, double factor, uint64_t n_before);

/* Euclidean norm of a flat vector. */
double optimizer_norm(struct optimizer *optimizer, const float *x);

/* x = factor x. */
void optimizer_scale(const struct optimizer *optimizer, float *x, float factor);

/* average = share average + (1 - share) x. */
void optimizer_average(const struct optimizer *optimizer, float *average,
    const float *x, float share);

#endif /* LEARN_OPTIMIZER_H */
