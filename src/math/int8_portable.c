/*
 * int8_portable.c
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES        4
#define OFFSET       0
#define ROWS         2
#define VECTORS_ONCE 8

typedef struct {
    float lane[LANES];
} vec;

typedef struct {
    int32_t lane[LANES];
} ivec;

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
vec_load(const float *p)
{
    return (vec){{p[0], p[1], p[2], p[3]}};
}

static inline vec
vec_load_some(const float *p, size_t n)
{
    vec v = vec_zero();

    memcpy(v.lane, p, n * sizeof(float));
    return v;
}

static inline void
vec_store_some(float *p, vec v, size_t n)
{
    memcpy(p, v.lane, n * sizeof(float));
}

static inline ivec
ivec_set(int32_t x)
{
    return (ivec){{x, x, x, x}};
}

static inline vec
vec_from(ivec v)
{
    vec f;

    EACH_LANE(f, (float)v.lane[i]);
    return f;
}

static inline ivec
ivec_add(ivec a, ivec b)
{
    EACH_LANE(a, a.lane[i] + b.lane[i]);
    return a;
}

static inline ivec
ivec_max(ivec a, ivec b)
{
    EACH_LANE(a, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
    return a;
}

static inline ivec
ivec_load(const void *p)
{
    ivec v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline void
ivec_store(void *p, ivec v)
{
    memcpy(p, &v, sizeof(v));
}

static inline ivec
ivec_four(const int8_t *p)
{
    int32_t word;

    memcpy(&word, p, sizeof(word));
    return ivec_set(word);
}

static inline ivec
ivec_dot(ivec acc, ivec w, ivec a)
{
    int8_t x[LANES][4], y[LANES][4];

    memcpy(x, &w, sizeof(x));
    memcpy(y, &a, sizeof(y));
    EACH_LANE(acc, acc.lane[i] + x[i][0] * y[i][0] + x[i][1] * y[i][1] +
                       x[i][2] * y[i][2] + x[i][3] * y[i][3]);
    return acc;
}

static inline ivec
ivec_magnitude(const float *p)
{
    ivec v = ivec_load(p);

    EACH_LANE(v, v.lane[i] & 0x7fffffff);
    return v;
}

static inline ivec
ivec_quantise(const float *p, float inverse)
{
    ivec v;

    EACH_LANE(v, (int32_t)rintf(p[i] * inverse));
    return v;
}

static inline void
bytes_store(int8_t *p, ivec v)
{
    for (size_t i = 0; i < LANES; i++) {
        p[i] = (int8_t)v.lane[i];
    }
}

#include "int8_tile.h"

const struct int8_kernel int8_portable = INT8_KERNEL;
