/*
 * kernels_table.h - what a struct kernels is; for the files of math/ only.
 *
 * Each instruction set brings tables of functions, for matrix products of
 * floats and of stored types and for everything else, from files compiled for
 * it.
 */
#ifndef MATH_KERNELS_TABLE_H
#define MATH_KERNELS_TABLE_H

#include "kernels.h"

struct gemm_kernel;   /* gemm_kernel.h */
struct simd_kernel;   /* simd.h */
struct stored_kernel; /* gemm_stored_kernel.h */

struct kernels {
    const char *name; /* of the instruction set */
    enum math_mode mode;
    const struct gemm_kernel *gemm; /* NULL in MATH_BLAS */
    const struct stored_kernel *stored;
    const struct simd_kernel *simd; /* the same in all modes */
};

#endif /* MATH_KERNELS_TABLE_H */
