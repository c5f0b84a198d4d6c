/*
 * test_predict.c
 *
 * A predictor is found by its name or refused with a reason; whoever knows the
 * truth about a source pays exactly its entropy, whoever knows nothing 8 bits.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/rng.h"
#include "collect.h"
#include "corpus/markov.h"
#include "predict/predict.h"

static void
test_wrong_names_and_options_are_errors(void)
{
    const struct predictor_options wrong[] = {
        {.name = ""},
        {.name = "gzip"},
        {.name = "unifor"},
        {.name = "uniform:1"},
        {.name = "uniform", .carry = true},
        {.name = "ngram:2", .start = "none"},
        {.name = "uniform", .context = 5},
        {.name = "ngram"},
        {.name = "ngram:"},
        {.name = "ngram:x"},
        {.name = "ngram:9"},
        {.name = "ngram:-1"},
        {.name = "ngram:3", .stride = 1},
        {.name = "markov"},
        {.name = "markov", .corpus = "text:markov:4MB"},
        {.name = "markov", .corpus = "markov:4MB,order=9"},
        {.name = "markov:"},
        {.name = "markov:order=5"},
        {.name = "markov:4MB,order=1"},
        {.name = "markov:order=1", .carry = true},
        {.name = "model"},
        {.name = "model:"},
        {.name = "model:/nonexistent/model"},
    };

    report_hold(true, NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        unsigned before = report_error_count();
        CU_ASSERT_PTR_NULL(predictor_open(&wrong[i]));
        CU_ASSERT_EQUAL(report_error_count(), before + 1);
        report_discard();
    }
    report_hold(false, NULL);
}

static void
test_uniform_costs_8_bits_a_byte(void)
{
    const struct predictor_options options = {.name = "uniform"};
    uint8_t chunk[256];

    for (unsigned i = 0; i < 256; i++) {
        chunk[i] = (uint8_t)(255 - i);
    }
    for (size_t bytes = 0; bytes <= 256; bytes += 64) {
        struct collected c = collect_named(&options, chunk, bytes);
        CU_ASSERT_EQUAL(c.bits, 8.0 * (double)bytes);
        CU_ASSERT_EQUAL(c.n_tokens, bytes);
        collect_free(&c);
    }
}

/* Code length of a chunk by its definition. */
static double
true_bits(const struct markov *m, const uint8_t *chunk, size_t bytes)
{
    double bits = 0.0;

    for (size_t t = 0; t < bytes; t++) {
        uint32_t weight[MARKOV_SYMBOLS];
        markov_weights(weight, m, chunk, t);
        bits -= log2(weight[chunk[t] - 'a'] / 65536.0);
    }
    return bits;
}

static void
test_markov_knows_the_truth_about_its_corpus(void)
{
    enum { BYTES = 20000 };
    uint8_t *chunk = malloc(BYTES);

    for (unsigned order = 0; order <= MARKOV_ORDER_MAX; order++) {
        struct markov m = {.seed = check_seed(), .order = order};
        char corpus[100];
        snprintf(corpus, sizeof(corpus), "markov:4MB,order=%u,seed=%llu", order,
            (unsigned long long)m.seed);
        struct predictor_options options = {.name = "markov", .corpus = corpus};
        markov_fill(&m, chunk, 123456, BYTES);
        struct collected c = collect_named(&options, chunk, BYTES);
        CHECK_NEAR(c.bits, true_bits(&m, chunk, BYTES), 1e-9);
        double n = BYTES - order;
        CHECK_WITHIN(c.bits - 4.0 * order, n * markov_entropy_bits(&m),
            4.0 * sqrt(n * markov_variance_bits2(&m)));
        for (unsigned t = 0; t < order; t++) {
            CU_ASSERT_EQUAL(c.symbols[t].bits, 4.0);
        }
        /* The same source named in the predictor instead. */
        options.name = strchr(corpus, ',') + 1;
        char name[100];
        snprintf(name, sizeof(name), "markov:%s", options.name);
        struct predictor_options named = {.name = name};
        struct collected d = collect_named(&named, chunk, BYTES);
        CU_ASSERT(collect_equal(&c, &d));
        collect_free(&c);
        collect_free(&d);
    }
    free(chunk);
}

static int
ignore(void *user, const struct predict_symbol *symbol)
{
    (void)user;
    (void)symbol;
    return 0;
}

static int
stop(void *user, const struct predict_symbol *symbol)
{
    (void)symbol;
    return ++*(int *)user == 3 ? -1 : 0;
}

static void
test_markov_refuses_what_its_source_cannot_say(void)
{
    const struct predictor_options options = {.name = "markov:order=1"};
    struct predictor *p = predictor_open(&options);
    struct predictor_session *s = predictor_session_new(p, 10, 1);

    report_hold(true, NULL);
    const char *wrong[] = {"abcq", "ab`", "\xff"};
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(predictor_score(s, (const uint8_t *)wrong[i],
                            strlen(wrong[i]), ignore, NULL),
            -1);
        report_discard();
    }
    report_hold(false, NULL);
    CU_ASSERT_EQUAL(
        predictor_score(s, (const uint8_t *)"abcp", 4, ignore, NULL), 0);
    predictor_session_free(s);
    predictor_close(p);
}

static void
test_emit_can_stop_a_score(void)
{
    const char *names[] = {"uniform", "markov:order=1", "ngram:2"};

    for (unsigned i = 0; i < 3; i++) {
        const struct predictor_options options = {.name = names[i]};
        struct predictor *p = predictor_open(&options);
        struct predictor_session *s = predictor_session_new(p, 10, 1);
        int n_calls = 0;
        CU_ASSERT_EQUAL(
            predictor_score(s, (const uint8_t *)"abcdefgh", 8, stop, &n_calls),
            -1);
        CU_ASSERT_EQUAL(n_calls, 3);
        predictor_session_free(s);
        predictor_close(p);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_wrong_names_and_options_are_errors),
    CHECK_TEST(test_uniform_costs_8_bits_a_byte),
    CHECK_TEST(test_markov_knows_the_truth_about_its_corpus),
    CHECK_TEST(test_markov_refuses_what_its_source_cannot_say),
    CHECK_TEST(test_emit_can_stop_a_score),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("predict", tests)
