/*
 * test_shard.c
 *
 * The ranges of all ranks cover all items once, in order, and differ by at
 * most one item; the chunks of a corpus cover all its bytes once.
 */
#include "check.h"
#include "corpus/shard.h"

static void
check_cover(uint64_t n, int size)
{
    uint64_t end = 0;

    for (int rank = 0; rank < size; rank++) {
        struct shard shard = shard_of(n, rank, size);
        uint64_t items = shard.end - shard.first;

        CU_ASSERT_EQUAL(shard.first, end);
        CU_ASSERT(shard.end >= shard.first);
        CU_ASSERT(items >= n / (uint64_t)size);
        CU_ASSERT(items <= n / (uint64_t)size + 1);
        end = shard.end;
    }
    CU_ASSERT_EQUAL(end, n);
}

static void
test_shards_cover_all_items_once(void)
{
    for (uint64_t n = 0; n < 40; n++) {
        for (int size = 1; size < 20; size++) {
            check_cover(n, size);
        }
    }
}

static void
test_shards_do_not_overflow(void)
{
    check_cover((uint64_t)1 << 63, 3);
    check_cover(((uint64_t)1 << 63) - 1, 4096);
    check_cover(UINT64_MAX, 100003);
}

/* first = n * rank / size, in 128 bits. */
static void
test_shards_begin_where_the_formula_says(void)
{
    for (int size = 1; size < 50; size++) {
        for (int rank = 0; rank < size; rank++) {
            uint64_t n = 1000003u * (uint64_t)(size + rank);
            __extension__ typedef unsigned __int128 wide;
            wide want = (wide)n * (unsigned)rank / (unsigned)size;

            CU_ASSERT_EQUAL(shard_of(n, rank, size).first, (uint64_t)want);
        }
    }
}

static void
check_chunks(uint64_t n_bytes, uint64_t chunk_bytes, uint64_t want_count)
{
    uint64_t n = shard_chunk_count(n_bytes, chunk_bytes), end = 0;

    CU_ASSERT_EQUAL_FATAL(n, want_count);
    for (uint64_t i = 0; i < n; i++) {
        struct shard chunk = shard_chunk(n_bytes, chunk_bytes, i);

        CU_ASSERT_EQUAL(chunk.first, end);
        CU_ASSERT(chunk.end > chunk.first);
        if (chunk_bytes > 0 && i + 1 < n) {
            CU_ASSERT_EQUAL(chunk.end - chunk.first, chunk_bytes);
        }
        end = chunk.end;
    }
    CU_ASSERT_EQUAL(end, n_bytes);
}

static void
test_chunks_cover_all_bytes_once(void)
{
    check_chunks(0, 2048, 0);
    check_chunks(1, 2048, 1);
    check_chunks(2047, 2048, 1);
    check_chunks(2048, 2048, 1);
    check_chunks(2049, 2048, 2);
    check_chunks(10, 1, 10);
    check_chunks(10, UINT64_MAX, 1);
    check_chunks(UINT64_MAX, UINT64_MAX - 1, 2);
}

static void
test_chunk_zero_is_the_whole(void)
{
    check_chunks(0, 0, 0);
    check_chunks(1, 0, 1);
    check_chunks((uint64_t)1 << 40, 0, 1);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_shards_cover_all_items_once),
    CHECK_TEST(test_shards_do_not_overflow),
    CHECK_TEST(test_shards_begin_where_the_formula_says),
    CHECK_TEST(test_chunks_cover_all_bytes_once),
    CHECK_TEST(test_chunk_zero_is_the_whole),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("shard", tests)
