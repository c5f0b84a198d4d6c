/*
 * test_activation.c
 *
 * Activation functions and soft caps are within a few units in the last place
 * of the true value (libm's long double), layer norms and capped attention
 * are what their formulas say; NaN stays NaN, nothing beyond a row is touched,
 * and every instruction set gives the same bits at any size.
 */
#include "math/activation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "math/attention.h"
#include "math/kernels.h"
#include "math/vector.h"

/* Arguments per function. */
#define N_POINTS 100000

/* Largest error allowed: of the value, or of |x| / 64 where the value is
   small because of an exponential, whose argument is rounded. */
#define ERROR_MAX 6e-7

static const size_t sizes[] = {1, 2, 15, 16, 17, 31, 33, 64, 100, 576, 1024};
static const char *const names[] = {"neon", "avx2", "avx512"};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static const struct kernels *
best(void)
{
    return kernels_find(MATH_EXACT, NULL);
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

static long double
truth(enum activation activation, long double x)
{
    switch (activation) {
    case ACTIVATION_SILU:
        return x / (1 + expl(-x));
    case ACTIVATION_GELU:
        return x * erfcl(-x / sqrtl(2)) / 2;
    default:
        return x / (1 + expl(-2 * sqrtl(2 / acosl(-1)) *
                             (x + 0.044715L * x * x * x)));
    }
}

static void
test_activations_are_near_the_truth(void)
{
    for (int a = 0; a < N_ACTIVATIONS; a++) {
        static const float spreads[] = {20, 3, 1e-3f};
        float *x = mem_alloc(N_POINTS, sizeof(*x));
        double worst = 0;

        for (size_t s = 0; s < 3; s++) {
            for (size_t i = 0; i < N_POINTS; i++) {
                x[i] = spreads[s] * check_random(i);
            }
            activation_apply(best(), (enum activation)a, x, N_POINTS);
            for (size_t i = 0; i < N_POINTS; i++) {
                long double at = spreads[s] * check_random(i);
                long double want = truth((enum activation)a, at);
                double size = fmax(fabs((double)want), fabs((double)at) / 64);
                double error = fabs((double)(x[i] - want)) / size;
                worst = fmax(worst, error);
            }
        }
        printf("\n    %-12s %.2g ", activation_name((enum activation)a), worst);
        CHECK_WITHIN(worst, 0, ERROR_MAX);
        mem_free(x);
    }
}

static void
test_exact_gelu_keeps_its_tail(void)
{
    for (float at = -12.9f; at < -1; at += 0.01f) {
        float x = at;

        activation_apply(best(), ACTIVATION_GELU, &x, 1);
        CHECK_NEAR(x, (double)truth(ACTIVATION_GELU, at), 6e-7);
    }
}

static void
test_cap_is_a_scaled_tanh(void)
{
    const float caps[] = {0.3f, 1, 30, 50};

    for (size_t c = 0; c < 4; c++) {
        float *x = mem_alloc(N_POINTS, sizeof(*x));
        double worst = 0;

        for (size_t i = 0; i < N_POINTS; i++) {
            x[i] = caps[c] * 10 * check_random(i) * check_random(i);
        }
        activation_cap(best(), x, caps[c], N_POINTS);
        for (size_t i = 0; i < N_POINTS; i++) {
            float at = caps[c] * 10 * check_random(i) * check_random(i);
            long double want = caps[c] * tanhl((long double)at / caps[c]);
            worst = fmax(worst, fabs((double)((x[i] - want) / want)));
        }
        CHECK_WITHIN(worst, 0, ERROR_MAX);
        mem_free(x);
    }
}

static void
test_extremes_are_not_hidden(void)
{
    float x[] = {NAN, 1e30f, -1e30f, 100, -100, 0};

    for (int a = 0; a < N_ACTIVATIONS; a++) {
        float y[6];
        memcpy(y, x, sizeof(y));
        activation_apply(best(), (enum activation)a, y, 6);
        CU_ASSERT(isnan(y[0]));
        CU_ASSERT_EQUAL(y[1], 1e30f);
        CU_ASSERT_EQUAL(y[2], 0);
        CU_ASSERT_EQUAL(y[3], 100);
        CHECK_WITHIN(y[4], 0, 1e-30);
        CU_ASSERT_EQUAL(y[5], 0);
    }
    activation_cap(best(), x, 7, 6);
    CU_ASSERT(isnan(x[0]));
    CU_ASSERT_EQUAL(x[1], 7);
    CU_ASSERT_EQUAL(x[2], -7);
    CU_ASSERT_EQUAL(x[5], 0);
}

static void
test_gate_is_activation_times_up(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t n = sizes[i];
        for (int a = 0; a < N_ACTIVATIONS; a++) {
            float *gate = numbers(n, 4, 1), *up = numbers(n, 3, 2);
            float *alone = numbers(n, 4, 1);
            activation_gate(best(), (enum activation)a, gate, up, n);
            activation_apply(best(), (enum activation)a, alone, n);
            for (size_t j = 0; j < n; j++) {
                alone[j] *= up[j];
            }
            CHECK_ARRAY_SAME("gate", gate, alone, n);
            release(gate, n);
            release(up, n);
            release(alone, n);
        }
    }
    float gate[100], up[100], same[100];
    for (size_t i = 0; i < 100; i++) {
        gate[i] = same[i] = 5 * check_random(i);
        up[i] = check_random(i + 100);
    }
    activation_gate(best(), ACTIVATION_SILU, gate, up, 100);
    vector_swiglu(best(), same, up, 100);
    CHECK_ARRAY_SAME("swiglu", gate, same, 100);
}

/* All that this file tests, from n numbers, into out (5 n). */
static void
compute(const struct kernels *kernels, float *out, size_t n)
{
    for (int a = 0; a < N_ACTIVATIONS; a++) {
        float *x = numbers(n, 9, (uint64_t)a);
        activation_apply(kernels, (enum activation)a, x, n);
        memcpy(out + (size_t)a * n, x, n * sizeof(*x));
        release(x, n);
    }
    float *x = numbers(n, 9, 7), *gain = numbers(n, 1, 8);
    float *bias = numbers(n, 1, 9);
    vector_layer_norm(kernels, out + 3 * n, x, gain, bias, 1e-5f, 1, n);
    activation_cap(kernels, x, 4, n);
    memcpy(out + 4 * n, x, n * sizeof(*x));
    release(x, n);
    release(gain, n);
    release(bias, n);
}

static void
test_every_instruction_set_gives_the_same_bits(void)
{
    const struct kernels *portable = kernels_find(MATH_EXACT, "portable");
    float want[5 * 1024], got[5 * 1024];

    for (size_t i = 0; i < N_SIZES; i++) {
        compute(portable, want, sizes[i]);
        for (size_t k = 0; k < N_NAMES; k++) {
            const struct kernels *kernels = kernels_find(MATH_EXACT, names[k]);
            if (kernels != NULL) {
                compute(kernels, got, sizes[i]);
                CHECK_ARRAY_SAME(names[k], got, want, 5 * sizes[i]);
            }
        }
    }
}

static void
test_layer_norm_is_its_formula(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        const size_t T = 3, C = sizes[i];
        float *in = numbers(T * C, 2, 1), *out = numbers(T * C, 0, 0);
        float *gain = numbers(C, 1, 2), *bias = numbers(C, 1, 3);
        float *want = numbers(T * C, 0, 0);
        for (size_t t = 0; t < T; t++) {
            const float *x = in + t * C;
            double mean = 0, variance = 0;
            for (size_t c = 0; c < C; c++) {
                in[t * C + c] += (float)t; /* away from 0 */
                mean += (double)x[c] / (double)C;
            }
            for (size_t c = 0; c < C; c++) {
                variance += (x[c] - mean) * (x[c] - mean) / (double)C;
            }
            for (size_t c = 0; c < C; c++) {
                want[t * C + c] =
                    (float)((x[c] - mean) / sqrt(variance + 1e-5) *
                                (double)gain[c] +
                            (double)bias[c]);
            }
        }
        vector_layer_norm(best(), out, in, gain, bias, 1e-5f, T, C);
        CHECK_ARRAY_NEAR("layer norm", out, want, T * C, 2e-6);
        release(in, T * C);
        release(out, T * C);
        release(want, T * C);
        release(gain, C);
        release(bias, C);
    }
}

#define T_MAX 150
#define D     12
#define CAP   3.0f

/* Attention of one head in double. */
static void
naive_capped(float *out, const float *q, const float *k, const float *v,
    size_t position, size_t window)
{
    double weight[T_MAX], total = 0, sum[D] = {0};
    size_t first = window && position >= window ? position + 1 - window : 0;

    for (size_t j = first; j <= position; j++) {
        double score = 0;
        for (size_t d = 0; d < D; d++) {
            score += (double)q[d] * (double)k[j * D + d];
        }
        weight[j] = exp((double)CAP * tanh(score / (double)CAP));
        total += weight[j];
    }
    for (size_t j = first; j <= position; j++) {
        for (size_t d = 0; d < D; d++) {
            sum[d] += weight[j] * (double)v[j * D + d];
        }
    }
    for (size_t d = 0; d < D; d++) {
        out[d] = (float)(sum[d] / total);
    }
}

static void
test_capped_attention_is_its_formula(void)
{
    const size_t n = T_MAX * D;
    float *q = numbers(n, 2, 1), *k = numbers(n, 2, 2), *v = numbers(n, 1, 3);
    float *out = numbers(n, 0, 0), *want = numbers(n, 0, 0);

    for (size_t window = 0; window <= 70; window += 35) {
        struct kv_cache *cache = kv_cache_new(T_MAX, 1, D);
        struct attention_call call = {
            .out = out,
            .queries = q,
            .cache = cache,
            .T = T_MAX,
            .n_heads = 1,
            .window = window,
            .scale = 1,
            .cap = CAP,
            .n_threads = 1,
        };
        kv_cache_put(cache, k, v, 0, T_MAX);
        attention(best(), &call);
        for (size_t t = 0; t < T_MAX; t++) {
            naive_capped(want + t * D, q + t * D, k, v, t, window);
        }
        CHECK_ARRAY_NEAR("attention", out, want, n, 3e-6);
        kv_cache_free(cache);
    }
    release(q, n);
    release(k, n);
    release(v, n);
    release(out, n);
    release(want, n);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_activations_are_near_the_truth),
    CHECK_TEST(test_exact_gelu_keeps_its_tail),
    CHECK_TEST(test_cap_is_a_scaled_tanh),
    CHECK_TEST(test_extremes_are_not_hidden),
    CHECK_TEST(test_gate_is_activation_times_up),
    CHECK_TEST(test_every_instruction_set_gives_the_same_bits),
    CHECK_TEST(test_layer_norm_is_its_formula),
    CHECK_TEST(test_capped_attention_is_its_formula),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("activations", tests)
