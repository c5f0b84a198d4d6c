/*
 * int8.h - matrix products of 8-bit integers; for the files of math/ only.
 *
 * Weights are integers of -127 to 127 with a scale per row, inputs the same
 * with a scale per row and INT8_BLOCK k.  Sums over a block are exact in 32
 * bits; README.md gives the order of the rest.  So the bits are the same for
 * all kernels, rows and threads, as in exact mode.
 */
#ifndef MATH_INT8_H
#define MATH_INT8_H

#include <stddef.h>
#include <stdint.h>

struct gemm_block;
struct kernels;

/* Bytes of K weights of a row as packed, its scale included. */
size_t int8_row_bytes(size_t K);

/* Quantise and pack up to GEMM_PANEL rows (n_rows, K) into a panel. */
void int8_pack_panel(const struct kernels *kernels, uint8_t *panel,
    const float *rows, size_t n_rows, size_t K);

/* Row n of a panel as floats: what is left of it. */
void int8_unpack_row(const struct kernels *kernels, float *out,
    const uint8_t *panel, size_t n, size_t K);

/* block with panels in place of block->weights, which is not used. */
void gemm_int8(const struct kernels *kernels, const struct gemm_block *block,
    const uint8_t *panels);

#endif /* MATH_INT8_H */
