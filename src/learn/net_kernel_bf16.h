/*
 * net_kernel_bf16.h - matrix registers of AMX: factors rounded and put in
 * order, blocks of sums.
 *
 * A register holds 16 rows of 64 bytes: 16 x 16 floats, 16 rows of 32 numbers
 * of the left factor, or 16 pairs of numbers times 16 columns of the right
 * one.  Sums of 32 x 32 take four registers, factors the other four.
 */
#ifndef LEARN_NET_KERNEL_BF16_H
#define LEARN_NET_KERNEL_BF16_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIMD_AVX512
#include "learn/net_kernel_lanes.h"

/* Rows, columns and k of one register; bf16 numbers in it. */
#define SIDE     16
#define DEPTH    32
#define REGISTER (SIDE * DEPTH)

/* Rows and columns of a block of sums: two registers each. */
#define BLOCK 32

/* What ldtilecfg reads. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t column_bytes[16];
    uint8_t rows[16];
};

/*
 * All registers whole.  Constant: compilers do not know what the instruction
 * reads, and leave out what they take for unused stores.
 */
static inline void
configure(void)
{
    static const struct tile_config config = {
        .palette = 1,
        .column_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
        .rows = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE},
    };

    _tile_loadconfig(&config);
}

/* Nor what loads of registers read: stores before this are done. */
static inline void
settle(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t
round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

/* n floats, the rest 0; n may be 0. */
static inline __m512
load(const float *p, size_t n)
{
    return n >= SIDE ? _mm512_loadu_ps(p)
                     : _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

static inline void
store(float *p, __m512 x, size_t n)
{
    if (n >= SIDE) {
        _mm512_storeu_ps(p, x);
    } else {
        _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
    }
}

static inline size_t
left_of(size_t n, size_t first)
{
    return n > first ? n - first : 0;
}

/* 32 numbers: those of low first. */
static inline __m512i
rounded(__m512 low, __m512 high)
{
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* A row of n numbers of the left factor. */
static inline __m512i
row_of(const float *row, size_t n)
{
    return rounded(load(row, n), load(row + SIDE, left_of(n, SIDE)));
}

/* Rows become columns, pairs of bf16 staying together. */
SIMD_INLINE void
turn_registers(__m512i *x)
{
    struct lanes y[SIDE];

    SIMD_UNROLL(16)
    for (size_t i = 0; i < SIDE; i++) {
        y[i].v = _mm512_castsi512_ps(x[i]);
    }
    lanes_turn(y);
    SIMD_UNROLL(16)
    for (size_t i = 0; i < SIDE; i++) {
        x[i] = _mm512_castps_si512(y[i].v);
    }
}

/*
 * Registers one after the other: those of 16 rows of weights (N, K), k
 * rising: a right factor.
 */
static inline void
round_weights(
    uint16_t *packed, const float *rows, size_t stride, size_t N, size_t K)
{
    for (size_t n = 0; n < round_up(N, BLOCK); n += SIDE) {
        for (size_t k = 0; k < K; k += DEPTH) {
            __m512i x[SIDE];

            for (size_t i = 0; i < SIDE; i++) {
                x[i] = n + i < N ? row_of(rows + (n + i) * stride + k, K - k)
                                 : _mm512_setzero_si512();
            }
            turn_registers(x);
            for (size_t i = 0; i < SIDE; i++) {
                _mm512_store_si512(packed + i * DEPTH, x[i]);
            }
            packed += REGISTER;
        }
    }
}

/*
 * BLOCK rows of which n_rows exist, n columns (whole registers) of which
 * n_max exist: registers of a left factor.
 */
static inline void
round_rows(uint16_t *out, const float *in, size_t stride, size_t n_rows,
    size_t n, size_t n_max)
{
    if (n_rows == BLOCK && n <= n_max) {
        for (size_t r = 0; r < BLOCK; r++) {
            for (size_t k = 0; k < n; k += DEPTH) {
                _mm512_store_si512(out + k * BLOCK + r * DEPTH,
                    rounded(_mm512_loadu_ps(in + r * stride + k),
                        _mm512_loadu_ps(in + r * stride + k + SIDE)));
            }
        }
        return;
    }
    for (size_t r = 0; r < BLOCK; r++) {
        for (size_t k = 0; k < n; k += DEPTH) {
            _mm512_store_si512(out + k * BLOCK + r * DEPTH,
                r < n_rows ? row_of(in + r * stride + k, n_max - k)
                           : _mm512_setzero_si512());
        }
    }
}

/* Two rows of 16 columns become pairs. */
static inline __m512i
paired(__m512 low, __m512 high)
{
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9,
            24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);

    return _mm512_permutexvar_epi16(order, rounded(low, high));
}

/* The same of rows in memory, of which n_rows and n columns exist. */
static inline __m512i
pairs_of(const float *row, size_t stride, size_t n_rows, size_t n)
{
    __m512 low = n_rows > 0 ? load(row, n) : _mm512_setzero_ps();
    __m512 high = n_rows > 1 ? load(row + stride, n) : _mm512_setzero_ps();

    return paired(low, high);
}

/* A register: DEPTH rows of which n_rows exist, 16 columns of which n. */
SIMD_INLINE void
round_square(uint16_t *out, const float *in, size_t stride, size_t n_rows,
    size_t n, const bool is_turned, const bool is_whole)
{
    __m512i x[SIDE];

    SIMD_UNROLL(16)
    for (size_t i = 0; i < SIDE; i++) {
        const float *row = in + 2 * i * stride;

        x[i] = is_whole
                   ? paired(_mm512_loadu_ps(row), _mm512_loadu_ps(row + stride))
                   : pairs_of(row, stride, left_of(n_rows, 2 * i), n);
    }
    if (is_turned) {
        turn_registers(x);
    }
    SIMD_UNROLL(16)
    for (size_t i = 0; i < SIDE; i++) {
        _mm512_store_si512(out + i * DEPTH, x[i]);
    }
}

/*
 * Rows [0, n_rows) of columns [0, n): registers, those of 16 columns one
 * after the other, rows rising: a right factor; turned: as a left one.
 */
SIMD_INLINE void
round_columns(uint16_t *out, const float *in, size_t stride, size_t n_rows,
    size_t n, const bool is_turned)
{
    const size_t column = round_up(n_rows, DEPTH) * SIDE;

    for (size_t t = 0; t < n_rows; t += DEPTH) {
        for (size_t c = 0; c < round_up(n, BLOCK); c += SIDE) {
            uint16_t *to = out + c / SIDE * column + t * SIDE;
            const float *from = in + t * stride + c;

            if (t + DEPTH <= n_rows && c + SIDE <= n) {
                round_square(to, from, stride, DEPTH, SIDE, is_turned, true);
            } else {
                round_square(to, from, stride, n_rows - t, left_of(n, c),
                    is_turned, false);
            }
        }
    }
}

/*
 * Sums (32, 32) at out += left * right, n_steps registers deep; factors of
 * the second half lie left_half and right_half numbers after the first.
 */
static inline void
multiply_block(float *out, size_t out_stride, bool is_first,
    const uint16_t *left, size_t left_half, const uint16_t *right,
    size_t right_half, size_t n_steps, size_t left_step)
{
    const size_t bytes = out_stride * sizeof(float);
    float *lower = out + SIDE * out_stride;

    settle();
    if (is_first) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    } else {
        _tile_loadd(0, out, bytes);
        _tile_loadd(1, out + SIDE, bytes);
        _tile_loadd(2, lower, bytes);
        _tile_loadd(3, lower + SIDE, bytes);
    }
    for (size_t i = 0; i < n_steps; i++) {
        _tile_loadd(4, left, 64);
        _tile_loadd(6, right, 64);
        _tile_loadd(7, right + right_half, 64);
        _tile_loadd(5, left + left_half, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
        left += left_step;
        right += REGISTER;
    }
    _tile_stored(0, out, bytes);
    _tile_stored(1, out + SIDE, bytes);
    _tile_stored(2, lower, bytes);
    _tile_stored(3, lower + SIDE, bytes);
}

#endif /* LEARN_NET_KERNEL_BF16_H */
