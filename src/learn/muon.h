/*
 * muon.h - the nearest semi-orthogonal matrix, about.
 *
 * Muon (Jordan et al., 2024) replaces the update of a matrix by one whose
 * singular values all lie near 1: five Newton-Schulz steps
 * X <- a X + (b A + c A A) X, A = X X^T, on X / |X|, with constants that
 * raise small singular values as fast as possible and leave all but the
 * smallest between 0.68 and 1.14.
 */
#ifndef LEARN_MUON_H
#define LEARN_MUON_H

#include <stddef.h>

struct kernels;
struct muon;

/* Scratch for matrices of one shape.  Owner: muon_free(). */
struct muon *muon_new(
    const struct kernels *kernels, size_t rows, size_t columns);
void muon_free(struct muon *muon);

/* Replace x (rows, columns).  A matrix of zeros stays one. */
void muon_orthogonalize(struct muon *muon, float *x);

#endif /* LEARN_MUON_H */
