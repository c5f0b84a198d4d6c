/*
 * elementary.c
 *
 * Range reduction with constants split in parts, then a polynomial by fma.
 * Coefficients are Taylor's where a term more is cheap, else of least
 * relative error (Remez exchange in 60 digits, rounded to double).
 */
#include "elementary.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "elementary_body.h"

/* Adding and subtracting it rounds a double below 2^51 to an integer. */
#define ROUND 0x1.8p52

/* 2/pi, and pi/2 as a sum of three doubles. */
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
#define HALF_PI_1   0x1.921fb54442d18p+0
#define HALF_PI_2   0x1.1a62633145c07p-54
#define HALF_PI_3   -0x1.f1976b7ed8fbcp-110

float
elementary_expf(float x)
{
    return expf_body(x);
}

/* 2^n for a normal result. */
static double
power_of_2(int n)
{
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* e^(x + low) for |low| below an ulp or so of x. */
static double
exp_sum(double x, double low)
{
    /* (e^r - 1 - r) / r^2, relative error of e^r 2^-64. */
    static const double c[] = {0x1.0p-1, 0x1.555555555555bp-3,
        0x1.5555555555503p-5, 0x1.111111110ec3fp-7, 0x1.6c16c16c305dbp-10,
        0x1.a01a01b38a1a0p-13, 0x1.a01a01364ec3ap-16, 0x1.71ddf0027bf77p-19,
        0x1.27e5b491ba199p-22, 0x1.af6c1dc159cb2p-26, 0x1.1e3d093d7ff16p-29};
    double n, first, r, p = 0.0;
    int half;

    if (!(x >= -746.0)) {
        return x < -746.0 ? 0.0 : x;
    }
    if (x > 710.0) {
        return INFINITY;
    }
    n = fma(x, LOG2E, ROUND) - ROUND;
    first = fma(-n, LN2_HIGH, x);
    low = fma(-n, LN2_LOW, low);
    r = first + low;
    low += first - r;
    for (size_t i = sizeof(c) / sizeof(c[0]); i-- > 0;) {
        p = fma(p, r, c[i]);
    }
    p = 1.0 + (r + fma(r * r, p, low));

    /* In two steps: 2^n alone may be too large or too small. */
    half = (int)n / 2;
    return p * power_of_2(half) * power_of_2((int)n - half);
}

double
elementary_exp(double x)
{
    return exp_sum(x, 0.0);
}

/* ln x with some bits more than a double. */
static struct double_double
log_sum(double x)
{
    int exponent;
    struct double_double l = log_mantissa(x, &exponent);
    struct double_double sum = two_sum(exponent * LN2_HIGH, l.high);

    return two_sum(sum.high, sum.low + fma(exponent, LN2_LOW, l.low));
}

double
elementary_log(double x)
{
    return log_sum(x).high;
}

double
elementary_log2(double x)
{
    return log2_body(x);
}

double
elementary_pow(double x, double y)
{
    struct double_double l = log_sum(x);
    double high = y * l.high;

    return exp_sum(high, fma(y, l.high, -high) + y * l.low);
}

/*
 * x minus the nearest multiple of pi/2, whose number modulo 4 is *quadrant.
 * n pi/2 has at most 83 bits and cancels those of x, so the first step is
 * exact.
 */
static struct double_double
reduce(double x, unsigned *quadrant)
{
    double n = fma(x, TWO_OVER_PI, ROUND) - ROUND;
    double first = fma(-n, HALF_PI_1, x);
    double second = n * HALF_PI_2;
    struct double_double r;
    double part;

    /* Either of the two may be the larger, so the error takes six steps. */
    r.high = first - second;
    part = r.high - first;
    r.low = (first - (r.high - part)) - (second + part);
    r.low -= fma(n, HALF_PI_2, -second);
    r.low = fma(-n, HALF_PI_3, r.low);
    *quadrant = (unsigned)((int64_t)n & 3);
    return r;
}

/* sin(high + low) for |high| <= pi/4: Taylor's series. */
static double
sin_part(struct double_double r)
{
    double z = r.high * r.high;
    double p = 1.0 / 355687428096000;

    p = fma(z, p, -1.0 / 1307674368000);
    p = fma(z, p, 1.0 / 6227020800);
    p = fma(z, p, -1.0 / 39916800);
    p = fma(z, p, 1.0 / 362880);
    p = fma(z, p, -1.0 / 5040);
    p = fma(z, p, 1.0 / 120);
    p = fma(z, p, -1.0 / 6);
    return r.high + fma(r.high * z, p, r.low * fma(z, -0.5, 1.0));
}

static double
cos_part(struct double_double r)
{
    double z = r.high * r.high;
    double p = 1.0 / 20922789888000;
    double half = 0.5 * z;
    double one = 1.0 - half;

    p = fma(z, p, -1.0 / 87178291200);
    p = fma(z, p, 1.0 / 479001600);
    p = fma(z, p, -1.0 / 3628800);
    p = fma(z, p, 1.0 / 40320);
    p = fma(z, p, -1.0 / 720);
    p = fma(z, p, 1.0 / 24);
    return one + (((1.0 - one) - half) + fma(z * z, p, -r.high * r.low));
}

static double
sin_quadrant(struct double_double r, unsigned quadrant)
{
    double y = quadrant & 1 ? cos_part(r) : sin_part(r);

    return quadrant & 2 ? -y : y;
}

double
elementary_sin(double x)
{
    unsigned quadrant;
    struct double_double r = reduce(x, &quadrant);

    return sin_quadrant(r, quadrant);
}

double
elementary_cos(double x)
{
    unsigned quadrant;
    struct double_double r = reduce(x, &quadrant);

    return sin_quadrant(r, quadrant + 1);
}
