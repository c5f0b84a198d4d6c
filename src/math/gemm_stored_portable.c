/*
 * gemm_stored_portable.c
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/half.h"

#define LANES 4
#define ROWS  2

typedef struct {
    float lane[LANES];
} vec;

/* v with lane i = f(i). */
#define EACH_LANE(v, f)                                                        \
    do {                                                                       \
        for (size_t i = 0; i < LANES; i++) {                                   \
            (v).lane[i] = (f);                                                 \
        }                                                                      \
    } while (0)

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

static inline void
vec_store(float *p, vec v)
{
    for (size_t i = 0; i < LANES; i++) {
        p[i] = v.lane[i];
    }
}

static inline vec
vec_add(vec a, vec b)
{
    EACH_LANE(a, a.lane[i] + b.lane[i]);
    return a;
}

static inline vec
vec_mul(vec a, vec b)
{
    EACH_LANE(a, a.lane[i] * b.lane[i]);
    return a;
}

static inline vec
vec_fma(vec a, vec b, vec c)
{
    EACH_LANE(c, fmaf(a.lane[i], b.lane[i], c.lane[i]));
    return c;
}

static inline vec
vec_bf16(const uint16_t *p)
{
    vec v;

    EACH_LANE(v, half_from_bf16(p[i]));
    return v;
}

static inline vec
vec_f16(const uint16_t *p)
{
    vec v;

    EACH_LANE(v, half_from_f16(p[i]));
    return v;
}

static inline vec
vec_i8(const int8_t *p)
{
    vec v;

    EACH_LANE(v, (float)p[i]);
    return v;
}

static inline vec
vec_low(const uint8_t *p)
{
    vec v;

    EACH_LANE(v, (float)(p[i] & 15));
    return v;
}

static inline vec
vec_high(const uint8_t *p)
{
    vec v;

    EACH_LANE(v, (float)(p[i] >> 4));
    return v;
}

#include "gemm_stored_tile.h"

const struct stored_kernel stored_portable = STORED_KERNEL;
