/*
 * elementary_body.h - the elementary functions that kernels need inline.
 *
 * elementary.c makes them public; simd_ISA.c compiles them once more for its
 * instruction set, where an fma is one instruction and not a call.  The
 * operations are the same, so the bits are.
 *
 * float e^x: x = n ln 2 + r with |r| <= ln(2)/2 + a little, n from the
 * low bits of x log2(e) + 1.5 * 2^23, e^r by a polynomial of least relative
 * error (2^-28.9) with the first two coefficients kept at 1, and 2^n added to
 * the exponent.
 */
#ifndef MATH_ELEMENTARY_BODY_H
#define MATH_ELEMENTARY_BODY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Adding and subtracting it rounds a float below 2^22 to an integer. */
#define EXPF_ROUND   0x1.8p23f
#define EXPF_LOG2E   0x1.715476p+0f
#define EXPF_LN2     0x1.62e43p-1f   /* rounded up */
#define EXPF_LN2_LOW -0x1.05c61p-29f /* ln 2 minus the above */
#define EXPF_C2      0x1.fffffcp-2f
#define EXPF_C3      0x1.555418p-3f
#define EXPF_C4      0x1.555824p-5f
#define EXPF_C5      0x1.1267d8p-7f
#define EXPF_C6      0x1.6ae6ep-10f

/* Below the first e^x is taken as 0, from the second on as infinity. */
#define EXPF_MIN -87.3f
#define EXPF_MAX 0x1.62e43p+6f

/* ln 2: the first part has 32 bits, so that times an exponent it is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW  0x1.a39ef35793c76p-33

#define LOG2E     0x1.71547652b82fep+0
#define LOG2E_LOW 0x1.777d0ffda0d24p-56

static inline float
expf_body(float x)
{
    float t = fmaf(x, EXPF_LOG2E, EXPF_ROUND);
    float n = t - EXPF_ROUND;
    float r = fmaf(-n, EXPF_LN2, x);
    float p;
    uint32_t bits, shift;

    if (!(x >= EXPF_MIN)) {
        return x < EXPF_MIN ? 0.0f : x;
    }
    if (x >= EXPF_MAX) {
        return INFINITY;
    }
    r = fmaf(-n, EXPF_LN2_LOW, r);
    p = fmaf(r, EXPF_C6, EXPF_C5);
    p = fmaf(r, p, EXPF_C4);
    p = fmaf(r, p, EXPF_C3);
    p = fmaf(r, p, EXPF_C2);
    p = fmaf(r, p, 1.0f);
    p = fmaf(r, p, 1.0f);
    memcpy(&bits, &p, sizeof(bits));
    memcpy(&shift, &t, sizeof(shift));
    bits += shift << 23;
    memcpy(&p, &bits, sizeof(p));
    return p;
}

/* A number above the round-off of its leading part. */
struct double_double {
    double high, low;
};

/*
 * ln m of the m in [1/sqrt 2, sqrt 2) with x = 2^*exponent m.
 *
 * With f = m - 1 and s = f / (2 + f): ln m = 2 atanh s, whose series in s^2
 * <= 0.0295 is written as f - (f^2/2 - s (f^2/2 + R)), so that the leading
 * term f is exact.
 */
static inline struct double_double
log_mantissa(double x, int *exponent)
{
    struct double_double l;
    uint64_t bits;
    double f, s, z, half, r, c;
    int e = 0;

    if (x < 0x1p-1022) {
        x *= 0x1p54;
        e = -54;
    }
    memcpy(&bits, &x, sizeof(bits));
    /* Exponent of x / m, where the mantissa of sqrt 1/2 is the border. */
    bits -= UINT64_C(0x3fe6a09e667f3bcd);
    e += (int)((int64_t)bits >> 52);
    bits = (bits & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
    memcpy(&x, &bits, sizeof(x));
    *exponent = e;

    f = x - 1.0;
    s = f / (2.0 + f);
    z = s * s;
    r = fma(z, 2.0 / 25, 2.0 / 23);
    r = fma(z, r, 2.0 / 21);
    r = fma(z, r, 2.0 / 19);
    r = fma(z, r, 2.0 / 17);
    r = fma(z, r, 2.0 / 15);
    r = fma(z, r, 2.0 / 13);
    r = fma(z, r, 2.0 / 11);
    r = fma(z, r, 2.0 / 9);
    r = fma(z, r, 2.0 / 7);
    r = fma(z, r, 2.0 / 5);
    r = fma(z, r, 2.0 / 3);
    r *= z;
    half = 0.5 * f * f;
    c = half - s * (half + r);
    l.high = f - c;
    l.low = (f - l.high) - c;
    return l;
}

/* a + b as leading part and rest; |a| >= |b| or a = 0. */
static inline struct double_double
two_sum(double a, double b)
{
    struct double_double s = {a + b, 0.0};

    if (a != 0.0) {
        s.low = b - (s.high - a);
    }
    return s;
}

static inline double
log2_body(double x)
{
    int exponent;
    struct double_double l = log_mantissa(x, &exponent);
    double high = l.high * LOG2E;
    double low =
        fma(l.high, LOG2E, -high) + fma(l.high, LOG2E_LOW, l.low * LOG2E);
    struct double_double sum = two_sum(exponent, high);

    return sum.high + (sum.low + low);
}

#endif /* MATH_ELEMENTARY_BODY_H */
