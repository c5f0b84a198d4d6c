/*
 * quant.h - numbers stored in blocks with shared scales (GGUF), to float.
 *
 * A number is scale * q or scale * q + offset.  q has at most 8 bits and the
 * 16-bit scales at most 19 significant bits, with the 6- or 8-bit sub-scale
 * already in them, so every product but the last of Q6_K is exact in float
 * and each result is rounded at most once: the same bits with and without
 * fused multiply-add.
 *
 * Private to this folder; callers use tensor_widen().
 */
#ifndef FORMAT_QUANT_H
#define FORMAT_QUANT_H

#include <stddef.h>
#include <stdint.h>

/* Widen n_blocks blocks of 32 numbers. */
void quant_widen_q4_0(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q4_1(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q5_0(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q5_1(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q8_0(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_iq4_nl(float *out, const uint8_t *blocks, size_t n_blocks);

/* Widen n_blocks blocks of 256 numbers. */
void quant_widen_q2_k(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q3_k(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q4_k(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q5_k(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_q6_k(float *out, const uint8_t *blocks, size_t n_blocks);
void quant_widen_iq4_xs(float *out, const uint8_t *blocks, size_t n_blocks);

#endif /* FORMAT_QUANT_H */
