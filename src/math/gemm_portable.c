/*
 * gemm_portable.c
 *
 * The same chains in plain C.  Fast where fmaf() is an instruction of the
 * baseline (Arm); elsewhere it is a library call: right, and very slow.
 */
#include <math.h>
#include <stddef.h>

#define LANES 4

typedef struct {
    float lane[LANES];
} vec;

static inline vec
vec_set(float x)
{
    return (vec){{x, x, x, x}};
}

static inline vec
vec_zero(void)
{
    return vec_set(0.0f);
}

static inline vec
vec_load(const float *p)
{
    return (vec){{p[0], p[1], p[2], p[3]}};
}

static inline vec
vec_fma(vec a, vec b, vec c)
{
    for (size_t i = 0; i < LANES; i++) {
        c.lane[i] = fmaf(a.lane[i], b.lane[i], c.lane[i]);
    }
    return c;
}

static inline vec
vec_load_some(const float *p, size_t n)
{
    vec v = vec_zero();

    for (size_t i = 0; i < n; i++) {
        v.lane[i] = p[i];
    }
    return v;
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = v.lane[i];
    }
}

#include "gemm_tile.h"

GEMM_TILE(1, 1, 8)
GEMM_TILE(2, 1, 4)
GEMM_TILE(3, 1, 4)
GEMM_TILE(4, 1, 4)

static const struct gemm_rows rows[] = {
    {NULL, NULL, 1},
    {tile_1x1, NULL, 1},
    {tile_2x1, NULL, 1},
    {tile_3x1, NULL, 1},
    {tile_4x1, NULL, 1},
};

const struct gemm_kernel gemm_portable = {.rows_max = 4, .rows = rows};
