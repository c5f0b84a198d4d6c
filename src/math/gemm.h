/*
 * gemm.h - matrix products with packed weights.
 *
 * out[m][n] = sum over k of in[m][k] * weight[n][k].  In exact mode that is
 * one chain acc = fma(in[m][k], weight[n][k], acc) from acc = 0, k = 0 up,
 * for any M, any split into calls and any number of threads.
 */
#ifndef MATH_GEMM_H
#define MATH_GEMM_H

#include <stddef.h>

struct kernels;
struct gemm_weights;

/* Packing in parts begins at multiples of this many rows. */
#define GEMM_ROWS_STEP 32

/*
 * How weights lie in memory: as floats, or in blocks as files store them
 * (format/quant.h), widened inside the product.  No bit depends on it.
 */
enum gemm_format {
    GEMM_F32,
    GEMM_BF16,
    GEMM_F16,
    GEMM_Q8_0,
    GEMM_Q4_0,
    GEMM_Q4_1,
    GEMM_FORMATS,
    GEMM_INT8 = GEMM_FORMATS, /* int8 mode: quantised when packed */
};

/* Weights of shape (N, K), all zero.  Owner: gemm_weights_free(). */
struct gemm_weights *gemm_weights_new(
    const struct kernels *kernels, size_t N, size_t K);
void gemm_weights_free(struct gemm_weights *weights);

/*
 * The same without memory for the weights, which then lie in memory of the
 * caller: gemm_weights_bytes() of zeros, aligned to MEM_ALIGN, kept.  Nothing
 * in it depends on its address: several processes may share it.
 */
struct gemm_weights *gemm_weights_plan(
    const struct kernels *kernels, size_t N, size_t K);
void gemm_weights_place(struct gemm_weights *weights, void *memory);

/*
 * The same for weights in another format.
 *
 * Requires: exact mode; K is a multiple of 32 for the formats with blocks.
 */
struct gemm_weights *gemm_weights_plan_stored(
    const struct kernels *kernels, enum gemm_format format, size_t N, size_t K);

enum gemm_format gemm_weights_format(const struct gemm_weights *weights);
size_t gemm_weights_rows(const struct gemm_weights *weights);
size_t gemm_weights_columns(const struct gemm_weights *weights);
size_t gemm_weights_bytes(const struct gemm_weights *weights);

/*
 * Pack rows [first, first + n_rows) from rows (n_rows, K).
 *
 * Requires: first is a multiple of GEMM_ROWS_STEP, and so is n_rows unless
 * the range ends at N.
 * Threads: disjoint ranges may be packed at the same time.
 */
void gemm_pack(struct gemm_weights *weights, const float *rows, size_t first,
    size_t n_rows);

/* The same for rows as the file has them, one after the other. */
void gemm_pack_stored(struct gemm_weights *weights, const void *rows,
    size_t first, size_t n_rows);

/*
 * Read row n back (K floats): for embeddings tied to the output layer.  In
 * int8 mode it is what quantising has left of it.
 */
void gemm_unpack_row(float *out, const struct gemm_weights *weights, size_t n);

/*
 * out (M, N), rows out_stride apart; in (M, K), rows in_stride apart.
 * n_threads > 1 opens an OpenMP team over parts of N and M.
 */
void gemm(float *out, size_t out_stride, const float *in, size_t in_stride,
    const struct gemm_weights *weights, size_t M, int n_threads);

/*
 * The same, and what is then done with a rectangle of the output while it is
 * in the cache: rows [row, row + n_rows), columns [column, column + n).  Each
 * number of the output is in one of them; they come in any order.
 *
 * Threads: work may be called by several at once.
 */
struct gemm_then {
    void (*work)(
        void *context, size_t row, size_t n_rows, size_t column, size_t n);
    void *context;
};
void gemm_then(float *out, size_t out_stride, const float *in, size_t in_stride,
    const struct gemm_weights *weights, size_t M, int n_threads,
    const struct gemm_then *then);

/* "OpenBLAS 0.3.21 ...": what blas mode calls.  NULL: built without it. */
const char *gemm_blas_library(void);

#endif /* MATH_GEMM_H */
