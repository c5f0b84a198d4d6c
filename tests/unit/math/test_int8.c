/*
 * test_int8.c
 *
 * Products of 8-bit integers are the numbers that a plain loop over the
 * definition in src/math/README.md gives, in every bit: for every kernel of
 * this processor, number of rows, odd size, number of threads and division
 * into calls.  They are near those of floats, and inputs that are not finite
 * spoil their own row and nothing else.
 */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "math/kernels_table.h"

/* k that share a scale. */
#define BLOCK 64

/* Between the rows of the output, to see writes beyond a row. */
#define GAP 5

struct problem {
    size_t M, N, K;
    float *in, *rows, *want, *got;
    size_t out_stride;
};

static float
largest(const float *x, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        most = fmaxf(most, fabsf(x[i]));
    }
    return most;
}

static bool
all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

/* Integers q (n) and their scale. */
static float
quantise(int *q, const float *x, size_t n)
{
    float most = largest(x, n);
    bool is_finite = all_finite(x, n), is_zero = most < 0x1p-100f;

    for (size_t i = 0; i < n; i++) {
        q[i] = is_finite && !is_zero ? (int)rintf(x[i] * (127 / most)) : 0;
    }
    return !is_finite ? NAN : is_zero ? 0 : most / 127;
}

/* The definition. */
static void
problem_solve(struct problem *p)
{
    int *w = mem_alloc(p->K, sizeof(int)), a[BLOCK];

    for (size_t n = 0; n < p->N; n++) {
        float w_scale = quantise(w, p->rows + n * p->K, p->K);

        for (size_t m = 0; m < p->M; m++) {
            float sum = 0;

            for (size_t k = 0; k < p->K; k += BLOCK) {
                size_t length = p->K - k < BLOCK ? p->K - k : BLOCK;
                float scale = quantise(a, p->in + m * p->K + k, length);
                int products = 0;

                for (size_t i = 0; i < length; i++) {
                    products += a[i] * w[k + i];
                }
                sum = fmaf((float)products, scale, sum);
            }
            p->want[m * p->N + n] = sum * w_scale;
        }
    }
    mem_free(w);
}

static void
problem_init(struct problem *p, size_t M, size_t N, size_t K)
{
    *p = (struct problem){.M = M, .N = N, .K = K, .out_stride = N + GAP};
    p->in = mem_alloc(M * K, sizeof(float));
    p->rows = mem_alloc(N * K, sizeof(float));
    p->want = mem_alloc(M * N, sizeof(float));
    p->got = mem_alloc(M * p->out_stride, sizeof(float));
    for (size_t i = 0; i < M * K; i++) {
        p->in[i] = check_random(i);
    }
    for (size_t i = 0; i < N * K; i++) {
        p->rows[i] = check_random(1000000 + i);
    }
}

static void
problem_release(struct problem *p)
{
    mem_free(p->in);
    mem_free(p->rows);
    mem_free(p->want);
    mem_free(p->got);
}

/* The same bits, where any NaN is one; nothing written beside. */
static void
problem_check(const struct problem *p)
{
    bool is_gap_kept = true;

    for (size_t m = 0; m < p->M; m++) {
        float *got = p->got + m * p->out_stride, *want = p->want + m * p->N;

        for (size_t n = 0; n < p->N; n++) {
            if (isnan(want[n]) && isnan(got[n])) {
                got[n] = want[n];
            }
        }
        CHECK_ARRAY_SAME("product", got, want, p->N);
        for (size_t n = p->N; n < p->out_stride; n++) {
            is_gap_kept = is_gap_kept && got[n] == -77.0f;
        }
    }
    CU_ASSERT(is_gap_kept);
}

/* One product in calls of some rows. */
static void
multiply(struct problem *p, const struct kernels *kernels, size_t n_rows,
    int n_threads)
{
    struct gemm_weights *weights = gemm_weights_new(kernels, p->N, p->K);

    gemm_pack(weights, p->rows, 0, p->N);
    for (size_t i = 0; i < p->M * p->out_stride; i++) {
        p->got[i] = -77.0f;
    }
    for (size_t m = 0; m < p->M; m += n_rows) {
        gemm(p->got + m * p->out_stride, p->out_stride, p->in + m * p->K, p->K,
            weights, p->M - m < n_rows ? p->M - m : n_rows, n_threads);
    }
    gemm_weights_free(weights);
}

/* Every kernel that this processor has. */
static void
check_all(struct problem *p, size_t n_rows, int n_threads)
{
    const struct kernels *kernels;
    size_t i = 0;

    problem_solve(p);
    while ((kernels = kernels_next(MATH_INT8, &i))) {
        multiply(p, kernels, n_rows, n_threads);
        problem_check(p);
    }
}

static void
check_shape(size_t M, size_t N, size_t K, int n_threads)
{
    struct problem p;

    problem_init(&p, M, N, K);
    check_all(&p, M, n_threads);
    problem_release(&p);
}

static void
test_product_is_the_one_defined_for_any_number_of_rows(void)
{
    for (size_t M = 1; M <= 70; M++) {
        check_shape(M, 41, 130, 1);
    }
    check_shape(200, 33, 96, 1);
}

static void
test_product_is_the_one_defined_for_odd_sizes(void)
{
    static const size_t sizes[] = {1, 3, 4, 31, 32, 33, 63, 64, 65, 130};
    const size_t n = sizeof(sizes) / sizeof(sizes[0]);

    for (size_t i = 0; i < n * n; i++) {
        check_shape(1 + i % 4 * 5, sizes[i / n], sizes[i % n], 1);
    }
}

/* Ranges of k, blocks of rows. */
static void
test_product_is_the_one_defined_across_blocks_and_threads(void)
{
    check_shape(40, 35, 9000, 1);
    check_shape(3, 300, 4160, 2);
    check_shape(500, 70, 576, 3);
}

static void
test_division_into_calls_does_not_change_a_bit(void)
{
    struct problem p;

    problem_init(&p, 61, 70, 200);
    check_all(&p, 1, 1);
    check_all(&p, 7, 1);
    check_all(&p, 33, 2);
    problem_release(&p);
}

/* The largest sums that 8 bits can make. */
static void
test_full_integers_do_not_overflow(void)
{
    struct problem p;

    problem_init(&p, 33, 40, 256);
    for (size_t i = 0; i < p.M * p.K; i++) {
        p.in[i] = i % 5 == 0 ? -1 : 1;
    }
    for (size_t i = 0; i < p.N * p.K; i++) {
        p.rows[i] = i / p.K % 2 == 0 ? 3 : -3;
    }
    check_all(&p, p.M, 1);
    problem_release(&p);
}

static void
test_zero_tiny_and_huge_numbers_follow_the_definition(void)
{
    static const float odd[] = {0.0f, -0.0f, FLT_TRUE_MIN, -FLT_MIN, 0x1p-101f,
        0x1p-100f, 1.0f, FLT_MAX, -FLT_MAX, 0x1p100f};
    const size_t n = sizeof(odd) / sizeof(odd[0]);
    struct problem p;

    /* Row i and block i are of numbers up to odd[i]. */
    problem_init(&p, n, n, n * BLOCK);
    for (size_t m = 0; m < p.M; m++) {
        for (size_t k = 0; k < p.K; k++) {
            p.in[m * p.K + k] *= odd[(m + k / BLOCK) % n];
            p.rows[m * p.K + k] *= odd[m];
        }
    }
    memset(p.rows, 0, p.K * sizeof(float));
    check_all(&p, p.M, 1);
    CU_ASSERT_EQUAL(p.want[0], 0);
    problem_release(&p);
}

static void
test_input_that_is_not_finite_spoils_its_row_only(void)
{
    struct problem p;

    problem_init(&p, 40, 40, 150);
    p.in[3 * p.K + 7] = NAN;
    p.in[20 * p.K + 149] = INFINITY;
    p.in[39 * p.K] = -INFINITY;
    check_all(&p, p.M, 1);
    for (size_t m = 0; m < p.M; m++) {
        bool is_spoilt = m == 3 || m == 20 || m == 39;

        CU_ASSERT_EQUAL(!all_finite(p.want + m * p.N, p.N), is_spoilt);
    }
    problem_release(&p);
}

static void
test_product_is_near_that_of_floats(void)
{
    /* Two roundings to 1 / 254 of the largest, over 576 random numbers. */
    const double rel_tol = 0.02;
    struct problem p;

    problem_init(&p, 20, 50, 576);
    for (size_t m = 0; m < p.M; m++) {
        for (size_t n = 0; n < p.N; n++) {
            double sum = 0;

            for (size_t k = 0; k < p.K; k++) {
                sum += (double)p.in[m * p.K + k] * (double)p.rows[n * p.K + k];
            }
            p.want[m * p.N + n] = (float)sum;
        }
    }
    p.out_stride = p.N;
    multiply(&p, kernels_find(MATH_INT8, NULL), p.M, 1);
    CHECK_ARRAY_NEAR("product", p.got, p.want, p.M * p.N, rel_tol);
    problem_release(&p);
}

static void
test_rows_read_back_are_within_half_a_step(void)
{
    struct problem p;
    const struct kernels *kernels;
    size_t i = 0;

    problem_init(&p, 1, 45, 100);
    while ((kernels = kernels_next(MATH_INT8, &i))) {
        struct gemm_weights *weights = gemm_weights_new(kernels, 45, 100);
        float row[100];

        gemm_pack(weights, p.rows, 0, 45);
        for (size_t n = 0; n < 45; n++) {
            gemm_unpack_row(row, weights, n);
            CHECK_ARRAY_NEAR("row", row, p.rows + n * 100, 100, 0.501 / 127);
        }
        gemm_weights_free(weights);
    }
    problem_release(&p);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_product_is_the_one_defined_for_any_number_of_rows),
    CHECK_TEST(test_product_is_the_one_defined_for_odd_sizes),
    CHECK_TEST(test_product_is_the_one_defined_across_blocks_and_threads),
    CHECK_TEST(test_division_into_calls_does_not_change_a_bit),
    CHECK_TEST(test_full_integers_do_not_overflow),
    CHECK_TEST(test_zero_tiny_and_huge_numbers_follow_the_definition),
    CHECK_TEST(test_input_that_is_not_finite_spoils_its_row_only),
    CHECK_TEST(test_product_is_near_that_of_floats),
    CHECK_TEST(test_rows_read_back_are_within_half_a_step),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("int8", tests)
