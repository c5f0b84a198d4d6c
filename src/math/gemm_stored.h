/*
 * gemm_stored.h - weights that stay in the type in which files store them;
 * for the files of math/ only.
 *
 * They are widened inside the product, each number to the float that
 * widening the file would give, so no bit of a result depends on it.  What it
 * saves is memory and, where few rows are computed, the time to read it.
 */
#ifndef MATH_GEMM_STORED_H
#define MATH_GEMM_STORED_H

#include <stddef.h>
#include <stdint.h>

#include "gemm.h"

struct gemm_block;
struct kernels;

/* Numbers that share a scale: a range of k begins at a multiple of this. */
#define STORED_BLOCK 32

/* Bytes of K weights of a row, in the file and in the panel. */
size_t stored_row_bytes(enum gemm_format format, size_t K);

/* Pack up to GEMM_PANEL rows, as the file has them, into a panel of zeros. */
void stored_pack_panel(uint8_t *panel, const uint8_t *rows,
    enum gemm_format format, size_t n_rows, size_t K);

/* Row n of a panel as floats. */
void stored_unpack_row(float *out, const uint8_t *panel,
    enum gemm_format format, size_t n, size_t K);

/* block with panels in place of block->weights, which is not used. */
void gemm_stored(const struct kernels *kernels, const struct gemm_block *block,
    const uint8_t *panels, enum gemm_format format);

#endif /* MATH_GEMM_STORED_H */
