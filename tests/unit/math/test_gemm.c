/*
 * test_gemm.c
 *
 * In exact mode every output is one chain of fused multiply-adds over k: the
 * bits are those of a scalar loop, for every instruction set, number of
 * rows, odd size, stride, number of threads and division into calls.  In
 * BLAS mode the products are right and do not depend on the threads.
 */
#include "check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "math/gemm.h"
#include "math/kernels.h"

/* A float product of random numbers in [-1, 1), relative to its largest. */
#define BLAS_TOLERANCE 1e-5

/* Between the rows of input and output, to see writes beyond a row. */
#define GAP 5

static const char *const names[] = {"avx512", "avx2", "neon", "portable"};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* What this processor has; NULL for the rest. */
static const struct kernels *
kernels_at(size_t i)
{
    const char *best = kernels_name(kernels_find(MATH_EXACT, NULL));

    /* The best one of the list and all after it. */
    for (size_t j = 0; j <= i; j++) {
        if (strcmp(names[j], best) == 0) {
            return kernels_find(MATH_EXACT, names[i]);
        }
    }
    return NULL;
}

/* A product with its inputs, in buffers that end at an unreadable page. */
struct problem {
    size_t M, N, K;
    size_t in_stride, out_stride;
    float *in, *out;
    float *rows; /* (N, K) */
    float *want; /* (M, N) */
    size_t in_bytes, out_bytes;
};

static void
fill(float *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = check_random(seed + i);
    }
}

/* The claim, written down; in double for BLAS. */
static void
problem_solve(struct problem *p, enum math_mode mode)
{
    for (size_t m = 0; m < p->M; m++) {
        for (size_t n = 0; n < p->N; n++) {
            const float *in = p->in + m * p->in_stride;
            const float *row = p->rows + n * p->K;
            float chain = 0.0f;
            double sum = 0.0;

            for (size_t k = 0; k < p->K; k++) {
                if (mode == MATH_EXACT) {
                    chain = fmaf(in[k], row[k], chain);
                } else {
                    sum += (double)in[k] * (double)row[k];
                }
            }
            p->want[m * p->N + n] = mode == MATH_EXACT ? chain : (float)sum;
        }
    }
}

static void
problem_init(
    struct problem *p, enum math_mode mode, size_t M, size_t N, size_t K)
{
    p->M = M;
    p->N = N;
    p->K = K;
    p->in_stride = K + GAP;
    p->out_stride = N + GAP;
    p->in_bytes = ((M - 1) * p->in_stride + K) * sizeof(float);
    p->out_bytes = ((M - 1) * p->out_stride + N) * sizeof(float);
    p->in = (float *)(void *)check_guarded(p->in_bytes);
    p->out = (float *)(void *)check_guarded(p->out_bytes);
    p->rows = mem_alloc(N * K, sizeof(float));
    p->want = mem_alloc(M * N, sizeof(float));
    fill(p->in, p->in_bytes / sizeof(float), M);
    fill(p->rows, N * K, 1000000 + N);
    problem_solve(p, mode);
}

static void
problem_release(struct problem *p)
{
    check_guarded_free((uint8_t *)p->in, p->in_bytes);
    check_guarded_free((uint8_t *)p->out, p->out_bytes);
    mem_free(p->rows);
    mem_free(p->want);
}

/* Spoil the output, so that what is not written shows. */
static void
problem_spoil(struct problem *p)
{
    for (size_t i = 0; i < p->out_bytes / sizeof(float); i++) {
        p->out[i] = -77.0f;
    }
}

static void
problem_check(const struct problem *p, double rel_tol)
{
    size_t n_floats = p->out_bytes / sizeof(float);
    bool is_gap_kept = true;

    for (size_t m = 0; m < p->M; m++) {
        const float *got = p->out + m * p->out_stride;
        const float *want = p->want + m * p->N;

        if (rel_tol > 0) {
            CHECK_ARRAY_NEAR("product", got, want, p->N, rel_tol);
        } else {
            CHECK_ARRAY_SAME("product", got, want, p->N);
        }
        for (size_t i = m * p->out_stride + p->N;
             i < (m + 1) * p->out_stride && i < n_floats; i++) {
            is_gap_kept = is_gap_kept && p->out[i] == -77.0f;
        }
    }
    CU_ASSERT(is_gap_kept);
}

static struct gemm_weights *
packed(const struct kernels *kernels, const struct problem *p)
{
    struct gemm_weights *weights = gemm_weights_new(kernels, p->N, p->K);

    CU_ASSERT_PTR_NOT_NULL_FATAL(weights);
    gemm_pack(weights, p->rows, 0, p->N);
    return weights;
}

static void
multiply(
    const struct problem *p, const struct gemm_weights *weights, int n_threads)
{
    gemm(p->out, p->out_stride, p->in, p->in_stride, weights, p->M, n_threads);
}

/* Every kernel that this processor has, against the same scalar loop. */
static void
check_exact(size_t M, size_t N, size_t K, int n_threads)
{
    struct problem p;

    problem_init(&p, MATH_EXACT, M, N, K);
    for (size_t i = 0; i < N_NAMES; i++) {
        const struct kernels *kernels = kernels_at(i);

        if (kernels) {
            struct gemm_weights *weights = packed(kernels, &p);

            problem_spoil(&p);
            multiply(&p, weights, n_threads);
            problem_check(&p, 0);
            gemm_weights_free(weights);
        }
    }
    problem_release(&p);
}

static void
test_exact_product_is_one_chain_for_any_number_of_rows(void)
{
    for (size_t M = 1; M <= 40; M++) {
        check_exact(M, 131, 49, 1);
    }
    for (size_t M = 41; M <= 200; M++) {
        check_exact(M, 33 + M % 5, 17 + M % 11, 1);
    }
}

static void
test_exact_product_is_one_chain_for_odd_sizes(void)
{
    static const size_t sizes[] = {
        1, 7, 16, 31, 32, 33, 47, 48, 49, 96, 100, 131};
    static const size_t some_rows[] = {1, 2, 5, 13};
    const size_t n_sizes = sizeof(sizes) / sizeof(sizes[0]);

    for (size_t i = 0; i < n_sizes * n_sizes; i++) {
        check_exact(
            some_rows[i % 4], sizes[i / n_sizes], sizes[i % n_sizes], 1);
    }
}

/* More k than one range, and more input than one block of rows. */
static void
test_exact_product_is_one_chain_across_blocks(void)
{
    check_exact(3, 40, 2500, 1);
    check_exact(150, 5, 2500, 1);
    check_exact(49, 70, 1100, 1);
}

/* What is fetched ahead is used only as a hint: any length of it is right. */
static void
test_exact_product_is_one_chain_where_weights_are_fetched_ahead(void)
{
    check_exact(7, 1000, 300, 1);
    check_exact(29, 1025, 257, 1);
}

static void
test_threads_do_not_change_a_bit(void)
{
    for (int n_threads = 2; n_threads <= 3; n_threads++) {
        check_exact(1, 4100, 300, n_threads);
        check_exact(40, 700, 100, n_threads);
        check_exact(200, 40, 300, n_threads);
    }
}

/* How often each number of an output was handed on, and with which bits. */
struct seen {
    const struct problem *p;
    int *n_times;
    bool is_ready; /* all so far were as they should be */
};

static void
look(void *context, size_t row, size_t n_rows, size_t column, size_t n)
{
    struct seen *seen = context;
    const struct problem *p = seen->p;

#pragma omp critical
    for (size_t m = row; m < row + n_rows; m++) {
        for (size_t i = column; i < column + n; i++) {
            seen->n_times[m * p->N + i]++;
            seen->is_ready =
                seen->is_ready && memcmp(&p->out[m * p->out_stride + i],
                                      &p->want[m * p->N + i], 4) == 0;
        }
    }
}

static void
test_every_output_is_handed_on_once_when_it_is_ready(void)
{
    static const size_t shapes[][3] = {
        {1, 70, 9}, {3, 2500, 33}, {64, 2500, 7}, {100, 96, 40}, {70, 33, 600}};

    for (size_t i = 0; i < 15; i++) {
        const size_t *shape = shapes[i / 3];
        const struct kernels *k = kernels_find(MATH_EXACT, NULL);
        struct problem p;
        bool is_once = true;

        problem_init(&p, MATH_EXACT, shape[0], shape[1], shape[2]);
        problem_spoil(&p);
        struct gemm_weights *weights = gemm_weights_new(k, p.N, p.K);
        struct seen seen = {&p, mem_alloc(p.M * p.N, sizeof(int)), true};
        gemm_pack(weights, p.rows, 0, p.N);
        gemm_then(p.out, p.out_stride, p.in, p.in_stride, weights, p.M,
            1 + (int)(i % 3) * 2, &(struct gemm_then){look, &seen});
        problem_check(&p, 0);
        for (size_t j = 0; j < p.M * p.N; j++) {
            is_once = is_once && seen.n_times[j] == 1;
        }
        CU_ASSERT(is_once);
        CU_ASSERT(seen.is_ready);
        mem_free(seen.n_times);
        gemm_weights_free(weights);
        problem_release(&p);
    }
}

static void
test_division_of_rows_into_calls_does_not_change_a_bit(void)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    struct gemm_weights *weights;
    struct problem p;

    problem_init(&p, MATH_EXACT, 40, 100, 131);
    weights = packed(kernels, &p);
    problem_spoil(&p);
    for (size_t m = 0, n_rows = 1; m < p.M; m += n_rows, n_rows++) {
        size_t n = n_rows < p.M - m ? n_rows : p.M - m;

        gemm(p.out + m * p.out_stride, p.out_stride, p.in + m * p.in_stride,
            p.in_stride, weights, n, 1);
    }
    problem_check(&p, 0);
    gemm_weights_free(weights);
    problem_release(&p);
}

static void
check_pack(enum math_mode mode)
{
    const size_t N = 2 * GEMM_ROWS_STEP + 7;
    struct gemm_weights *weights;
    struct problem p;
    float row[49];

    problem_init(&p, mode, 3, N, 49);
    weights = gemm_weights_new(kernels_find(mode, NULL), N, 49);
    CU_ASSERT_PTR_NOT_NULL_FATAL(weights);
    CU_ASSERT_EQUAL(gemm_weights_rows(weights), N);
    CU_ASSERT_EQUAL(gemm_weights_columns(weights), 49);
    CU_ASSERT(gemm_weights_bytes(weights) >= N * 49 * sizeof(float));

    /* The last part first. */
    gemm_pack(weights, p.rows + GEMM_ROWS_STEP * 49, GEMM_ROWS_STEP,
        N - GEMM_ROWS_STEP);
    gemm_pack(weights, p.rows, 0, GEMM_ROWS_STEP);

    problem_spoil(&p);
    multiply(&p, weights, 1);
    problem_check(&p, mode == MATH_EXACT ? 0 : BLAS_TOLERANCE);
    for (size_t n = 0; n < N; n++) {
        gemm_unpack_row(row, weights, n);
        CHECK_ARRAY_SAME("row", row, p.rows + n * 49, 49);
    }
    gemm_weights_free(weights);
    problem_release(&p);
}

static void
test_weights_packed_in_parts_are_the_same_and_can_be_read_back(void)
{
    check_pack(MATH_EXACT);
    check_pack(MATH_BLAS);
}

static void
test_negative_zero_and_subnormals_follow_the_chain(void)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    struct gemm_weights *weights;
    struct problem p;

    problem_init(&p, MATH_EXACT, 2, 2, 4);
    p.in[0] = -0.0f;
    p.in[1] = 0x1p-100f;
    p.in[2] = -0x1p-100f;
    p.in[3] = 0x1p-149f;
    p.rows[1] = 0x1p-45f;
    p.rows[2] = 0x1p-46f;
    problem_solve(&p, MATH_EXACT);
    weights = packed(kernels, &p);
    problem_spoil(&p);
    multiply(&p, weights, 1);
    problem_check(&p, 0);
    gemm_weights_free(weights);
    problem_release(&p);
}

static void
test_blas_product_is_right_and_threads_do_not_change_it(void)
{
    static const size_t shapes[][3] = {
        {1, 700, 100}, {2, 131, 49}, {17, 1100, 96}, {600, 520, 100}};

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct gemm_weights *weights;
        struct problem p;

        problem_init(&p, MATH_BLAS, shapes[i][0], shapes[i][1], shapes[i][2]);
        weights = packed(kernels_find(MATH_BLAS, NULL), &p);
        problem_spoil(&p);
        multiply(&p, weights, 1);
        problem_check(&p, BLAS_TOLERANCE);

        for (size_t m = 0; m < p.M; m++) {
            memcpy(p.want + m * p.N, p.out + m * p.out_stride,
                p.N * sizeof(float));
        }
        problem_spoil(&p);
        multiply(&p, weights, 3);
        problem_check(&p, 0);
        gemm_weights_free(weights);
        problem_release(&p);
    }
}

static void
test_kernels_are_found_by_name_and_unknown_ones_are_refused(void)
{
    CU_ASSERT_PTR_NULL(kernels_find(MATH_EXACT, "avx1024"));
    CU_ASSERT_PTR_NULL(kernels_find(MATH_BLAS, ""));

    for (int mode = MATH_EXACT; mode <= MATH_BLAS; mode++) {
        const struct kernels *kernels =
            kernels_find((enum math_mode)mode, "portable");

        CU_ASSERT_PTR_NOT_NULL_FATAL(kernels);
        CU_ASSERT_STRING_EQUAL(kernels_name(kernels), "portable");
        CU_ASSERT_EQUAL((int)kernels_mode(kernels), mode);
    }
    CU_ASSERT_STRING_EQUAL(math_mode_name(MATH_EXACT), "exact");
    CU_ASSERT_STRING_EQUAL(math_mode_name(MATH_BLAS), "blas");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_exact_product_is_one_chain_for_any_number_of_rows),
    CHECK_TEST(test_exact_product_is_one_chain_for_odd_sizes),
    CHECK_TEST(test_exact_product_is_one_chain_across_blocks),
    CHECK_TEST(test_exact_product_is_one_chain_where_weights_are_fetched_ahead),
    CHECK_TEST(test_threads_do_not_change_a_bit),
    CHECK_TEST(test_every_output_is_handed_on_once_when_it_is_ready),
    CHECK_TEST(test_division_of_rows_into_calls_does_not_change_a_bit),
    CHECK_TEST(test_weights_packed_in_parts_are_the_same_and_can_be_read_back),
    CHECK_TEST(test_negative_zero_and_subnormals_follow_the_chain),
    CHECK_TEST(test_blas_product_is_right_and_threads_do_not_change_it),
    CHECK_TEST(test_kernels_are_found_by_name_and_unknown_ones_are_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("gemm", tests)
