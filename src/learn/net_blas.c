/*
 * net_blas.c
 *
 * Gradients of matrices by OpenBLAS, in its build without threads.
 */
#include <assert.h>
#include <cblas.h>
#include <limits.h>

#include "learn/net_parts.h"

void
net_blas_outer(const struct net_outer *o)
{
    assert(o->M <= INT_MAX && o->N <= INT_MAX && o->T <= INT_MAX);
    assert(o->a_stride <= INT_MAX && o->b_stride <= INT_MAX);

    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)o->M, (int)o->N,
        (int)o->T, 1.0f, o->a, (int)o->a_stride, o->b, (int)o->b_stride, 1.0f,
        o->out, (int)o->out_stride);
}
