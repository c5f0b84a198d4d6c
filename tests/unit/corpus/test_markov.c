/*
 * test_markov.c
 *
 * The source is the same bytes however it is cut, and it has the entropy that
 * it claims: without the first, ranks would measure different corpora; without
 * the second, nothing could be checked against it.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/rng.h"
#include "corpus/markov.h"

#define SOURCE_BYTES 1000000

static void
test_weights_sum_to_their_total_in_any_past(void)
{
    for (unsigned order = 0; order <= MARKOV_ORDER_MAX; order++) {
        struct markov m = {.seed = check_seed(), .order = order};
        for (uint64_t i = 0; i < 200; i++) {
            uint32_t weight[MARKOV_SYMBOLS], sum = 0;
            uint8_t past[8];
            uint64_t random = rng_at(check_seed(), i);
            memcpy(past, &random, sizeof(past));
            markov_weights(weight, &m, past, i % 9);
            for (unsigned s = 0; s < MARKOV_SYMBOLS; s++) {
                CU_ASSERT(weight[s] > 0);
                sum += weight[s];
            }
            CU_ASSERT_EQUAL(sum, 1u << MARKOV_WEIGHT_BITS);
        }
    }
}

/* Otherwise the source would not stay uniform over its pasts. */
static void
test_oldest_symbol_is_mapped_one_to_one(void)
{
    for (unsigned order = 1; order <= MARKOV_ORDER_MAX; order++) {
        struct markov m = {.seed = check_seed(), .order = order};
        uint8_t past[MARKOV_ORDER_MAX] = {0, 'c', 'n', 'f'};
        uint32_t sum[MARKOV_SYMBOLS] = {0};
        for (unsigned oldest = 0; oldest < MARKOV_SYMBOLS; oldest++) {
            uint32_t weight[MARKOV_SYMBOLS];
            past[0] = (uint8_t)('a' + oldest);
            markov_weights(weight, &m, past, order);
            for (unsigned s = 0; s < MARKOV_SYMBOLS; s++) {
                sum[s] += weight[s];
            }
        }
        for (unsigned s = 0; s < MARKOV_SYMBOLS; s++) {
            CU_ASSERT_EQUAL(sum[s], 1u << MARKOV_WEIGHT_BITS);
        }
    }
}

static void
test_pieces_equal_the_whole(void)
{
    enum { BYTES = 300000, PIECES = 60 };
    uint8_t *whole = malloc(BYTES);

    for (unsigned order = 0; order <= MARKOV_ORDER_MAX; order++) {
        struct markov m = {.seed = check_seed() + order, .order = order};
        markov_fill(&m, whole, 0, BYTES);
        for (uint64_t i = 0; i < PIECES; i++) {
            uint64_t at = i < 8 ? i : rng_at(order, i) % (BYTES - 3000);
            uint64_t bytes = i < 8 ? 1 : rng_at(order, i + 1000) % 3000;
            uint8_t *piece = check_guarded(bytes);
            markov_fill(&m, piece, at, bytes);
            CU_ASSERT_EQUAL(memcmp(piece, whole + at, bytes), 0);
            check_guarded_free(piece, bytes);
        }
    }
    free(whole);
}

/* Chi-square over (rank of the symbol by weight): 15 degrees of freedom. */
static void
test_symbols_occur_as_often_as_the_weights_say(void)
{
    for (unsigned order = 0; order <= MARKOV_ORDER_MAX; order++) {
        struct markov m = {.seed = 7, .order = order};
        uint8_t *source = malloc(SOURCE_BYTES);
        double seen[MARKOV_SYMBOLS] = {0}, expected[MARKOV_SYMBOLS] = {0};
        double single[MARKOV_SYMBOLS] = {0};
        double chi2 = 0.0, chi2_single = 0.0;
        markov_fill(&m, source, 0, SOURCE_BYTES);
        for (unsigned t = order; t < SOURCE_BYTES; t++) {
            uint32_t weight[MARKOV_SYMBOLS];
            unsigned s = source[t] - 'a', rank = 0;
            CU_ASSERT_FATAL(s < MARKOV_SYMBOLS);
            markov_weights(weight, &m, source, t);
            for (unsigned i = 0; i < MARKOV_SYMBOLS; i++) {
                rank +=
                    weight[i] > weight[s] || (weight[i] == weight[s] && i < s);
            }
            seen[rank]++;
            expected[rank] = weight[s] / 65536.0 * (SOURCE_BYTES - order);
            single[s]++;
        }
        for (unsigned r = 0; r < MARKOV_SYMBOLS; r++) {
            double d = seen[r] - expected[r];
            chi2 += d * d / expected[r];
            double uniform = (SOURCE_BYTES - order) / 16.0;
            chi2_single +=
                (single[r] - uniform) * (single[r] - uniform) / uniform;
        }
        /* Probability 1e-6 to exceed 56 by chance; the seed is fixed. */
        CU_ASSERT(chi2 < 56.0);
        /* Neighbours are dependent: the bound is only about uniformity. */
        if (order > 0) {
            CU_ASSERT(chi2_single < 200.0);
        }
        free(source);
    }
}

static void
test_entropy_and_variance_are_those_of_the_weights(void)
{
    struct markov m = {.seed = 3, .order = 2};
    uint32_t weight[MARKOV_SYMBOLS];
    double mean = 0.0, square = 0.0;

    markov_weights(weight, &m, (const uint8_t *)"ap", 2);
    for (unsigned s = 0; s < MARKOV_SYMBOLS; s++) {
        double p = weight[s] / 65536.0;
        mean -= p * log2(p);
        square += p * log2(p) * log2(p);
    }
    CHECK_NEAR(markov_entropy_bits(&m), mean, 1e-12);
    CHECK_NEAR(markov_variance_bits2(&m), square - mean * mean, 1e-12);
}

static void
test_code_length_lies_within_4_standard_errors_of_the_entropy(void)
{
    for (unsigned order = 0; order <= MARKOV_ORDER_MAX; order++) {
        struct markov m = {.seed = 1, .order = order};
        uint8_t *source = malloc(SOURCE_BYTES);
        double n = SOURCE_BYTES - order, bits = 0.0;
        markov_fill(&m, source, 0, SOURCE_BYTES);
        for (unsigned t = order; t < SOURCE_BYTES; t++) {
            uint32_t weight[MARKOV_SYMBOLS];
            markov_weights(weight, &m, source, t);
            bits -= log2(weight[source[t] - 'a'] / 65536.0);
        }
        CHECK_WITHIN(bits, n * markov_entropy_bits(&m),
            4.0 * sqrt(n * markov_variance_bits2(&m)));
        free(source);
    }
}

static void
test_seed_and_order_change_the_source(void)
{
    struct markov m[] = {{1, 2}, {2, 2}, {1, 1}, {1, 3}};
    uint8_t bytes[4][256];

    for (unsigned i = 0; i < 4; i++) {
        markov_fill(&m[i], bytes[i], 0, 256);
        for (unsigned j = 0; j < i; j++) {
            CU_ASSERT_NOT_EQUAL(memcmp(bytes[i], bytes[j], 256), 0);
        }
    }
}

static void
test_names_are_read(void)
{
    struct markov m;
    uint64_t bytes;

    CU_ASSERT_EQUAL(markov_parse(&m, &bytes, "4MB"), 0);
    CU_ASSERT_EQUAL(bytes, 4000000);
    CU_ASSERT_EQUAL(m.order, 2);
    CU_ASSERT_EQUAL(m.seed, 1);
    CU_ASSERT_EQUAL(markov_parse(&m, &bytes, "2KiB,seed=9,order=0"), 0);
    CU_ASSERT_EQUAL(bytes, 2048);
    CU_ASSERT_EQUAL(m.order, 0);
    CU_ASSERT_EQUAL(m.seed, 9);
}

static void
test_wrong_names_are_errors(void)
{
    const char *wrong[] = {"", "x", "4MB,", "4MB,order=5", "4MB,order=-1",
        "4MB,order=", "4MB,sed=1", "4MB,seed=x", "4MB,order=1,,seed=1",
        ",order=1", "4MB order=2"};
    struct markov m;
    uint64_t bytes;

    report_hold(true, NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        unsigned before = report_error_count();
        CU_ASSERT_EQUAL(markov_parse(&m, &bytes, wrong[i]), -1);
        CU_ASSERT_EQUAL(report_error_count(), before + 1);
    }
    report_discard();
    report_hold(false, NULL);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_weights_sum_to_their_total_in_any_past),
    CHECK_TEST(test_oldest_symbol_is_mapped_one_to_one),
    CHECK_TEST(test_pieces_equal_the_whole),
    CHECK_TEST(test_symbols_occur_as_often_as_the_weights_say),
    CHECK_TEST(test_entropy_and_variance_are_those_of_the_weights),
    CHECK_TEST(test_code_length_lies_within_4_standard_errors_of_the_entropy),
    CHECK_TEST(test_seed_and_order_change_the_source),
    CHECK_TEST(test_names_are_read),
    CHECK_TEST(test_wrong_names_are_errors),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("markov", tests)
