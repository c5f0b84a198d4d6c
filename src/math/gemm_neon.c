/*
 * gemm_neon.c
 *
 * Tiles of at most 6 rows x 4 registers: 24 chains, four registers of the
 * panel and a broadcast of the 32 registers.  A panel is eight registers
 * wide, so it is taken in two halves, or at once where the rows are few.
 */
#include <arm_neon.h>
#include <stddef.h>

#define LANES 4

typedef float32x4_t vec;

static inline vec
vec_zero(void)
{
    return vdupq_n_f32(0.0f);
}

static inline vec
vec_set(float x)
{
    return vdupq_n_f32(x);
}

static inline vec
vec_load(const float *p)
{
    return vld1q_f32(p);
}

/*
 * The empty statement ties the sum to one register: gcc 12 lets sums wander
 * through all of them and spills some.
 */
static inline vec
vec_fma(vec a, vec b, vec c)
{
    c = vfmaq_f32(c, a, b);
    __asm__("" : "+w"(c));
    return c;
}

/* Lanes one by one: a call, were it memcpy(), would spill all sums. */
static inline vec
vec_load_some(const float *p, size_t n)
{
    vec v = vec_zero();

    if (n == LANES) {
        return vld1q_f32(p);
    }
    v = n > 0 ? vld1q_lane_f32(p, v, 0) : v;
    v = n > 1 ? vld1q_lane_f32(p + 1, v, 1) : v;
    return n > 2 ? vld1q_lane_f32(p + 2, v, 2) : v;
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    if (n == LANES) {
        vst1q_f32(p, v);
        return;
    }
    if (n > 0) {
        vst1q_lane_f32(p, v, 0);
    }
    if (n > 1) {
        vst1q_lane_f32(p + 1, v, 1);
    }
    if (n > 2) {
        vst1q_lane_f32(p + 2, v, 2);
    }
}

#include "gemm_tile.h"

GEMM_TILE(1, 1, 8)
GEMM_TILE(1, 2, 16)
GEMM_TILE(2, 1, 8)
GEMM_TILE(3, 1, 4)
GEMM_TILE(4, 1, 4)
GEMM_TILE(5, 1, 4)
GEMM_TILE(6, 1, 4)

static const struct gemm_rows rows[] = {
    {NULL, NULL, 1},
    {tile_1x1, tile_1x2, 2},
    {tile_2x1, NULL, 1},
    {tile_3x1, NULL, 1},
    {tile_4x1, NULL, 1},
    {tile_5x1, NULL, 1},
    {tile_6x1, NULL, 1},
};

const struct gemm_kernel gemm_neon = {.rows_max = 6, .rows = rows};
