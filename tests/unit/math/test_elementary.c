/*
 * test_elementary.c
 *
 * The elementary functions are within 2 units in the last place of the true
 * value (libm's long double), exact where the value is, and defined at the
 * ends of their ranges: model scores and tables of angles rest on them.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "check.h"
#include "math/elementary.h"
#include "naive.h"

/* Arguments per range. */
#define N_POINTS 200000

#define ULPS_MAX 2.0

/* |got - want| in units of the last place of a double near want. */
static double
ulps(double got, long double want)
{
    int exponent;

    frexpl(want, &exponent);
    if (exponent < DBL_MIN_EXP) {
        exponent = DBL_MIN_EXP;
    }
    return (double)(fabsl((long double)got - want) /
                    ldexpl(1.0L, exponent - DBL_MANT_DIG));
}

/* A number in [a, b) with all bits of its mantissa in use. */
static double
point(uint64_t i, double a, double b)
{
    double u =
        (check_random(2 * i) + 1.0) / 2 + check_random(2 * i + 1) * 0x1p-25;

    return a + (b - a) * (u < 0 ? 0 : u);
}

/* Largest error in ulps over [a, b), or over 2^[a, b) if is_log. */
static double
worst(double (*f)(double), long double (*truth)(long double), double a,
    double b, int is_log)
{
    double worst_ulps = 0;

    for (uint64_t i = 0; i < N_POINTS; i++) {
        double x = point(i, a, b);
        double error;

        if (is_log) {
            x = exp2(x);
        }
        error = ulps(f(x), truth(x));
        worst_ulps = error > worst_ulps ? error : worst_ulps;
    }
    return worst_ulps;
}

static void
check_worst(const char *name, double (*f)(double),
    long double (*truth)(long double), double a, double b, int is_log)
{
    double error = worst(f, truth, a, b, is_log);

    printf("    %s over %s[%g, %g): %.3f ulp\n", name, is_log ? "2^" : "", a, b,
        error);
    CU_ASSERT(error < ULPS_MAX);
}

static void
test_exp_is_near(void)
{
    check_worst("exp", elementary_exp, expl, -1, 1, 0);
    check_worst("exp", elementary_exp, expl, -700, 709, 0);
    check_worst("exp", elementary_exp, expl, -745, -708, 0);
}

static void
test_log_is_near(void)
{
    check_worst("log", elementary_log, logl, 0.5, 2, 0);
    check_worst("log", elementary_log, logl, 0.99, 1.01, 0);
    check_worst("log", elementary_log, logl, -1074, 1023.9, 1);
}

static void
test_log2_is_near(void)
{
    check_worst("log2", elementary_log2, log2l, 0.5, 2, 0);
    check_worst("log2", elementary_log2, log2l, 0.99, 1.01, 0);
    check_worst("log2", elementary_log2, log2l, -1074, 1023.9, 1);
}

static void
test_sin_and_cos_are_near(void)
{
    check_worst("sin", elementary_sin, sinl, -1, 1, 0);
    check_worst("sin", elementary_sin, sinl, -1e4, 1e4, 0);
    check_worst("sin", elementary_sin, sinl, -0x1p30, 0x1p30, 0);
    check_worst("sin", elementary_sin, sinl, -40, 0, 1);
    check_worst("cos", elementary_cos, cosl, -1, 1, 0);
    check_worst("cos", elementary_cos, cosl, -1e4, 1e4, 0);
    check_worst("cos", elementary_cos, cosl, -0x1p30, 0x1p30, 0);
}

/* Where the argument is nearly a multiple of pi/2, most digits cancel. */
static void
test_sin_and_cos_are_near_at_their_zeros(void)
{
    double error = 0;

    for (uint64_t i = 0; i < N_POINTS; i++) {
        double n = floor(point(i, 1, i % 2 ? 0x1p29 : 1000));
        double x = n * M_PI_2;
        double e = ulps(elementary_sin(x), sinl(x));

        error = e > error ? e : error;
        e = ulps(elementary_cos(x), cosl(x));
        error = e > error ? e : error;
    }
    printf("    at multiples of pi/2: %.3f ulp\n", error);
    CU_ASSERT(error < ULPS_MAX);
}

static void
test_pow_is_near(void)
{
    double error = 0;

    for (uint64_t i = 0; i < N_POINTS; i++) {
        double x = exp2(point(2 * i, -60, 60));
        double y = point(2 * i + 1, -99, 99) / fmax(fabs(log(x)), 1e-3);
        long double want = powl(x, y);
        double e = (double)fabsl((elementary_pow(x, y) - want) / want);

        error = e > error ? e : error;
    }
    printf("    pow: relative error %.2g\n", error);
    CU_ASSERT(error < 1e-14);
}

static void
test_expf_is_near(void)
{
    double error = 0;

    for (uint64_t i = 0; i < 10 * N_POINTS; i++) {
        float x = (float)point(i, -87.2, i % 2 ? 88.7 : 1);
        double want = exp(x);
        int exponent;
        double e;

        frexp(want, &exponent);
        e = fabs(elementary_expf(x) - want) / ldexp(1.0, exponent - 24);
        error = e > error ? e : error;
    }
    printf("    expf: %.3f ulp\n", error);
    CU_ASSERT(error < ULPS_MAX);
}

static void
test_exact_values_are_exact(void)
{
    CU_ASSERT_EQUAL(elementary_expf(0.0f), 1.0f);
    CU_ASSERT_EQUAL(elementary_expf(-0.0f), 1.0f);
    CU_ASSERT_EQUAL(elementary_exp(0.0), 1.0);
    CU_ASSERT_EQUAL(elementary_log(1.0), 0.0);
    CU_ASSERT_EQUAL(elementary_sin(0.0), 0.0);
    CU_ASSERT_EQUAL(elementary_cos(0.0), 1.0);
    for (int e = -1074; e <= 1023; e++) {
        CU_ASSERT_EQUAL(elementary_log2(ldexp(1.0, e)), e);
    }
    for (int n = -20; n <= 20; n++) {
        CU_ASSERT_EQUAL(elementary_pow(2.0, n), ldexp(1.0, n));
    }
}

static void
test_exponentials_end_in_0_and_infinity(void)
{
    CU_ASSERT_EQUAL(elementary_expf(-87.31f), 0.0f);
    CU_ASSERT(elementary_expf(-87.29f) >= FLT_MIN);
    CU_ASSERT_EQUAL(elementary_expf(-INFINITY), 0.0f);
    CU_ASSERT(isfinite(elementary_expf(0x1.62e42ep+6f)));
    CU_ASSERT(isinf(elementary_expf(0x1.62e43p+6f)));
    CU_ASSERT(isinf(elementary_expf(INFINITY)));
    CU_ASSERT(isnan(elementary_expf(NAN)));
    CU_ASSERT_EQUAL(elementary_exp(-INFINITY), 0.0);
    CU_ASSERT_EQUAL(elementary_exp(-746.5), 0.0);
    CU_ASSERT(isinf(elementary_exp(709.8)));
    CU_ASSERT(isfinite(elementary_exp(709.7)));
    CU_ASSERT(isinf(elementary_exp(INFINITY)));
    CU_ASSERT(isnan(elementary_exp(NAN)));
}

static uint64_t
digest(uint64_t hash, double x)
{
    return naive_digest(hash, &x, sizeof(x));
}

/* Any compiler, flags and processor: archives depend on these bits. */
static void
test_bits_are_those_of_every_machine(void)
{
    uint64_t hash = NAIVE_DIGEST;

    for (int i = 1; i <= 20000; i++) {
        double x = i * 0.0123456789;

        hash = digest(hash, elementary_expf((float)(100 - x)));
        hash = digest(hash, elementary_exp(100 - x));
        hash = digest(hash, elementary_log(x));
        hash = digest(hash, elementary_log2(x));
        hash = digest(hash, elementary_sin(x * x));
        hash = digest(hash, elementary_cos(x * x));
        hash = digest(hash, elementary_pow(x, -0.75));
    }
    CU_ASSERT_EQUAL(hash, UINT64_C(0x2576a5a88b870e32));
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_exp_is_near),
    CHECK_TEST(test_log_is_near),
    CHECK_TEST(test_log2_is_near),
    CHECK_TEST(test_sin_and_cos_are_near),
    CHECK_TEST(test_sin_and_cos_are_near_at_their_zeros),
    CHECK_TEST(test_pow_is_near),
    CHECK_TEST(test_expf_is_near),
    CHECK_TEST(test_exact_values_are_exact),
    CHECK_TEST(test_exponentials_end_in_0_and_infinity),
    CHECK_TEST(test_bits_are_those_of_every_machine),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("elementary", tests)
