/*
 * kernels_table.h - what a struct kernels is; for the files of math/ only.
 *
 * Each instruction set brings tables of functions, for matrix products of
 * floats and of stored types and for everything else, from files compiled for
 * it.
 */
#ifndef MATH_KERNELS_TABLE_H
#define MATH_KERNELS_TABLE_H

#include <stddef.h>

#include "kernels.h"

struct gemm_kernel;   /* gemm_kernel.h */
struct int8_kernel;   /* int8_kernel.h */
struct simd_kernel;   /* simd.h */
struct stored_kernel; /* gemm_stored_kernel.h */

struct kernels {
    const char *name; /* of the instruction set */
    enum math_mode mode;
    const struct gemm_kernel *gemm;     /* MATH_EXACT, else NULL */
    const struct stored_kernel *stored; /* MATH_EXACT, else NULL */
    const struct int8_kernel *int8;     /* MATH_INT8, else NULL */
    const struct simd_kernel *simd;     /* the same in all modes */
};

/*
 * All kernels of a mode that this processor has, for tests: *i is 0 at first.
 * Returns NULL after the last one.
 */
const struct kernels *kernels_next(enum math_mode mode, size_t *i);

#endif /* MATH_KERNELS_TABLE_H */
