/*
 * net_bf16.c
 *
 * A tile register holds 16 rows of 64 bytes: 16 x 16 floats, 16 rows of 32
 * numbers of the left factor, or 16 pairs of numbers times 16 columns of the
 * right one.  Sums of 32 x 32 take four registers, factors the other four.
 * Factors are rounded and put in order just before, in pieces that stay in
 * the caches.
 */
#include "learn/net_bf16.h"

#include <assert.h>
#include <string.h>

#include "learn/net_kernel.h"

#if defined(__AMX_BF16__)

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIMD_AVX512
#include "learn/net_kernel_lanes.h"

/* Rows, columns and k of one register; bf16 numbers in it. */
#define SIDE     16
#define DEPTH    32
#define REGISTER (SIDE * DEPTH)

/* Rows and columns of a block of sums: two registers each. */
#define BLOCK 32

/* k of a block of input: 32 KiB of bf16 with BLOCK rows. */
#define K_MAX 512

/* Rows of a and b, and columns of each, that scratch holds as bf16. */
#define OUTER_ROWS 256
#define OUTER_SIDE 512

/* What ldtilecfg reads. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t column_bytes[16];
    uint8_t rows[16];
};

bool
net_bf16_exists(void)
{
    const int ask_permission = 0x1023, tile_data = 18;
    const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, avx512 = 1u << 5;
    unsigned a, b, c, d;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & amx_bf16) ||
        !(d & amx_tile) || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512dq")) {
        return false;
    }
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & avx512) &&
           syscall(SYS_arch_prctl, ask_permission, tile_data) == 0;
}

/*
 * All registers whole.  Constant: compilers do not know what the instruction
 * reads, and leave out what they take for unused stores.
 */
static void
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
static inline void
turn(__m512i *x)
{
    struct lanes y[SIDE];

    for (size_t i = 0; i < SIDE; i++) {
        y[i].v = _mm512_castsi512_ps(x[i]);
    }
    lanes_turn(y);
    for (size_t i = 0; i < SIDE; i++) {
        x[i] = _mm512_castps_si512(y[i].v);
    }
}

size_t
net_bf16_size(size_t N, size_t K)
{
    return round_up(N, BLOCK) * round_up(K, DEPTH);
}

/* Registers one after the other: those of 16 rows of weights, k rising. */
void
net_bf16_pack(uint16_t *packed, const float *rows, size_t N, size_t K)
{
    for (size_t n = 0; n < round_up(N, BLOCK); n += SIDE) {
        for (size_t k = 0; k < K; k += DEPTH) {
            __m512i x[SIDE];

            for (size_t i = 0; i < SIDE; i++) {
                x[i] = n + i < N ? row_of(rows + (n + i) * K + k, K - k)
                                 : _mm512_setzero_si512();
            }
            turn(x);
            for (size_t i = 0; i < SIDE; i++) {
                _mm512_store_si512(packed + i * DEPTH, x[i]);
            }
            packed += REGISTER;
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

/* out (n_rows, n_columns) = or += block (32, 32). */
static void
put_part(float *out, size_t out_stride, const float *block, size_t n_rows,
    size_t n_columns, bool is_first)
{
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t c = 0; c < n_columns; c += SIDE) {
            const size_t n = smaller(n_columns - c, SIDE);
            const __mmask16 mask = (__mmask16)((1u << n) - 1);
            float *at = out + r * out_stride + c;
            __m512 x = _mm512_loadu_ps(block + r * BLOCK + c);

            if (!is_first) {
                x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, at));
            }
            _mm512_mask_storeu_ps(at, mask, x);
        }
    }
}

/* BLOCK rows of which n_rows exist, columns [k, k + n): registers. */
static void
round_rows(uint16_t *out, const float *in, size_t stride, size_t n_rows,
    size_t n, size_t n_max)
{
    for (size_t r = 0; r < BLOCK; r++) {
        for (size_t k = 0; k < n; k += DEPTH) {
            _mm512_store_si512(out + k * BLOCK + r * DEPTH,
                r < n_rows ? row_of(in + r * stride + k, n_max - k)
                           : _mm512_setzero_si512());
        }
    }
}

/* Rows of in that are one block, over part of k. */
static void
multiply_rows(float *out, const uint16_t *in, const uint16_t *packed,
    size_t n_rows, size_t N, size_t K, size_t n_k, bool is_first)
{
    const size_t column = round_up(K, DEPTH) * SIDE;
    _Alignas(64) float part[BLOCK * BLOCK];

    for (size_t n = 0; n < N; n += BLOCK) {
        const bool is_whole = n_rows == BLOCK && N - n >= BLOCK;

        multiply_block(is_whole ? out + n : part, is_whole ? N : BLOCK,
            is_first || !is_whole, in, REGISTER, packed + n / SIDE * column,
            column, n_k / DEPTH, BLOCK * DEPTH);
        if (!is_whole) {
            put_part(out + n, N, part, n_rows, smaller(N - n, BLOCK), is_first);
        }
    }
}

void
net_bf16_multiply(float *out, const float *in, const uint16_t *packed, size_t R,
    size_t N, size_t K)
{
    _Alignas(64) uint16_t rows[BLOCK * K_MAX];

    configure();
    for (size_t r = 0; r < R; r += BLOCK) {
        const size_t n_rows = smaller(R - r, BLOCK);

        for (size_t k = 0; k < K; k += K_MAX) {
            const size_t n_k = round_up(smaller(K - k, K_MAX), DEPTH);

            round_rows(rows, in + r * K + k, K, n_rows, n_k, K - k);
            multiply_rows(out + r * N, rows, packed + k * SIDE, n_rows, N, K,
                n_k, k == 0);
        }
    }
    _tile_release();
}

/* Two rows of 16 columns become pairs. */
static inline __m512i
pairs_of(const float *row, size_t stride, size_t n_rows, size_t n)
{
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9,
            24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512 low = n_rows > 0 ? load(row, n) : _mm512_setzero_ps();
    __m512 high = n_rows > 1 ? load(row + stride, n) : _mm512_setzero_ps();

    return _mm512_permutexvar_epi16(order, rounded(low, high));
}

/*
 * Rows [0, n_rows) of columns [0, n): registers, those of 16 columns one
 * after the other, rows rising; turned: as a left factor.
 */
static inline void
round_columns(uint16_t *out, const float *in, size_t stride, size_t n_rows,
    size_t n, const bool is_turned)
{
    for (size_t c = 0; c < round_up(n, BLOCK); c += SIDE) {
        for (size_t t = 0; t < n_rows; t += DEPTH) {
            __m512i x[SIDE];

            for (size_t i = 0; i < SIDE; i++) {
                x[i] = pairs_of(in + (t + 2 * i) * stride + c, stride,
                    left_of(n_rows, t + 2 * i), left_of(n, c));
            }
            if (is_turned) {
                turn(x);
            }
            for (size_t i = 0; i < SIDE; i++) {
                _mm512_store_si512(out + i * DEPTH, x[i]);
            }
            out += REGISTER;
        }
    }
}

/* The sums of n_rows rows of a and b. */
static void
outer_rows(const struct net_outer *o, const uint16_t *a, const uint16_t *b,
    size_t n_rows)
{
    const size_t column = round_up(n_rows, DEPTH) * SIDE;
    _Alignas(64) float part[BLOCK * BLOCK];

    for (size_t m = 0; m < o->M; m += BLOCK) {
        for (size_t n = 0; n < o->N; n += BLOCK) {
            const bool is_whole = o->M - m >= BLOCK && o->N - n >= BLOCK;
            float *out = o->out + m * o->out_stride + n;

            multiply_block(is_whole ? out : part,
                is_whole ? o->out_stride : BLOCK, !is_whole,
                a + m / SIDE * column, column, b + n / SIDE * column, column,
                column / REGISTER, REGISTER);
            if (!is_whole) {
                put_part(out, o->out_stride, part, smaller(o->M - m, BLOCK),
                    smaller(o->N - n, BLOCK), false);
            }
        }
    }
}

void
net_bf16_outer(const struct net_outer *o)
{
    uint16_t *a = (uint16_t *)o->scratch;
    uint16_t *b = a + OUTER_ROWS * OUTER_SIDE;

    configure();
    for (size_t t = 0; t < o->T; t += OUTER_ROWS) {
        const size_t n_rows = smaller(o->T - t, OUTER_ROWS);

        for (size_t n = 0; n < o->N; n += OUTER_SIDE) {
            struct net_outer part = *o;

            part.N = smaller(o->N - n, OUTER_SIDE);
            round_columns(b, o->b + t * o->b_stride + n, o->b_stride, n_rows,
                part.N, false);
            for (size_t m = 0; m < o->M; m += OUTER_SIDE) {
                part.M = smaller(o->M - m, OUTER_SIDE);
                part.out = o->out + m * o->out_stride + n;
                round_columns(a, o->a + t * o->a_stride + m, o->a_stride,
                    n_rows, part.M, true);
                outer_rows(&part, a, b, n_rows);
            }
        }
    }
    _tile_release();
}

#else

bool
net_bf16_exists(void)
{
    return false;
}

size_t
net_bf16_size(size_t N, size_t K)
{
    return N * K;
}

void
net_bf16_pack(uint16_t *packed, const float *rows, size_t N, size_t K)
{
    (void)packed, (void)rows, (void)N, (void)K;
    assert(false);
}

void
net_bf16_multiply(float *out, const float *in, const uint16_t *packed, size_t R,
    size_t N, size_t K)
{
    (void)out, (void)in, (void)packed, (void)R, (void)N, (void)K;
    assert(false);
}

void
net_bf16_outer(const struct net_outer *o)
{
    (void)o;
    assert(false);
}

#endif
