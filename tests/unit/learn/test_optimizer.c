/*
 * test_optimizer.c
 *
 * AdamW and Muon do what their papers say, written down once more in double;
 * a step is the same bits for any number of threads and parts; both find the minimum
 * of a quadratic.  Newton-Schulz leaves a matrix with the same singular
 * vectors and singular values near 1.
 */
#include "check.h"

#include <math.h>
#include <string.h>

#include "learn/muon.h"
#include "learn/net.h"
#include "learn/optimizer.h"
#include "math/kernels.h"

/* Rounding of floats over some steps, relative to the largest number. */
#define TOLERANCE 2e-5

/* A matrix each way round, one stored transposed, and what is not Muon's. */
static const struct net_parameter table[] = {
    {.name = "embedding",
        .offset = 0,
        .rows = 300,
        .columns = 64,
        .role = NET_EMBEDDING},
    {.name = "wide",
        .offset = 19200,
        .rows = 24,
        .columns = 40,
        .role = NET_MATRIX},
    {.name = "tall",
        .offset = 20160,
        .rows = 40,
        .columns = 24,
        .role = NET_MATRIX},
    {.name = "turned",
        .offset = 21120,
        .rows = 24,
        .columns = 40,
        .is_transposed = true,
        .role = NET_MATRIX},
    {.name = "gain",
        .offset = 22080,
        .rows = 100,
        .columns = 1,
        .is_vector = true,
        .role = NET_GAIN},
};

enum { N_TABLE = 5, SIZE = 22180, STEPS = 4 };

static const struct optimizer_settings settings = {
    .has_muon = true,
    .rate = 0.01,
    .beta1 = 0.9,
    .beta2 = 0.95,
    .epsilon = 1e-8,
    .decay = 0.1,
    .muon_rate = 0.02,
    .muon_momentum = 0.95,
    .muon_decay = 0.05,
};

static float parameters[SIZE], gradients[SIZE], before[SIZE];
static double want[SIZE], mean[SIZE], square[SIZE];

static struct optimizer *
make(bool has_muon, int n_threads)
{
    struct optimizer_settings s = settings;

    s.has_muon = has_muon;
    return optimizer_new(
        &s, table, N_TABLE, kernels_find(MATH_EXACT, NULL), n_threads);
}

static void
fill(float *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = check_random(seed * SIZE + i);
    }
}

/* A step by n_parts, whose directions are added up. */
static void
step_in_parts(
    struct optimizer *o, double factor, uint64_t n_before, int n_parts)
{
    static float part[SIZE], sum[SIZE], moment[SIZE];
    float *mean_now = optimizer_moment(o, 0);
    size_t first, n;

    memcpy(moment, mean_now, sizeof(moment));
    memcpy(sum, gradients, sizeof(sum));
    for (size_t i = 0; optimizer_range(o, &first, &n, i); i++) {
        memset(sum + first, 0, n * sizeof(*sum));
    }
    for (int p = 0; p < n_parts; p++) {
        memcpy(part, gradients, sizeof(part));
        memcpy(mean_now, moment, sizeof(moment));
        optimizer_direct(o, part, p, n_parts);
        for (size_t i = 0; optimizer_range(o, &first, &n, i); i++) {
            for (size_t j = first; j < first + n; j++) {
                sum[j] += part[j];
            }
        }
    }
    optimizer_step(o, parameters, sum, factor, n_before);
}

/*
 * The second implementation.
 */

static void
adam(size_t i, double g, double t, double factor, double decay)
{
    mean[i] = 0.9 * mean[i] + 0.1 * g;
    square[i] = 0.95 * square[i] + 0.05 * g * g;
    double m = mean[i] / (1 - pow(0.9, t)), v = square[i] / (1 - pow(0.95, t));
    want[i] -= 0.01 * factor * (m / (sqrt(v) + 1e-8) + decay * want[i]);
}

/* out = a X + b (X X^T) X + c (X X^T)^2 X for X (R, C), any shape. */
static void
quintic(double *x, size_t R, size_t C)
{
    static double a[64 * 64], ax[64 * 64], aax[64 * 64];

    for (size_t i = 0; i < R; i++) {
        for (size_t j = 0; j < R; j++) {
            a[i * R + j] = 0;
            for (size_t k = 0; k < C; k++) {
                a[i * R + j] += x[i * C + k] * x[j * C + k];
            }
        }
    }
    for (int twice = 0; twice < 2; twice++) {
        double *out = twice ? aax : ax;
        const double *in = twice ? ax : x;
        for (size_t i = 0; i < R; i++) {
            for (size_t k = 0; k < C; k++) {
                out[i * C + k] = 0;
                for (size_t j = 0; j < R; j++) {
                    out[i * C + k] += a[i * R + j] * in[j * C + k];
                }
            }
        }
    }
    for (size_t i = 0; i < R * C; i++) {
        x[i] = 3.4445 * x[i] - 4.7750 * ax[i] + 2.0315 * aax[i];
    }
}

static void
muon(const struct net_parameter *p, const float *g, double factor)
{
    size_t n = p->rows * p->columns;
    double x[40 * 24], norm = 0;
    double outputs = (double)(p->is_transposed ? p->columns : p->rows);
    double inputs = (double)(p->is_transposed ? p->rows : p->columns);

    for (size_t i = 0; i < n; i++) {
        double *m = &mean[p->offset + i];
        *m = 0.95 * *m + 0.05 * g[p->offset + i];
        x[i] = 0.95 * *m + 0.05 * g[p->offset + i];
        norm += x[i] * x[i];
    }
    for (size_t i = 0; i < n; i++) {
        x[i] /= sqrt(norm);
    }
    for (int k = 0; k < 5; k++) {
        quintic(x, p->rows, p->columns);
    }
    for (size_t i = 0; i < n; i++) {
        want[p->offset + i] -= 0.02 * factor *
                               (0.05 * want[p->offset + i] +
                                   sqrt(fmax(1, outputs / inputs)) * x[i]);
    }
}

static void
naive_step(const float *g, bool has_muon, double t, double factor)
{
    for (size_t k = 0; k < N_TABLE; k++) {
        const struct net_parameter *p = &table[k];
        if (has_muon && p->role == NET_MATRIX) {
            muon(p, g, factor);
            continue;
        }
        for (size_t i = 0; i < p->rows * p->columns; i++) {
            adam(p->offset + i, g[p->offset + i], t, factor,
                p->role == NET_GAIN ? 0 : 0.1);
        }
    }
}

static void
check_against_naive(bool has_muon)
{
    struct optimizer *o = make(has_muon, 1);
    float expected[SIZE];

    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    memset(mean, 0, sizeof(mean));
    memset(square, 0, sizeof(square));
    fill(parameters, SIZE, 1);
    for (size_t i = 0; i < SIZE; i++) {
        want[i] = parameters[i];
    }
    for (int step = 0; step < STEPS; step++) {
        double factor = 1.0 / (step + 1);
        fill(gradients, SIZE, 2 + (uint64_t)step);
        naive_step(gradients, has_muon, step + 1.0, factor);
        step_in_parts(o, factor, (uint64_t)step, 1);
    }
    for (size_t i = 0; i < SIZE; i++) {
        expected[i] = (float)want[i];
    }
    for (size_t k = 0; k < N_TABLE; k++) {
        CHECK_ARRAY_NEAR(table[k].name, parameters + table[k].offset,
            expected + table[k].offset, table[k].rows * table[k].columns,
            TOLERANCE);
    }
    optimizer_free(o);
}

static void
test_adamw_is_that_of_the_paper(void)
{
    check_against_naive(false);
}

static void
test_muon_is_for_matrices_and_adamw_for_the_rest(void)
{
    check_against_naive(true);
}

static void
test_threads_and_parts_change_no_bit(void)
{
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        struct optimizer *o = make(true, n_threads);
        double norm = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(o);
        fill(parameters, SIZE, 1);
        for (int step = 0; step < STEPS; step++) {
            fill(gradients, SIZE, 2 + (uint64_t)step);
            norm = optimizer_norm(o, gradients);
            optimizer_scale(o, gradients, (float)(1 / norm));
            step_in_parts(o, 1, (uint64_t)step, 2 * n_threads - 1);
        }
        if (n_threads == 1) {
            memcpy(before, parameters, sizeof(before));
        }
        CHECK_ARRAY_SAME("parameters", parameters, before, SIZE);
        optimizer_free(o);
    }
}

static void
test_norm_is_euclidean(void)
{
    struct optimizer *o = make(true, 2);
    double sum = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    fill(gradients, SIZE, 9);
    for (size_t i = 0; i < SIZE; i++) {
        sum += (double)gradients[i] * gradients[i];
    }
    CHECK_NEAR(optimizer_norm(o, gradients), sqrt(sum), 1e-12);
    optimizer_free(o);
}

static void
test_average_moves_by_its_share(void)
{
    struct optimizer *o = make(false, 2);

    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    fill(parameters, SIZE, 1);
    fill(before, SIZE, 2);
    fill(gradients, SIZE, 2);
    optimizer_average(o, before, parameters, 0.75f);
    for (size_t i = 0; i < SIZE; i++) {
        gradients[i] = 0.75f * gradients[i] + 0.25f * parameters[i];
    }
    CHECK_ARRAY_SAME("average", before, gradients, SIZE);
    optimizer_free(o);
}

/* Both come near the minimum of |x - a|^2 / 2. */
static void
test_minimum_of_a_quadratic_is_found(void)
{
    for (int has_muon = 0; has_muon < 2; has_muon++) {
        struct optimizer_settings s = settings;
        s.has_muon = has_muon;
        s.decay = s.muon_decay = 0;
        s.muon_rate = 0.05; /* the way to go is long */
        struct optimizer *o = optimizer_new(
            &s, table, N_TABLE, kernels_find(MATH_EXACT, NULL), 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(o);
        memset(parameters, 0, sizeof(parameters));
        fill(before, SIZE, 5);
        for (uint64_t step = 0; step < 600; step++) {
            for (size_t i = 0; i < SIZE; i++) {
                gradients[i] = parameters[i] - before[i];
            }
            optimizer_direct(o, gradients, 0, 1);
            optimizer_step(
                o, parameters, gradients, 1 - (double)step / 600, step);
        }
        CHECK_ARRAY_NEAR("minimum", parameters, before, SIZE, 0.02);
        optimizer_free(o);
    }
}

/* |X X^T - 1| is small when all singular values are near 1. */
static void
test_newton_schulz_makes_singular_values_near_one(void)
{
    float x[24 * 40], sum;
    struct muon *m = muon_new(kernels_find(MATH_EXACT, NULL), 24, 40);

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    fill(x, 24 * 40, 1);
    muon_orthogonalize(m, x);
    for (size_t i = 0; i < 24; i++) {
        sum = 0;
        for (size_t k = 0; k < 40; k++) {
            sum += x[i * 40 + k] * x[i * 40 + k];
        }
        /* Squares of singular values lie in [0.68^2, 1.14^2]. */
        CU_ASSERT(sum > 0.46f && sum < 1.3f);
    }
    muon_free(m);
}

static void
test_zeros_stay_zeros(void)
{
    float x[6 * 4] = {0}, zeros[6 * 4] = {0};
    struct muon *m = muon_new(kernels_find(MATH_EXACT, NULL), 6, 4);

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    muon_orthogonalize(m, x);
    CHECK_ARRAY_SAME("zeros", x, zeros, 6 * 4);
    muon_free(m);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_adamw_is_that_of_the_paper),
    CHECK_TEST(test_muon_is_for_matrices_and_adamw_for_the_rest),
    CHECK_TEST(test_threads_and_parts_change_no_bit),
    CHECK_TEST(test_norm_is_euclidean),
    CHECK_TEST(test_average_moves_by_its_share),
    CHECK_TEST(test_minimum_of_a_quadratic_is_found),
    CHECK_TEST(test_newton_schulz_makes_singular_values_near_one),
    CHECK_TEST(test_zeros_stay_zeros),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("optimizer", tests)
