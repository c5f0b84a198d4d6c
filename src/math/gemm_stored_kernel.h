/*
 * gemm_stored_kernel.h - what an instruction set provides for stored weights.
 *
 * A panel holds GEMM_PANEL rows of the weights in order of k, as the panels
 * of floats do (gemm_kernel.h).  16-bit types: [k][32].  The others in blocks
 * of STORED_BLOCK k, each with its scales first, 16-bit floats:
 *
 *     Q8_0  d[32]        q[k][32] signed
 *     Q4_0  d[32]        q[k][16]: columns j (low four bits) and j + 16
 *     Q4_1  d[32] m[32]  the same
 */
#ifndef MATH_GEMM_STORED_KERNEL_H
#define MATH_GEMM_STORED_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "gemm.h"
#include "gemm_kernel.h"
#include "gemm_stored.h"

/* Most rows that are computed while widening in registers. */
#define STORED_ROWS_MAX 4

/* panel: first of n_k k, whole blocks but for 16-bit types. */
typedef void stored_widen_function(
    float *out, const uint8_t *panel, size_t n_k);

/*
 * The chains of some rows and one panel over n_k k, from 0: sums
 * (rows, GEMM_PANEL), aligned; in (rows, n_k), in_stride apart.
 */
typedef void stored_rows_function(float *sums, const float *in,
    size_t in_stride, const uint8_t *panel, size_t n_k);

struct stored_kernel {
    struct {
        stored_widen_function *widen;
        /* By their number; NULL where registers are too few. */
        stored_rows_function *rows[STORED_ROWS_MAX + 1];
    } formats[GEMM_FORMATS]; /* none for GEMM_F32 */
};

extern const struct stored_kernel stored_avx512;
extern const struct stored_kernel stored_avx2;
extern const struct stored_kernel stored_neon;
extern const struct stored_kernel stored_portable;

#endif /* MATH_GEMM_STORED_KERNEL_H */
