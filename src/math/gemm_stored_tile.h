/*
 * gemm_stored_tile.h - widening a panel, for any vector register.
 *
 * Included once by each gemm_stored_ISA.c, which first defines
 *     LANES, vec                     floats in a register, its type
 *     ROWS                           rows whose sums fit the registers: 2, 4
 *     vec_zero(), vec_set(x), vec_store(p, v)
 *     vec_mul(a, b), vec_fma(a, b, c)
 *     vec_bf16(p), vec_f16(p)        LANES 16-bit floats as floats
 *     vec_i8(p)                      LANES signed bytes as floats
 *     vec_low(p), vec_high(p)        the low, high four bits of LANES bytes
 * and then has the table made by STORED_KERNEL.
 */
#ifndef MATH_GEMM_STORED_TILE_H
#define MATH_GEMM_STORED_TILE_H

#include "gemm_stored_kernel.h"

/* Registers per panel. */
#define VECTORS (GEMM_PANEL / LANES)

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* How far ahead a panel is fetched, in bytes: some 50 ns at 28 GB/s. */
#define AHEAD 1536

/* Scales of the block and the columns. */
struct scales {
    vec d[VECTORS], m[VECTORS];
};

/* Bytes of the scales, and of the numbers of one k. */
static inline __attribute__((always_inline)) size_t
scale_bytes(const enum gemm_format format)
{
    size_t n = format == GEMM_Q4_1 ? 2 : format >= GEMM_Q8_0;

    return n * GEMM_PANEL * sizeof(uint16_t);
}

static inline __attribute__((always_inline)) size_t
step_bytes(const enum gemm_format format)
{
    return format < GEMM_Q8_0    ? GEMM_PANEL * sizeof(uint16_t)
           : format == GEMM_Q8_0 ? GEMM_PANEL
                                 : GEMM_PANEL / 2;
}

static inline __attribute__((always_inline)) void
load_scales(struct scales *s, const uint8_t *p, const enum gemm_format format)
{
    const uint16_t *d = (const uint16_t *)(const void *)p;

    UNROLL
    for (size_t v = 0; v < VECTORS && format >= GEMM_Q8_0; v++) {
        s->d[v] = vec_f16(d + v * LANES);
        if (format == GEMM_Q4_1) {
            s->m[v] = vec_f16(d + GEMM_PANEL + v * LANES);
        }
    }
}

/*
 * Register v of one k, as floats.  Products of scales are exact, so that
 * fused or not, there is one rounding at most (format/quant.h).
 */
static inline __attribute__((always_inline)) vec
widen(const struct scales *s, const uint8_t *p, const enum gemm_format format,
    const size_t v)
{
    const uint16_t *half = (const uint16_t *)(const void *)p + v * LANES;
    vec q;

    if (format == GEMM_BF16) {
        return vec_bf16(half);
    }
    if (format == GEMM_F16) {
        return vec_f16(half);
    }
    if (format == GEMM_Q8_0) {
        return vec_mul(s->d[v], vec_i8((const int8_t *)p + v * LANES));
    }
    q = v < VECTORS / 2 ? vec_low(p + v * LANES)
                        : vec_high(p + v * LANES - GEMM_PANEL / 2);
    if (format == GEMM_Q4_0) {
        return vec_mul(s->d[v], vec_add(q, vec_set(-8.0f)));
    }
    return vec_fma(s->d[v], q, s->m[v]);
}

static inline __attribute__((always_inline)) void
widen_range(
    float *out, const uint8_t *panel, size_t n_k, const enum gemm_format format)
{
    struct scales s;

    for (size_t k = 0; k < n_k; k += STORED_BLOCK) {
        size_t end = n_k - k < STORED_BLOCK ? n_k : k + STORED_BLOCK;

        load_scales(&s, panel, format);
        panel += scale_bytes(format);
        for (size_t i = k; i < end; i++) {
            UNROLL
            for (size_t v = 0; v < VECTORS; v++) {
                vec_store(out + v * LANES, widen(&s, panel, format, v));
            }
            out += GEMM_PANEL;
            panel += step_bytes(format);
        }
    }
}

/* R rows; constant where this is inlined, so that sums stay in registers. */
static inline __attribute__((always_inline)) void
rows_of_panel(float *sums, const float *in, size_t in_stride,
    const uint8_t *panel, size_t n_k, const enum gemm_format format,
    const size_t R)
{
    vec acc[ROWS][VECTORS];
    struct scales s;

    UNROLL
    for (size_t i = 0; i < R * VECTORS; i++) {
        acc[i / VECTORS][i % VECTORS] = vec_zero();
    }
    for (size_t k = 0; k < n_k; k += STORED_BLOCK) {
        size_t end = n_k - k < STORED_BLOCK ? n_k : k + STORED_BLOCK;

        load_scales(&s, panel, format);
        panel += scale_bytes(format);
        for (size_t i = k; i < end; i++) {
            __builtin_prefetch(panel + AHEAD);
            UNROLL
            for (size_t v = 0; v < VECTORS; v++) {
                vec w = widen(&s, panel, format, v);

                UNROLL
                for (size_t r = 0; r < R; r++) {
                    acc[r][v] =
                        vec_fma(vec_set(in[r * in_stride + i]), w, acc[r][v]);
                }
            }
            panel += step_bytes(format);
        }
    }
    UNROLL
    for (size_t i = 0; i < R * VECTORS; i++) {
        vec_store(sums + i * LANES, acc[i / VECTORS][i % VECTORS]);
    }
}

#define STORED_ROWS(name, format, R)                                           \
    static void rows_##name##_##R(float *sums, const float *in,                \
        size_t in_stride, const uint8_t *panel, size_t n_k)                    \
    {                                                                          \
        rows_of_panel(sums, in, in_stride, panel, n_k, format, R);             \
    }

#if ROWS == 4
#define STORED_ROWS_MORE(name, format)                                         \
    STORED_ROWS(name, format, 3)                                               \
    STORED_ROWS(name, format, 4)
#define STORED_ENTRY_MORE(name) rows_##name##_3, rows_##name##_4
#else
#define STORED_ROWS_MORE(name, format)
#define STORED_ENTRY_MORE(name) NULL, NULL
#endif

/* Functions widen_NAME and rows_NAME_R. */
#define STORED_FORMAT(name, format)                                            \
    static void widen_##name(float *out, const uint8_t *panel, size_t n_k)     \
    {                                                                          \
        widen_range(out, panel, n_k, format);                                  \
    }                                                                          \
    STORED_ROWS(name, format, 1)                                               \
    STORED_ROWS(name, format, 2)                                               \
    STORED_ROWS_MORE(name, format)

STORED_FORMAT(bf16, GEMM_BF16)
STORED_FORMAT(f16, GEMM_F16)
STORED_FORMAT(q8_0, GEMM_Q8_0)
STORED_FORMAT(q4_0, GEMM_Q4_0)
STORED_FORMAT(q4_1, GEMM_Q4_1)

#define STORED_ENTRY(name)                                                     \
    {                                                                          \
        widen_##name,                                                          \
        {                                                                      \
            NULL, rows_##name##_1, rows_##name##_2, STORED_ENTRY_MORE(name)    \
        }                                                                      \
    }

/* The value of a struct stored_kernel. */
#define STORED_KERNEL                                                          \
    {                                                                          \
        .formats = {                                                           \
            [GEMM_BF16] = STORED_ENTRY(bf16),                                  \
            [GEMM_F16] = STORED_ENTRY(f16),                                    \
            [GEMM_Q8_0] = STORED_ENTRY(q8_0),                                  \
            [GEMM_Q4_0] = STORED_ENTRY(q4_0),                                  \
            [GEMM_Q4_1] = STORED_ENTRY(q4_1),                                  \
        },                                                                     \
    }

#endif /* MATH_GEMM_STORED_TILE_H */
