/*
 * test_sampler.c
 *
 * Where a sequence lies is a function of seed and place only.  Windows lie
 * everywhere equally often; chunks come each once in an epoch, in an order
 * that differs between epochs and seeds.
 */
#include "check.h"

#include <string.h>

#include "learn/sampler.h"

/* Draws, cells they fall into, and how far a cell may be off: 6 standard
   deviations of a binomial count. */
#define N_DRAWS 200000
#define N_CELLS 50
#define FAR     380

static void
test_windows_lie_everywhere_equally_often(void)
{
    struct sampler s = {.seed = 3, .n_tokens = 10000};
    unsigned counts[N_CELLS] = {0};
    uint64_t n_starts = s.n_tokens - 512 + 1, low = UINT64_MAX, high = 0;

    for (uint64_t i = 0; i < N_DRAWS; i++) {
        uint64_t first = sampler_at(&s, i * 512, 512);
        CU_ASSERT_FATAL(first < n_starts);
        counts[first * N_CELLS / n_starts]++;
        low = first < low ? first : low;
        high = first > high ? first : high;
    }
    for (int c = 0; c < N_CELLS; c++) {
        CHECK_WITHIN(counts[c], (double)N_DRAWS / N_CELLS, FAR);
    }
    CU_ASSERT_EQUAL(low, 0);
    CU_ASSERT_EQUAL(high, n_starts - 1);
}

static void
test_chunks_come_each_once_in_an_epoch(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 7, 64, 65, 1000};
    uint8_t seen[1000];

    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        uint64_t n = sizes[k];
        struct sampler s = {11, n * 16 + 5, true};
        for (uint64_t epoch = 0; epoch < 3; epoch++) {
            memset(seen, 0, sizeof(seen));
            for (uint64_t i = 0; i < n; i++) {
                uint64_t first = sampler_at(&s, (epoch * n + i) * 16, 16);
                CU_ASSERT_EQUAL(first % 16, 0);
                CU_ASSERT_FATAL(first / 16 < n);
                seen[first / 16]++;
            }
            for (uint64_t i = 0; i < n; i++) {
                CU_ASSERT_EQUAL(seen[i], 1);
            }
        }
    }
}

/* How many of the first n places lie elsewhere with b. */
static unsigned
count_differing(const struct sampler *a, const struct sampler *b, uint64_t n,
    uint64_t shift)
{
    unsigned n_differing = 0;

    for (uint64_t i = 0; i < n; i++) {
        n_differing +=
            sampler_at(a, i * 16, 16) != sampler_at(b, (i + shift) * 16, 16);
    }
    return n_differing;
}

static void
test_seed_and_epoch_decide_the_order(void)
{
    for (int is_aligned = 0; is_aligned < 2; is_aligned++) {
        struct sampler a = {1, 16000, is_aligned}, b = {2, 16000, is_aligned};
        CU_ASSERT_EQUAL(count_differing(&a, &a, 1000, 0), 0);
        CU_ASSERT(count_differing(&a, &b, 1000, 0) > 950);
        CU_ASSERT(count_differing(&a, &a, 1000, 1000) > 950);
    }
}

static void
test_text_of_one_sequence_is_enough(void)
{
    struct sampler random = {1, 512, false}, aligned = {1, 512, true};

    for (uint64_t i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(sampler_at(&random, i * 512, 512), 0);
        CU_ASSERT_EQUAL(sampler_at(&aligned, i * 512, 512), 0);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_windows_lie_everywhere_equally_often),
    CHECK_TEST(test_chunks_come_each_once_in_an_epoch),
    CHECK_TEST(test_seed_and_epoch_decide_the_order),
    CHECK_TEST(test_text_of_one_sequence_is_enough),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("sampler", tests)
