/*
 * test_bucket.c
 *
 * Position buckets cover every position exactly once, two to an octave from 4
 * on; slabs and their parts cover every item exactly once, in pieces.
 */
#include "check.h"
#include "results/results.h"
#include "results/slab.h"

static void
test_buckets_begin_as_documented(void)
{
    const uint64_t first[] = {0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32};

    for (size_t b = 0; b < sizeof(first) / sizeof(first[0]); b++) {
        CU_ASSERT_EQUAL(results_bucket_first(b), first[b]);
    }
}

static void
test_each_position_is_in_the_bucket_that_holds_it(void)
{
    for (uint64_t position = 0; position < 100000; position++) {
        size_t b = results_bucket_of(position);
        if (position < results_bucket_first(b) ||
            position >= results_bucket_first(b + 1)) {
            CU_FAIL("position outside its bucket");
        }
    }
    for (unsigned octave = 1; octave < 64; octave++) {
        uint64_t position = UINT64_C(1) << octave;
        CU_ASSERT_EQUAL(results_bucket_of(position), 2 * octave);
        CU_ASSERT_EQUAL(results_bucket_of(position - 1), 2 * octave - 1);
        CU_ASSERT_EQUAL(results_bucket_first(2 * octave), position);
    }
}

static void
test_the_last_bucket_holds_the_last_position(void)
{
    CU_ASSERT_EQUAL(results_bucket_count(0), 0);
    CU_ASSERT_EQUAL(results_bucket_count(1), 1);
    CU_ASSERT_EQUAL(results_bucket_count(4), 4);
    CU_ASSERT_EQUAL(results_bucket_count(5), 5);
    CU_ASSERT_EQUAL(results_bucket_count(2048), 22);
    CU_ASSERT_EQUAL(results_bucket_count(2049), 23);
    CU_ASSERT_EQUAL(results_bucket_count(UINT64_MAX), 128);
    CU_ASSERT_EQUAL(results_bucket_first(128), UINT64_MAX);
}

/* Walk all parts of all slabs; count the items and check what joins. */
static void
check_cover(uint64_t n, uint64_t piece, size_t item_bytes, int n_ranks)
{
    struct slab slab = slab_first(n, piece, item_bytes, n_ranks);
    uint64_t at = 0;

    for (; slab.first < slab.end; slab = slab_next(&slab, n)) {
        CU_ASSERT_EQUAL(slab.first, at);
        CU_ASSERT((slab.end - slab.first) * item_bytes <= SLAB_BYTES_MAX ||
                  slab.end - slab.first <= piece);
        for (int r = 0; r < n_ranks; r++) {
            uint64_t first = slab_part(&slab, r, n_ranks);
            CU_ASSERT_EQUAL(first, at);
            CU_ASSERT(first % piece == 0 || first == n);
            at = slab_part(&slab, r + 1, n_ranks);
        }
        CU_ASSERT_EQUAL(at, slab.end);
    }
    CU_ASSERT_EQUAL(at, n);
}

static void
test_slabs_and_parts_cover_each_item_once(void)
{
    const uint64_t n[] = {0, 1, 2, 3, 16384, 16385, 100000, 10000000};

    for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
        for (int n_ranks = 1; n_ranks < 70; n_ranks += 4) {
            check_cover(n[i], 16384, 152, n_ranks);
            check_cover(n[i], 16384, 100000, n_ranks);
            check_cover(n[i], 1 << 20, 4, n_ranks);
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_buckets_begin_as_documented),
    CHECK_TEST(test_each_position_is_in_the_bucket_that_holds_it),
    CHECK_TEST(test_the_last_bucket_holds_the_last_position),
    CHECK_TEST(test_slabs_and_parts_cover_each_item_once),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("bucket", tests)
