/*
 * test_draw.c
 *
 * What is drawn follows the frequencies, by temperature and among the k most
 * frequent only, and a seed says what it is.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "coder/draw.h"

#define N         ((size_t)12)
#define N_SAMPLES ((size_t)100000)

/* 11 degrees of freedom: exceeded once in 10^6; the seed is fixed. */
#define CHI_SQUARE_MAX 48.8

static const uint64_t frequency[N] = {
    90, 4, 0, 700, 55, 700, 1, 230, 12, 230, 31, 400};

static void
count_samples(size_t count[N], double temperature, uint64_t top_k)
{
    struct draw draw;
    const struct draw_options options = {temperature, top_k, check_seed()};

    CU_ASSERT_EQUAL_FATAL(draw_init(&draw, N, &options), 0);
    memset(count, 0, N * sizeof(*count));
    for (size_t i = 0; i < N_SAMPLES; i++) {
        uint32_t symbol = draw_symbol(&draw, frequency, N);
        CU_ASSERT_FATAL(symbol < N);
        count[symbol]++;
    }
    draw_release(&draw);
}

/* Samples suit these weights. */
static void
check_suits(const size_t count[N], const double weight[N])
{
    double total = 0, chi_square = 0;

    for (size_t i = 0; i < N; i++) {
        total += weight[i];
    }
    for (size_t i = 0; i < N; i++) {
        double want = (double)N_SAMPLES * weight[i] / total;
        double off = (double)count[i] - want;
        if (weight[i] == 0) {
            CU_ASSERT_EQUAL(count[i], 0);
        } else {
            chi_square += off * off / want;
        }
    }
    CHECK_WITHIN(chi_square, 0, CHI_SQUARE_MAX);
}

static void
test_samples_follow_the_frequencies(void)
{
    size_t count[N];
    double weight[N];

    for (size_t i = 0; i < N; i++) {
        weight[i] = (double)frequency[i];
    }
    count_samples(count, 1, 0);
    check_suits(count, weight);
    count_samples(count, 1, N);
    check_suits(count, weight);
}

static void
test_temperature_is_an_exponent(void)
{
    static const double temperatures[] = {0.5, 0.8, 2, 1000};
    size_t count[N];
    double weight[N];

    for (size_t t = 0; t < sizeof(temperatures) / sizeof(double); t++) {
        for (size_t i = 0; i < N; i++) {
            weight[i] = frequency[i] == 0
                            ? 0
                            : pow((double)frequency[i], 1 / temperatures[t]);
        }
        count_samples(count, temperatures[t], 0);
        check_suits(count, weight);
    }
}

static void
test_only_the_most_frequent_are_drawn(void)
{
    size_t count[N];
    double weight[N] = {0};

    weight[3] = weight[5] = 700;
    weight[11] = 400;
    weight[7] = 230; /* the first of two */
    count_samples(count, 1, 4);
    check_suits(count, weight);
}

static void
test_without_temperature_it_is_the_most_frequent(void)
{
    size_t count[N];

    count_samples(count, 0, 0);
    CU_ASSERT_EQUAL(count[3], N_SAMPLES);
    count_samples(count, 1, 1);
    CU_ASSERT_EQUAL(count[3], N_SAMPLES);
    count_samples(count, 0.001, 1);
    CU_ASSERT_EQUAL(count[3], N_SAMPLES);
}

/* Two of the largest that are allowed, with a temperature and without. */
static void
test_large_frequencies_do_not_overflow(void)
{
    static const double temperatures[] = {1, 0.7, 1000};
    const uint64_t large[3] = {UINT64_C(1) << 56, 1, UINT64_C(1) << 56};

    for (size_t t = 0; t < 3; t++) {
        const struct draw_options options = {temperatures[t], 2, 5};
        struct draw draw;
        size_t n_first = 0;
        CU_ASSERT_EQUAL_FATAL(draw_init(&draw, 3, &options), 0);
        for (int i = 0; i < 1000; i++) {
            uint32_t symbol = draw_symbol(&draw, large, 3);
            CU_ASSERT(symbol != 1);
            n_first += symbol == 0;
        }
        CU_ASSERT(n_first > 400 && n_first < 600);
        draw_release(&draw);
    }
}

static void
draw_many(uint32_t out[100], uint64_t seed)
{
    const struct draw_options options = {0.9, 7, seed};
    struct draw draw;

    CU_ASSERT_EQUAL_FATAL(draw_init(&draw, N, &options), 0);
    for (int i = 0; i < 100; i++) {
        out[i] = draw_symbol(&draw, frequency, N);
    }
    draw_release(&draw);
}

static void
test_a_seed_says_what_is_drawn(void)
{
    uint32_t a[100], b[100], c[100];

    draw_many(a, 1);
    draw_many(b, 1);
    draw_many(c, 2);
    CU_ASSERT_EQUAL(memcmp(a, b, sizeof(a)), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a, c, sizeof(a)), 0);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_samples_follow_the_frequencies),
    CHECK_TEST(test_temperature_is_an_exponent),
    CHECK_TEST(test_only_the_most_frequent_are_drawn),
    CHECK_TEST(test_without_temperature_it_is_the_most_frequent),
    CHECK_TEST(test_large_frequencies_do_not_overflow),
    CHECK_TEST(test_a_seed_says_what_is_drawn),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("draw", tests)
