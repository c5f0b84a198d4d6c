/*
 * gemm_blas_none.c
 *
 * In place of gemm_blas.c where there is no OpenBLAS; kernels_find() refuses
 * blas mode, so that nothing gets here.
 */
#include "gemm_block.h"
#include "math/gemm.h"

#include <assert.h>
#include <stddef.h>

void
gemm_blas(const struct gemm_block *b)
{
    (void)b;
    assert(!"blas mode without OpenBLAS");
}

const char *
gemm_blas_library(void)
{
    return NULL;
}
