/*
 * test_net.c
 *
 * The gradient of every tensor of every kind of model is that of the loss:
 * finite differences of a second implementation, in double, agree with it,
 * whatever computes the products, with every instruction set, at shapes that
 * fill no tile.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "learn/net.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "net_reference.h"
#include "net_sample.h"

/* Float sums of some hundred terms, relative to the largest of a tensor. */
#define TOLERANCE 1e-4

/* Factors of 8 bits, errors of which are as often up as down. */
#define TOLERANCE_BF16 2e-2

/* Step of central differences: large scores bend the loss. */
#define STEP 1e-6

/* Numbers of a tensor that are checked one by one, besides directions. */
#define SINGLES 2

static const char *const names[] = {"portable", "neon", "avx2", "avx512"};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/*
 * The derivative of the reference's loss if numbers [first, first + n) move
 * by the signs of a random direction, or all up if seed is 0.
 */
static double
difference(struct sample *s, size_t first, size_t n, uint64_t seed)
{
    double nats[2];

    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++) {
            const double x = (double)s->parameters[first + i];
            const bool is_up = seed == 0 || check_random(seed + i) > 0;

            s->exact[first + i] = x + (is_up == (side == 1) ? STEP : -STEP);
        }
        nats[side] =
            net_reference_nats(s->net, &s->config, s->exact, &s->batch);
    }
    for (size_t i = 0; i < n; i++) {
        s->exact[first + i] = (double)s->parameters[first + i];
    }
    return (nats[1] - nats[0]) / (2 * STEP);
}

/* A tensor: along a random direction, and some single numbers. */
static void
check_tensor(struct sample *s, const struct net_parameter *p, double tolerance)
{
    const size_t n = p->rows * p->columns;
    const float *g = s->gradients + p->offset;
    const uint64_t seed = 5000 + p->offset;
    double along = 0.0, max = 0.0, norm = 0.0, want;

    for (size_t i = 0; i < n; i++) {
        const double x = (double)g[i];

        along += check_random(seed + i) > 0 ? x : -x;
        max = fabs(x) > max ? fabs(x) : max;
        norm += x * x;
    }
    CU_ASSERT(max > 0);
    want = difference(s, p->offset, n, seed);
    if (!(fabs(along - want) <= tolerance * sqrt(norm) + 1e-6)) {
        check_within(
            p->name, along, want, tolerance * sqrt(norm), __FILE__, __LINE__);
    }
    for (size_t i = 0; i < SINGLES; i++) {
        const size_t at =
            (size_t)((double)n * (0.5 + 0.5 * (double)check_random(seed + i)));

        want = difference(s, p->offset + at, 1, 0);
        check_within(p->name, (double)g[at], want, tolerance * max + 1e-6,
            __FILE__, __LINE__);
    }
}

static void
test_gradients_are_those_of_the_loss(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct sample s;
        size_t n;

        CU_ASSERT_FATAL(sample_init(&s, &sample_kinds[k], &options));
        const struct net_parameter *table = net_parameters(s.net, &n);

        sample_fill(&s, &sample_kinds[k]);
        sample_learn(&s);
        check_within(sample_kinds[k].name, s.nats,
            net_reference_nats(s.net, &s.config, s.exact, &s.batch),
            1e-5 * s.nats, __FILE__, __LINE__);
        for (size_t i = 0; i < n; i++) {
            check_tensor(&s, &table[i], TOLERANCE * sample_kinds[k].loudness);
        }
        sample_release(&s);
    }
}

/* One kind with some options; gradients (returned, mem_free) and nats. */
static float *
gradients_of(const struct sample_kind *kind, const struct net_options *options,
    size_t *n, double *nats)
{
    struct sample s;
    float *gradients = NULL;

    if (sample_init(&s, kind, options)) {
        sample_fill(&s, kind);
        sample_learn(&s);
        gradients = s.gradients;
        s.gradients = NULL;
        *n = s.n;
        *nats = s.nats;
    }
    sample_release(&s);
    return gradients;
}

/*
 * Every kind with options a and b; the same bits if tolerance is 0.  With
 * rounded factors scores are kept small, which their errors grow with.
 */
static void
compare(const struct net_options *a, const struct net_options *b,
    const char *name, double tolerance)
{
    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct sample_kind kind = sample_kinds[k];
        size_t n = 0;
        double nats[2] = {0};

        kind.loudness = b->engine == NET_BF16 ? 0.25f : kind.loudness;
        float *x = gradients_of(&kind, a, &n, &nats[0]);
        float *y = gradients_of(&kind, b, &n, &nats[1]);

        CU_ASSERT_FATAL(x != NULL && y != NULL);
        if (tolerance > 0) {
            CHECK_ARRAY_NEAR(name, y, x, n, tolerance);
        } else {
            CHECK_ARRAY_SAME(name, y, x, n);
        }
        CHECK_NEAR(nats[1], nats[0], 0.1 * tolerance);
        mem_free(y);
        mem_free(x);
    }
}

static void
test_instruction_sets_and_engines_agree(void)
{
    const struct net_options best = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t i = 0; i < N_NAMES; i++) {
        struct net_options other = best;

        other.kernels = kernels_find(MATH_EXACT, names[i]);
        if (other.kernels) {
            compare(&best, &other, names[i], 1e-5);
        }
    }
    if (gemm_blas_library()) {
        struct net_options other = best;

        other.engine = NET_BLAS;
        compare(&best, &other, "OpenBLAS", 1e-5);
    }
}

static void
test_bf16_gradients_are_nearly_those_of_floats(void)
{
    struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};
    struct net_options bf16 = options;

    bf16.engine = NET_BF16;
    if (net_engine_exists(NET_BF16)) {
        compare(&options, &bf16, "bf16", TOLERANCE_BF16);
        options.engine = NET_BF16;
        bf16.is_recomputed = true;
        compare(&options, &bf16, "bf16, recomputed", 0);
        options.n_threads = 2;
        compare(&options, &options, "bf16, two threads", 0);
    }
}

static void
test_recomputed_layers_give_the_same_bits(void)
{
    struct net_options options[2] = {
        {.kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1}};

    options[1] = options[0];
    options[1].is_recomputed = true;
    compare(&options[0], &options[1], "recomputed", 0);
}

/* Many sequences in several groups: long ones, and short ones. */
static const struct sample_kind many[] = {
    {"five groups", 5, 300,
        "{\"model_type\": \"llama\", " SAMPLE_COMMON
        "\"num_attention_heads\": 2, \"head_dim\": 12, "
        "\"tie_word_embeddings\": true}",
        1},
    {"three groups of short sequences", 30, 40,
        "{\"model_type\": \"llama\", " SAMPLE_COMMON
        "\"num_attention_heads\": 2, \"head_dim\": 12, "
        "\"tie_word_embeddings\": false}",
        1},
};

static void
test_threads_repeat_their_bits(void)
{
    for (size_t k = 0; k < 2; k++) {
        float *first = NULL;

        for (int n_threads = 1; n_threads <= 7; n_threads++) {
            const struct net_options options = {
                .kernels = kernels_find(MATH_EXACT, NULL),
                .n_threads = n_threads};
            size_t n;
            double nats[2];
            float *x = gradients_of(&many[k], &options, &n, &nats[0]);
            float *y = gradients_of(&many[k], &options, &n, &nats[1]);

            CU_ASSERT_FATAL(x != NULL && y != NULL);
            CHECK_ARRAY_SAME(many[k].name, y, x, n);
            CU_ASSERT(nats[0] == nats[1]);
            if (first) {
                CHECK_ARRAY_NEAR(many[k].name, x, first, n, 1e-5);
                mem_free(x);
            } else {
                first = x;
            }
            mem_free(y);
        }
        mem_free(first);
    }
}

/* What was announced: each number's value at that time. */
struct announced {
    const float *gradients;
    float *then;
    unsigned char *n_times;
    size_t last; /* first number of the range before */
    bool is_in_order;
};

static void
note_range(void *user, size_t first, size_t end)
{
    struct announced *a = user;

    a->is_in_order = a->is_in_order && end <= a->last && first < end;
    a->last = first;
    for (size_t i = first; i < end; i++) {
        a->then[i] = a->gradients[i];
        a->n_times[i]++;
    }
}

static void
test_every_number_is_announced_once_when_final(void)
{
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        for (size_t k = 0; k < SAMPLE_KINDS + 2; k++) {
            const struct sample_kind *kind =
                k < SAMPLE_KINDS ? &sample_kinds[k] : &many[k - SAMPLE_KINDS];
            const struct net_options options = {
                .kernels = kernels_find(MATH_EXACT, NULL),
                .n_threads = n_threads};
            struct sample s;
            struct announced a = {.is_in_order = true};
            size_t n_once = 0;

            CU_ASSERT_FATAL(sample_init(&s, kind, &options));
            sample_fill(&s, kind);
            a.gradients = s.gradients;
            a.then = mem_alloc(s.n, sizeof(float));
            a.n_times = mem_alloc(s.n, 1);
            a.last = s.n;
            CU_ASSERT_FATAL(a.then != NULL && a.n_times != NULL);
            net_learn(s.net, s.gradients, &s.nats, s.parameters, &s.batch, 1.0f,
                note_range, &a);
            for (size_t i = 0; i < s.n; i++) {
                n_once += a.n_times[i] == 1;
            }
            CU_ASSERT_EQUAL(n_once, s.n);
            CU_ASSERT_EQUAL(a.last, 0);
            CU_ASSERT(a.is_in_order);
            CHECK_ARRAY_SAME(kind->name, a.then, s.gradients, s.n);
            mem_free(a.n_times);
            mem_free(a.then);
            sample_release(&s);
        }
    }
}

static void
test_gradients_are_added_and_scaled(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 2};
    struct sample s;
    float *once;
    double nats;

    CU_ASSERT_FATAL(sample_init(&s, &many[0], &options));
    sample_fill(&s, &many[0]);
    sample_learn(&s);
    once = mem_alloc(s.n, sizeof(float));
    CU_ASSERT_FATAL(once != NULL);
    memcpy(once, s.gradients, s.n * sizeof(float));
    nats = s.nats;
    net_learn(
        s.net, s.gradients, &s.nats, s.parameters, &s.batch, 0.5f, NULL, NULL);
    for (size_t i = 0; i < s.n; i++) {
        once[i] *= 1.5f;
    }
    CHECK_ARRAY_NEAR("1 + 0.5", s.gradients, once, s.n, 1e-5);
    CHECK_NEAR(s.nats, 2 * nats, 1e-12);
    net_learn(s.net, NULL, &s.nats, s.parameters, &s.batch, 1.0f, NULL, NULL);
    CHECK_NEAR(s.nats, 3 * nats, 1e-12);
    mem_free(once);
    sample_release(&s);
}

static void
test_start_values_predict_all_symbols_alike(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct sample s;
        float *again;

        CU_ASSERT_FATAL(sample_init(&s, &sample_kinds[k], &options));
        again = mem_alloc(s.n, sizeof(float));
        CU_ASSERT_FATAL(again != NULL);
        net_init(s.net, s.parameters, 7);
        net_init(s.net, again, 7);
        CHECK_ARRAY_SAME(sample_kinds[k].name, again, s.parameters, s.n);
        sample_learn(&s);
        CHECK_NEAR(s.nats,
            log(37.0) * (double)(sample_kinds[k].B * sample_kinds[k].T - 1),
            0.02);
        mem_free(again);
        sample_release(&s);
    }
}

static void
test_numbers_that_are_none_show_in_the_loss(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};
    struct sample s;

    CU_ASSERT_FATAL(sample_init(&s, &sample_kinds[0], &options));
    sample_fill(&s, &sample_kinds[0]);
    s.parameters[s.n - 1] = NAN;
    sample_learn(&s);
    CU_ASSERT(isnan(s.nats));
    sample_release(&s);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_gradients_are_those_of_the_loss),
    CHECK_TEST(test_instruction_sets_and_engines_agree),
    CHECK_TEST(test_bf16_gradients_are_nearly_those_of_floats),
    CHECK_TEST(test_recomputed_layers_give_the_same_bits),
    CHECK_TEST(test_threads_repeat_their_bits),
    CHECK_TEST(test_every_number_is_announced_once_when_final),
    CHECK_TEST(test_gradients_are_added_and_scaled),
    CHECK_TEST(test_start_values_predict_all_symbols_alike),
    CHECK_TEST(test_numbers_that_are_none_show_in_the_loss),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("net", tests)
