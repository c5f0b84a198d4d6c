/*
 * gemm_block.h - a rectangular part of a matrix product, by one thread.
 */
#ifndef MATH_GEMM_BLOCK_H
#define MATH_GEMM_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct gemm_kernel;

/* out (M, N) = in (M, K) times the transpose of weights (N, K), as packed. */
struct gemm_block {
    float *out;
    size_t out_stride;
    const float *in;
    size_t in_stride;
    const float *weights; /* panels (gemm_kernel.h); BLAS: rows */
    size_t M, N, K;
    bool is_continued; /* exact: chains go on from out, not from 0 */
    bool is_streamed;  /* exact: a part of weights that do not stay in L2 */
};

void gemm_exact(const struct gemm_kernel *kernel, const struct gemm_block *b);
void gemm_blas(const struct gemm_block *b);

#endif /* MATH_GEMM_BLOCK_H */
