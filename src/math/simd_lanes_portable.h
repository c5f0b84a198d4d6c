/*
 * simd_lanes_portable.h - lanes in plain C, for any processor.
 *
 * The reference for the others.  Contracts: simd_lanes.h, which includes
 * this.
 */
#ifndef MATH_SIMD_LANES_PORTABLE_H
#define MATH_SIMD_LANES_PORTABLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIMD_INLINE static inline
#define SIMD_UNROLL(n)

struct lanes {
    float v[16];
};

struct wide {
    double v[16];
};

struct counts {
    uint64_t v[16];
};

/*
 * Pieces of a product: this many vectors at most, and rows with as many, or
 * with fewer vectors.
 */
#define PRODUCT_VECTORS   1
#define PRODUCT_ROWS      2
#define PRODUCT_ROWS_MANY 2

/* The same where lanes are queries; divides LANES. */
#define MANY_VECTORS 1
#define MANY_ROWS    4

#define PORTABLE_EACH(statement)                                               \
    for (size_t i = 0; i < 16; i++) {                                          \
        statement;                                                             \
    }

static inline struct lanes
lanes_set(float x)
{
    struct lanes a;

    PORTABLE_EACH(a.v[i] = x)
    return a;
}

static inline struct lanes
lanes_load(const float *p)
{
    struct lanes a;

    memcpy(a.v, p, sizeof(a.v));
    return a;
}

static inline struct lanes
lanes_load_some(const float *p, size_t n, struct lanes fill)
{
    memcpy(fill.v, p, n * sizeof(*p));
    return fill;
}

static inline struct lanes
lanes_add(struct lanes a, struct lanes b)
{
    PORTABLE_EACH(a.v[i] += b.v[i])
    return a;
}

static inline struct lanes
lanes_sub(struct lanes a, struct lanes b)
{
    PORTABLE_EACH(a.v[i] -= b.v[i])
    return a;
}

static inline struct lanes
lanes_mul(struct lanes a, struct lanes b)
{
    PORTABLE_EACH(a.v[i] *= b.v[i])
    return a;
}

static inline struct lanes
lanes_div(struct lanes a, struct lanes b)
{
    PORTABLE_EACH(a.v[i] /= b.v[i])
    return a;
}

static inline struct lanes
lanes_fma(struct lanes a, struct lanes b, struct lanes c)
{
    PORTABLE_EACH(c.v[i] = fmaf(a.v[i], b.v[i], c.v[i]))
    return c;
}

static inline struct lanes
lanes_fnma(struct lanes a, struct lanes b, struct lanes c)
{
    PORTABLE_EACH(c.v[i] = fmaf(-a.v[i], b.v[i], c.v[i]))
    return c;
}

static inline struct lanes
lanes_max(struct lanes a, struct lanes b)
{
    PORTABLE_EACH(a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i])
    return a;
}

static inline struct lanes
lanes_keep(struct lanes x, struct lanes y, struct lanes a)
{
    PORTABLE_EACH(a.v[i] = x.v[i] >= y.v[i] ? a.v[i] : 0.0f)
    return a;
}

static inline struct lanes
lanes_choose(struct lanes x, struct lanes y, struct lanes a, struct lanes b)
{
    PORTABLE_EACH(a.v[i] = x.v[i] >= y.v[i] ? a.v[i] : b.v[i])
    return a;
}

static inline struct lanes
lanes_rest(struct lanes x, struct lanes t, struct lanes c)
{
    return lanes_sub(x, lanes_sub(t, c));
}

static inline struct lanes
lanes_scale(struct lanes a, struct lanes t, struct lanes x, struct lanes min)
{
    uint32_t bits[16], n[16];

    memcpy(bits, a.v, sizeof(bits));
    memcpy(n, t.v, sizeof(n));
    PORTABLE_EACH(bits[i] = x.v[i] >= min.v[i] ? bits[i] + (n[i] << 23) : 0)
    memcpy(a.v, bits, sizeof(bits));
    return a;
}

#undef PORTABLE_EACH

static inline void
lanes_store(float *p, struct lanes a)
{
    memcpy(p, a.v, sizeof(a.v));
}

static inline void
lanes_store_some(float *p, struct lanes a, size_t n)
{
    memcpy(p, a.v, n * sizeof(*p));
}

/* The largest lane. */
static inline float
lanes_top(struct lanes a)
{
    float top = a.v[0];

    for (size_t i = 1; i < 16; i++) {
        top = a.v[i] > top ? a.v[i] : top;
    }
    return top;
}

static inline struct lanes
lanes_tops(const struct lanes *rows)
{
    float top[16];

    for (size_t i = 0; i < 16; i++) {
        top[i] = lanes_top(rows[i]);
    }
    return lanes_load(top);
}

static inline struct wide
wide_zero(void)
{
    return (struct wide){{0}};
}

static inline struct wide
wide_add(struct wide s, struct lanes e)
{
    for (size_t i = 0; i < 16; i++) {
        s.v[i] += (double)e.v[i];
    }
    return s;
}

static inline float
lanes_sum(struct lanes a)
{
    for (size_t n = 8; n > 0; n /= 2) {
        for (size_t i = 0; i < n; i++) {
            a.v[i] += a.v[i + n];
        }
    }
    return a.v[0];
}

static inline double
wide_sum(struct wide a)
{
    for (size_t n = 8; n > 0; n /= 2) {
        for (size_t i = 0; i < n; i++) {
            a.v[i] += a.v[i + n];
        }
    }
    return a.v[0];
}

static inline struct counts
counts_zero(void)
{
    return (struct counts){{0}};
}

static inline struct counts
counts_add(struct counts c, const float *e)
{
    for (size_t i = 0; i < 16; i++) {
        c.v[i] += (uint64_t)e[i];
    }
    return c;
}

static inline void
counts_store(uint64_t *p, struct counts c)
{
    memcpy(p, c.v, sizeof(c.v));
}

static inline uint64_t
counts_sum(struct counts c)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < 16; i++) {
        sum += c.v[i];
    }
    return sum;
}

#endif /* MATH_SIMD_LANES_PORTABLE_H */
