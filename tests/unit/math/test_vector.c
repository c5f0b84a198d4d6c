/*
 * test_vector.c
 *
 * The kernels between matrix products are what their formulas say, touch
 * nothing beyond their rows, and give the same bits with every instruction
 * set at any size; the exponential inside them has the bits of
 * elementary_expf().
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "math/elementary.h"
#include "math/kernels.h"
#include "math/kernels_table.h"
#include "math/simd.h"
#include "math/vector.h"
#include "naive.h"

/* float arithmetic: a few units of the last place. */
#define TOLERANCE 1e-6

static const size_t sizes[] = {1, 2, 15, 16, 17, 31, 33, 64, 100, 576, 1024};
static const char *const names[] = {"portable", "neon", "avx2", "avx512"};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static const struct kernels *
portable(void)
{
    return kernels_find(MATH_EXACT, "portable");
}

/* n numbers at the end of a page, so that a step beyond is a crash. */
static float *
numbers(size_t n, float spread, uint64_t seed)
{
    float *x = (float *)(void *)check_guarded(n * sizeof(*x));

    for (size_t i = 0; i < n; i++) {
        x[i] = spread * check_random(seed + i);
    }
    return x;
}

static void
release(float *x, size_t n)
{
    check_guarded_free((uint8_t *)x, n * sizeof(*x));
}

static void
test_exp_has_the_bits_of_the_scalar(void)
{
    const size_t n = 1000003;
    float *x = numbers(n, 95, 1), *got = numbers(n, 0, 0);
    float *want = numbers(n, 0, 0);

    x[0] = 0;
    x[1] = INFINITY;
    x[2] = -INFINITY;
    x[3] = -87.3f;
    x[4] = nextafterf(-87.3f, -INFINITY);
    x[5] = 0x1.62e43p+6f;
    x[6] = 0x1.62e42ep+6f;
    x[7] = 3e38f;
    x[8] = -3e38f;
    for (size_t i = 9; i < 1000; i++) {
        x[i] = ldexpf(x[i], -(int)(i % 140));
    }
    for (size_t i = 0; i < n; i++) {
        want[i] = elementary_expf(x[i]);
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        const struct kernels *k = kernels_find(MATH_EXACT, names[i]);

        if (k) {
            k->simd->exp(got, x, n);
            CHECK_ARRAY_SAME(names[i], got, want, n);
        }
    }
    release(x, n);
    release(got, n);
    release(want, n);
}

/* One run of each kernel; what it wrote is in rows. */
enum kind { RMS_NORM, ADD, ADD_BIAS, SWIGLU, ROTATE, N_KINDS };

static const char *const kind_names[] = {
    "rms_norm", "add", "add_bias", "swiglu", "rotate"};

#define N_ROWS 3

static void
run(enum kind kind, const struct kernels *k, float *rows, const float *other,
    const float *in, size_t C)
{
    switch (kind) {
    case RMS_NORM:
        vector_rms_norm(k, rows, in, other, 1e-5f, N_ROWS, C);
        break;
    case ADD:
        vector_add(k, rows, in, N_ROWS * C);
        break;
    case ADD_BIAS:
        vector_add_bias(k, rows, other, N_ROWS, C);
        break;
    case SWIGLU:
        vector_swiglu(k, rows, in, N_ROWS * C);
        break;
    default:
        /* Cosine and sine need not be those of an angle. */
        vector_rotate(k, rows, in, in, 0, N_ROWS, 1, C, C / 3 * 2);
        break;
    }
}

static void
test_every_instruction_set_gives_the_same_bits(void)
{
    for (size_t i = 0; i < N_NAMES * N_SIZES * N_KINDS; i++) {
        const struct kernels *k = kernels_find(MATH_EXACT, names[i % N_NAMES]);
        const size_t C = sizes[i / N_NAMES % N_SIZES], n = N_ROWS * C;
        const enum kind kind = (enum kind)(i / N_NAMES / N_SIZES);
        float *in = numbers(n, 9, 1), *other = numbers(C, 2, 2);
        float *got = numbers(n, 30, 3), *want = numbers(n, 30, 3);

        if (k) {
            run(kind, portable(), want, other, in, C);
            run(kind, k, got, other, in, C);
            CHECK_ARRAY_SAME(kind_names[kind], got, want, n);
        }
        release(in, n);
        release(other, C);
        release(got, n);
        release(want, n);
    }
}

static void
test_rms_norm_is_its_formula(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        const size_t C = sizes[i], n = N_ROWS * C;
        float *in = numbers(n, 9, 1), *gain = numbers(C, 2, 2);
        float *got = numbers(n, 0, 0), *want = numbers(n, 0, 0);

        run(RMS_NORM, kernels_find(MATH_EXACT, NULL), got, gain, in, C);
        naive_rms_norm(want, in, gain, 1e-5f, N_ROWS, C);
        CHECK_ARRAY_NEAR("rms_norm", got, want, n, TOLERANCE);
        release(in, n);
        release(gain, C);
        release(got, n);
        release(want, n);
    }
}

/* The 16 partial sums and their tree, as vector.h has them. */
static void
test_rms_norm_sums_in_the_written_order(void)
{
    const size_t C = 1000;
    float *in = numbers(C, 9, 1), *out = numbers(C, 0, 0);
    float *ones = numbers(C, 0, 0), s[16] = {0};
    float total, scale;

    for (size_t i = 0; i < C; i++) {
        s[i % 16] = fmaf(in[i], in[i], s[i % 16]);
        ones[i] = 1;
    }
    total =
        (((s[0] + s[8]) + (s[4] + s[12])) + ((s[2] + s[10]) + (s[6] + s[14]))) +
        (((s[1] + s[9]) + (s[5] + s[13])) + ((s[3] + s[11]) + (s[7] + s[15])));
    scale = 1.0f / sqrtf(total / (float)C + 1e-5f);
    vector_rms_norm(kernels_find(MATH_EXACT, NULL), out, in, ones, 1e-5f, 1, C);
    for (size_t i = 0; i < C; i++) {
        CU_ASSERT_EQUAL(out[i], in[i] * scale);
    }
    release(in, C);
    release(out, C);
    release(ones, C);
}

static void
test_swiglu_is_its_formula(void)
{
    const size_t n = 1000;
    float *gate = numbers(n, 100, 1), *up = numbers(n, 2, 2);
    float *want = numbers(n, 100, 1);

    naive_swiglu(want, up, n);
    vector_swiglu(kernels_find(MATH_EXACT, NULL), gate, up, n);
    for (size_t i = 0; i < n; i++) {
        /* Where e^-gate overflows the true value is below 1e-36. */
        CHECK_WITHIN(gate[i], want[i], TOLERANCE * fabs(want[i]) + 1e-36);
    }
    release(gate, n);
    release(up, n);
    release(want, n);
}

static void
test_sums_are_sums(void)
{
    const struct kernels *k = kernels_find(MATH_EXACT, NULL);
    const size_t T = 3, C = 37, n = T * C;
    float *a = numbers(n, 1, 1), *b = numbers(n, 1, 2);
    float *was = numbers(n, 1, 1);

    vector_add(k, a, b, n);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(a[i], was[i] + b[i]);
    }
    memcpy(was, a, n * sizeof(*a));
    vector_add_bias(k, a, b, T, C);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(a[i], was[i] + b[i % C]);
    }
    release(a, n);
    release(b, n);
    release(was, n);
}

/* Turning by an angle keeps lengths; lanes past n_rotary stay as they are. */
static void
test_rotate_turns_each_pair_by_the_angle_of_its_position(void)
{
    const size_t T = 4, n_heads = 3, D = 40, n_rotary = 34, first = 5;
    const size_t n = T * n_heads * D, n_table = (first + T) * n_rotary / 2;
    float *x = numbers(n, 1, 1), *was = numbers(n, 1, 1);
    float *c = numbers(n_table, 0, 0), *s = numbers(n_table, 0, 0);

    for (size_t i = 0; i < n_table; i++) {
        c[i] = (float)elementary_cos((double)i * 0.7);
        s[i] = (float)elementary_sin((double)i * 0.7);
    }
    vector_rotate(kernels_find(MATH_EXACT, NULL), x, c, s, first, T, n_heads, D,
        n_rotary);
    for (size_t i = 0; i < n; i++) {
        const size_t t = i / (n_heads * D), d = i % D, half = n_rotary / 2;
        double angle = (double)((first + t) * half + d % half) * 0.7;
        double want = was[i];

        if (d < half) {
            want = was[i] * cos(angle) - was[i + half] * sin(angle);
        } else if (d < n_rotary) {
            want = was[i] * cos(angle) + was[i - half] * sin(angle);
        }
        CHECK_WITHIN(x[i], want, TOLERANCE);
        CU_ASSERT(d < n_rotary || x[i] == was[i]);
    }
    release(x, n);
    release(was, n);
    release(c, n_table);
    release(s, n_table);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_exp_has_the_bits_of_the_scalar),
    CHECK_TEST(test_every_instruction_set_gives_the_same_bits),
    CHECK_TEST(test_rms_norm_is_its_formula),
    CHECK_TEST(test_rms_norm_sums_in_the_written_order),
    CHECK_TEST(test_swiglu_is_its_formula),
    CHECK_TEST(test_sums_are_sums),
    CHECK_TEST(test_rotate_turns_each_pair_by_the_angle_of_its_position),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("vector", tests)
