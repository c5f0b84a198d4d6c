/*
 * net_bf16.c
 *
 * Factors are rounded and put in order just before, in pieces that stay in
 * the caches.
 */
#include "learn/net_bf16.h"

#include <assert.h>
#include <string.h>

#include "learn/net_kernel.h"

#if defined(__AMX_BF16__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "learn/net_kernel_bf16.h"

/* k of a block of input: 32 KiB of bf16 with BLOCK rows. */
#define K_MAX 512

/* Rows of a and b, and columns of each, that scratch holds as bf16. */
#define OUTER_ROWS 256
#define OUTER_SIDE 512

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

size_t
net_bf16_size(size_t N, size_t K)
{
    return round_up(N, BLOCK) * round_up(K, DEPTH);
}

void
net_bf16_pack(uint16_t *packed, const float *rows, size_t N, size_t K)
{
    round_weights(packed, rows, K, N, K);
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

/*
 * A register that is loaded from what was just stored waits for it, so the
 * next block of rows is rounded before this one is multiplied.
 */
void
net_bf16_multiply(float *out, const float *in, const uint16_t *packed, size_t R,
    size_t N, size_t K)
{
    const size_t n_ranges = (K + K_MAX - 1) / K_MAX;
    const size_t n_blocks = (R + BLOCK - 1) / BLOCK * n_ranges;
    _Alignas(64) uint16_t rows[2][BLOCK * K_MAX];

    configure();
    for (size_t i = 0; i <= n_blocks; i++) {
        if (i < n_blocks) {
            const size_t r = i / n_ranges * BLOCK, k = i % n_ranges * K_MAX;

            round_rows(rows[i % 2], in + r * K + k, K, smaller(R - r, BLOCK),
                round_up(smaller(K - k, K_MAX), DEPTH), K - k);
        }
        if (i > 0) {
            const size_t r = (i - 1) / n_ranges * BLOCK;
            const size_t k = (i - 1) % n_ranges * K_MAX;

            multiply_rows(out + r * N, rows[(i - 1) % 2], packed + k * SIDE,
                smaller(R - r, BLOCK), N, K,
                round_up(smaller(K - k, K_MAX), DEPTH), k == 0);
        }
    }
    _tile_release();
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
