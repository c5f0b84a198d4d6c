/*
 * test_softmax.c
 *
 * Whatever the logits, every symbol keeps a frequency of at least 1, the
 * frequencies add up to the total, and the bits are those of the softmax:
 * with every instruction set the same integers, so that what one processor
 * encoded another can decode.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "math/kernels.h"
#include "math/softmax.h"
#include "naive.h"

/* Errors of expf are a few 1e-8, so of its logarithm too. */
#define BITS_TOLERANCE 2e-7

/* The seed of the inputs whose digest is known. */
#define DIGEST_SEED 1

static const size_t sizes[] = {1, 2, 15, 16, 17, 63, 64, 65, 256, 1000, 49152};
static const char *const names[] = {"portable", "neon", "avx2", "avx512"};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define N_NAMES (sizeof(names) / sizeof(names[0]))
#define V_MAX   49152

/* Logits as a model gives them: spread over some 20, one of 7 impossible. */
static float *
new_logits(size_t V, float spread)
{
    float *logits = mem_alloc(V, sizeof(*logits));

    for (size_t i = 0; i < V; i++) {
        logits[i] = i % 7 == 3 ? -INFINITY : spread * check_random(i + V);
    }
    return logits;
}

/* What softmax_code() says of symbol, from the frequencies of all. */
static void
check_code(const struct kernels *k, const float *logits,
    const uint64_t *frequency, uint64_t total, size_t V, size_t symbol)
{
    struct softmax_symbol code;
    uint64_t before = 0;

    softmax_code(k, &code, logits, V, symbol);
    for (size_t i = 0; i < symbol; i++) {
        before += frequency[i];
    }
    CU_ASSERT_EQUAL(code.cumulative, before);
    CU_ASSERT_EQUAL(code.frequency, frequency[symbol]);
    CU_ASSERT_EQUAL(code.total, total);
    if (isfinite(logits[symbol])) {
        CHECK_WITHIN(code.bits, naive_bits(logits, V, symbol), BITS_TOLERANCE);
    } else {
        CU_ASSERT(isinf(code.bits) && code.bits > 0);
        CU_ASSERT_EQUAL(code.frequency, 1);
    }
}

static void
test_frequencies_add_up_and_symbols_fit(void)
{
    const struct kernels *k = kernels_find(MATH_EXACT, NULL);
    uint64_t *frequency = mem_alloc(V_MAX, sizeof(*frequency));

    for (size_t n = 0; n < N_SIZES; n++) {
        const size_t V = sizes[n];
        float *logits = new_logits(V, 20);
        uint64_t total = softmax_frequencies(k, frequency, logits, V);
        uint64_t sum = 0;
        size_t step = V < 100 ? 1 : V / 37;

        for (size_t i = 0; i < V; i++) {
            CU_ASSERT_FATAL(frequency[i] >= 1);
            sum += frequency[i];
        }
        CU_ASSERT_EQUAL(sum, total);
        for (size_t i = 0; i < V; i += step) {
            check_code(k, logits, frequency, total, V, i);
        }
        check_code(k, logits, frequency, total, V, V - 1);
        mem_free(logits);
    }
    mem_free(frequency);
}

static void
test_every_instruction_set_gives_the_same_bits(void)
{
    const struct kernels *portable = kernels_find(MATH_EXACT, "portable");

    for (size_t n = 0; n < N_NAMES * N_SIZES; n++) {
        const struct kernels *k = kernels_find(MATH_EXACT, names[n % N_NAMES]);
        const size_t V = sizes[n / N_NAMES];
        float *logits = new_logits(V, (n + n / N_NAMES) % 2 ? 5 : 100);
        struct softmax_symbol got, want;

        memset(&got, 0, sizeof(got));
        memset(&want, 0, sizeof(want));
        for (size_t i = 0; k && i < V; i += 1 + V / 20) {
            softmax_code(portable, &want, logits, V, i);
            softmax_code(k, &got, logits, V, i);
            CU_ASSERT(memcmp(&got, &want, sizeof(got)) == 0);
        }
        mem_free(logits);
    }
}

/* Where a logarithm near 0 shows the last bit of the sum of doubles. */
static void
test_bits_of_likely_symbols_are_equal(void)
{
    const struct kernels *portable = kernels_find(MATH_EXACT, "portable");
    float logits[130];

    for (size_t n = 0; n < 1000 * N_NAMES; n++) {
        const struct kernels *k = kernels_find(MATH_EXACT, names[n % N_NAMES]);
        struct softmax_symbol got = {0, 0, 0, 0}, want = {0, 0, 0, 0};

        for (size_t i = 0; i < 130; i++) {
            logits[i] = 30 * check_random(130 * n + i) - 30;
        }
        logits[7] = 1;
        if (k) {
            softmax_code(portable, &want, logits, 130, 7);
            softmax_code(k, &got, logits, 130, 7);
            CU_ASSERT_EQUAL(got.bits, want.bits);
        }
    }
}

static void
test_frequencies_of_instruction_sets_are_equal(void)
{
    const struct kernels *portable = kernels_find(MATH_EXACT, "portable");
    uint64_t *got = mem_alloc(V_MAX, sizeof(*got));
    uint64_t *want = mem_alloc(V_MAX, sizeof(*want));

    for (size_t n = 0; n < N_NAMES * N_SIZES; n++) {
        const struct kernels *k = kernels_find(MATH_EXACT, names[n % N_NAMES]);
        const size_t V = sizes[n / N_NAMES];
        float *logits = new_logits(V, 30);

        if (k) {
            CU_ASSERT_EQUAL(softmax_frequencies(k, got, logits, V),
                softmax_frequencies(portable, want, logits, V));
            CU_ASSERT(memcmp(got, want, V * sizeof(*got)) == 0);
        }
        mem_free(logits);
    }
    mem_free(got);
    mem_free(want);
}

static void
test_flat_logits_cost_log2_of_their_number(void)
{
    const struct kernels *k = kernels_find(MATH_EXACT, NULL);

    for (size_t n = 0; n < N_SIZES; n++) {
        const size_t V = sizes[n];
        const uint64_t each = (UINT64_C(1) << SOFTMAX_BITS) + 1;
        float *logits = mem_alloc(V, sizeof(*logits));
        struct softmax_symbol code;

        for (size_t i = 0; i < V; i++) {
            logits[i] = -123.25f;
        }
        softmax_code(k, &code, logits, V, V / 2);
        CU_ASSERT_EQUAL(code.frequency, each);
        CU_ASSERT_EQUAL(code.cumulative, V / 2 * each);
        CU_ASSERT_EQUAL(code.total, V * each);
        CHECK_WITHIN(code.bits, log2((double)V), 1e-14);
        mem_free(logits);
    }
}

static void
test_a_certain_symbol_costs_nothing(void)
{
    const struct kernels *k = kernels_find(MATH_EXACT, NULL);

    for (size_t n = 0; n < N_SIZES; n++) {
        const size_t V = sizes[n];
        float *logits = mem_alloc(V, sizeof(*logits));
        struct softmax_symbol code;

        for (size_t i = 0; i < V; i++) {
            logits[i] = i % 2 ? -INFINITY : -3e38f;
        }
        logits[V - 1] = 3e38f;
        softmax_code(k, &code, logits, V, V - 1);
        CU_ASSERT_EQUAL(code.bits, 0.0);
        CU_ASSERT_EQUAL(code.cumulative, V - 1);
        CU_ASSERT_EQUAL(code.total, (UINT64_C(1) << SOFTMAX_BITS) + V);
        mem_free(logits);
    }
}

/* What the integers cost is what the softmax costs, for likely symbols. */
static void
test_integers_cost_what_the_softmax_costs(void)
{
    const struct kernels *k = kernels_find(MATH_EXACT, NULL);
    const size_t V = 1000;
    float *logits = new_logits(V, 10);

    for (size_t i = 0; i < V; i += 7) {
        struct softmax_symbol code;
        double bits;

        softmax_code(k, &code, logits, V, i);
        bits = log2((double)code.total / (double)code.frequency);
        CHECK_WITHIN(bits, code.bits, 0.01);
        if (code.bits < 10) {
            CHECK_WITHIN(bits, code.bits, 1e-6);
        }
    }
    mem_free(logits);
}

/* Any compiler, flags and processor: archives depend on these bits. */
static void
test_bits_are_those_of_every_machine(void)
{
    const struct kernels *k = kernels_find(MATH_EXACT, "portable");
    uint64_t hash = NAIVE_DIGEST;

    for (size_t n = 0; n < N_SIZES; n++) {
        float *logits = new_logits(sizes[n], 20);
        struct softmax_symbol code;

        softmax_code(k, &code, logits, sizes[n], sizes[n] / 2);
        hash = naive_digest(hash, &code.cumulative, sizeof(uint64_t));
        hash = naive_digest(hash, &code.frequency, sizeof(uint64_t));
        hash = naive_digest(hash, &code.total, sizeof(uint64_t));
        hash = naive_digest(hash, &code.bits, sizeof(double));
        mem_free(logits);
    }
    if (check_seed() == DIGEST_SEED) {
        CU_ASSERT_EQUAL(hash, UINT64_C(0x1dc10c2f8d4f2f73));
    }
}

/* Wherever they are: in whole groups, in the rest, first or last. */
static void
test_what_is_no_number_is_refused(void)
{
    static const float bad[] = {NAN, INFINITY, -NAN};
    static const size_t places[] = {0, 63, 64, 100, 129};
    struct softmax_symbol code;
    float logits[130];

    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        const struct kernels *k = kernels_find(MATH_EXACT, names[n]);

        for (size_t i = 0; k && i < 130; i++) {
            logits[i] = -INFINITY;
        }
        CU_ASSERT(!k || !softmax_code(k, &code, logits, 130, 3));
        for (size_t i = 0; k && i < sizeof(places) / sizeof(places[0]); i++) {
            for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
                logits[5] = 1;
                CU_ASSERT(softmax_code(k, &code, logits, 130, 3));
                logits[places[i]] = bad[b];
                CU_ASSERT(!softmax_code(k, &code, logits, 130, 3));
                logits[places[i]] = -INFINITY;
            }
        }
    }
}

static void
test_the_largest_of_parts_is_that_of_all(void)
{
    const float bad[] = {1, -INFINITY, INFINITY, NAN};
    const struct kernels *k = kernels_find(MATH_EXACT, NULL);

    for (size_t i = 0; i < 4 * 130; i++) {
        float *logits = new_logits(130, 20), ends[2];
        size_t cut = i % 130;

        logits[(i * 37) % 130] = bad[i / 130];
        float want = softmax_top(k, logits, 130);
        ends[0] = softmax_top(k, logits, cut);
        ends[1] = softmax_top(k, logits + cut, 130 - cut);
        for (size_t j = 0; j < 2; j++) {
            float got = softmax_join(ends[j], ends[1 - j]);
            CU_ASSERT(got == want || (isnan(got) && isnan(want)));
        }
        CU_ASSERT_EQUAL(isnan(want), i / 130 > 1);
        mem_free(logits);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_frequencies_add_up_and_symbols_fit),
    CHECK_TEST(test_every_instruction_set_gives_the_same_bits),
    CHECK_TEST(test_bits_of_likely_symbols_are_equal),
    CHECK_TEST(test_frequencies_of_instruction_sets_are_equal),
    CHECK_TEST(test_flat_logits_cost_log2_of_their_number),
    CHECK_TEST(test_a_certain_symbol_costs_nothing),
    CHECK_TEST(test_integers_cost_what_the_softmax_costs),
    CHECK_TEST(test_bits_are_those_of_every_machine),
    CHECK_TEST(test_what_is_no_number_is_refused),
    CHECK_TEST(test_the_largest_of_parts_is_that_of_all),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("softmax", tests)
