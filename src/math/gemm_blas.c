/*
 * gemm_blas.c
 *
 * The only file that knows OpenBLAS, in its build without threads.
 */
#include "gemm_block.h"
#include "math/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>

void
gemm_blas(const struct gemm_block *b)
{
    assert(b->M <= INT_MAX && b->N <= INT_MAX && b->K <= INT_MAX);
    assert(b->out_stride <= INT_MAX && b->in_stride <= INT_MAX);

    if (b->M == 1) {
        /* The same product, several times faster than sgemm with M = 1. */
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)b->N, (int)b->K, 1.0f,
            b->weights, (int)b->K, b->in, 1, 0.0f, b->out, 1);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)b->M, (int)b->N,
        (int)b->K, 1.0f, b->in, (int)b->in_stride, b->weights, (int)b->K, 0.0f,
        b->out, (int)b->out_stride);
}

const char *
gemm_blas_library(void)
{
    return openblas_get_config();
}
