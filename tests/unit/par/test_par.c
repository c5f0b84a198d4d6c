/*
 * test_par.c
 *
 * What the ranks reduce, exchange and post arrives whole, on every rank, for
 * any number of ranks: runs alone here and under mpirun in tests/mpi.  Each
 * rank checks its own side; no test may leave a rank alone in a collective.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"
#include "check.h"
#include "par/par.h"

static struct par *par;

static void
test_ranks_are_numbered_from_zero(void)
{
    int rank = par_rank(par), size = par_size(par);
    int *ranks = mem_alloc((size_t)size, sizeof(*ranks));

    par_all_gather(par, ranks, &rank, sizeof(rank));
    for (int r = 0; r < size; r++) {
        CU_ASSERT_EQUAL(ranks[r], r);
    }
    /* All ranks of a test are on this machine. */
    CU_ASSERT_EQUAL(par_node_size(par), size);
    CU_ASSERT_EQUAL(par_node_rank(par), rank);
    CU_ASSERT(strlen(par_library(par)) >= strlen("serial"));
    mem_free(ranks);
}

static void
test_reductions_put_the_result_on_every_rank(void)
{
    uint64_t rank = (uint64_t)par_rank(par), n = (uint64_t)par_size(par);
    uint64_t sum[2] = {rank, UINT64_C(1) << 40};
    uint64_t bits[2] = {UINT64_C(1) << rank, 0};
    double sum_real[1] = {0.5 * (double)rank};
    double max[2] = {(double)rank, -(double)rank};

    par_sum_u64(par, sum, 2);
    CU_ASSERT_EQUAL(sum[0], n * (n - 1) / 2);
    CU_ASSERT_EQUAL(sum[1], n << 40);
    par_or_u64(par, bits, 2);
    CU_ASSERT_EQUAL(bits[0], (UINT64_C(1) << n) - 1);
    CU_ASSERT_EQUAL(bits[1], 0);
    par_sum_f64(par, sum_real, 1);
    CHECK_WITHIN(sum_real[0], 0.25 * (double)(n * (n - 1)), 0);
    par_max_f64(par, max, 2);
    CHECK_WITHIN(max[0], (double)(n - 1), 0);
    CHECK_WITHIN(max[1], 0.0, 0);
}

static void
test_sums_that_overlap_are_those_of_all_ranks(void)
{
    enum { N = 1000, PARTS = 300 };
    struct par_sums *sums = par_sums_new(par);
    float *values = mem_alloc((size_t)N * PARTS, sizeof(*values));
    float rank = (float)par_rank(par), n = (float)par_size(par);
    size_t n_wrong = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(sums);
    for (size_t i = 0; i < (size_t)N * PARTS; i++) {
        values[i] = rank + (float)(i % 7);
    }
    for (size_t k = PARTS; k-- > 0;) {
        par_sums_start(sums, values + k * N, N);
    }
    par_sums_start(sums, values, 0);
    par_sums_wait(sums);
    for (size_t i = 0; i < (size_t)N * PARTS; i++) {
        float want = n * (n - 1) / 2 + n * (float)(i % 7);
        n_wrong += values[i] < want || values[i] > want;
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    par_sums_wait(sums);
    par_sums_free(sums);
    mem_free(values);
}

static void
test_nothing_can_be_reduced_and_sent(void)
{
    size_t *bytes_to = mem_alloc((size_t)par_size(par), sizeof(*bytes_to));
    uint8_t *out = NULL;
    size_t out_bytes = 1;

    par_sum_u64(par, NULL, 0);
    par_broadcast(par, NULL, 0, 0);
    CU_ASSERT_EQUAL(par_exchange(par, &out, &out_bytes, NULL, bytes_to), 0);
    CU_ASSERT_EQUAL(out_bytes, 0);
    mem_free(out);
    mem_free(bytes_to);
}

static void
test_a_broadcast_comes_from_its_root(void)
{
    for (int root = 0; root < par_size(par); root++) {
        uint32_t words[1000];
        for (uint32_t i = 0; i < 1000; i++) {
            words[i] = par_rank(par) == root ? (uint32_t)root + i : 0;
        }
        par_broadcast(par, words, sizeof(words), root);
        CU_ASSERT_EQUAL(words[0], (uint32_t)root);
        CU_ASSERT_EQUAL(words[999], (uint32_t)root + 999);
    }
}

/* Bytes that rank a sends to rank b: uneven, some none, some 100 KB. */
static size_t
block_bytes(int a, int b)
{
    return (size_t)((a * 7 + b * 3) % 5) * (size_t)(a + 1) * 10007;
}

static void
test_exchange_delivers_uneven_blocks_in_order(void)
{
    int n = par_size(par), me = par_rank(par);
    size_t *bytes_to = mem_alloc((size_t)n, sizeof(*bytes_to));
    size_t total = 0, out_bytes = 0, at = 0, n_wrong = 0;
    uint8_t *out = NULL;

    for (int r = 0; r < n; r++) {
        bytes_to[r] = block_bytes(me, r);
        total += bytes_to[r];
    }
    uint8_t *data = mem_alloc(total, 1);
    for (int r = 0; r < n; r++) {
        for (size_t i = 0; i < bytes_to[r]; i++) {
            data[at++] = (uint8_t)(i * 31 + (size_t)(16 * me + r));
        }
    }
    CU_ASSERT_EQUAL(par_exchange(par, &out, &out_bytes, data, bytes_to), 0);
    at = 0;
    for (int r = 0; r < n; r++) {
        for (size_t i = 0; i < block_bytes(r, me); i++) {
            n_wrong += out[at++] != (uint8_t)(i * 31 + (size_t)(16 * r + me));
        }
    }
    CU_ASSERT_EQUAL(at, out_bytes);
    CU_ASSERT_EQUAL(n_wrong, 0);
    mem_free(out);
    mem_free(data);
    mem_free(bytes_to);
}

/* What byte i of a shared block holds when all parts are written. */
static uint8_t
wanted_byte(size_t i)
{
    return (uint8_t)(1 + i % 251);
}

/* Each rank writes its part; all ranks must read all of it. */
static void
share(size_t bytes)
{
    struct par_memory *memory = par_memory_new(par, bytes);
    int n_parts = 0;
    size_t n_wrong = 0;

    CU_ASSERT_FATAL(memory != NULL);
    uint8_t *data = par_memory_data(memory);
    size_t part = (size_t)par_memory_part(memory, &n_parts);
    size_t n = (size_t)n_parts;
    CU_ASSERT_EQUAL((uintptr_t)data % MEM_ALIGN, 0);
    CU_ASSERT_EQUAL(n_parts, bytes == 0 ? 1 : par_size(par));
    CU_ASSERT_EQUAL(part, bytes == 0 ? 0 : (size_t)par_rank(par));
    for (size_t i = 0; i < bytes; i++) {
        n_wrong += data[i] != 0;
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    par_memory_settle(memory);
    for (size_t i = bytes / n * part + bytes % n * part / n;
         i < bytes / n * (part + 1) + bytes % n * (part + 1) / n; i++) {
        data[i] = wanted_byte(i);
    }
    par_memory_settle(memory);
    for (size_t i = 0; i < bytes; i++) {
        n_wrong += data[i] != wanted_byte(i);
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    par_memory_free(memory);
}

static void
test_every_rank_reads_what_all_wrote_to_shared_memory(void)
{
    static const size_t sizes[] = {0, 1, 2, 64, 4097, 3000001};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        share(sizes[i]);
    }
}

static void
test_shared_memory_is_as_large_as_the_most_that_a_rank_asks_for(void)
{
    struct par_memory *memory =
        par_memory_new(par, 1000 * (size_t)par_rank(par) + 8);

    CU_ASSERT_FATAL(memory != NULL);
    uint8_t *data = par_memory_data(memory);
    CU_ASSERT_EQUAL(data[1000 * (size_t)(par_size(par) - 1) + 7], 0);
    par_memory_free(memory);
}

/* Read what stderr received while the ranks failed in this way. */
static void
catch_stderr(char *text, size_t text_bytes_max, int rc)
{
    int ends[2], old = dup(2);

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    dup2(ends[1], 2);
    if (rc != 0) {
        report_error("broken on rank %d", par_rank(par));
    }
    CU_ASSERT_EQUAL(par_any_failed(par, rc), par_size(par) > 1 || rc != 0);
    dup2(old, 2);
    close(old);
    close(ends[1]);
    ssize_t n = read(ends[0], text, text_bytes_max - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
}

static void
test_the_lowest_rank_that_failed_speaks(void)
{
    int me = par_rank(par), last = par_size(par) - 1;
    char text[1024], want[64];

    CU_ASSERT_FALSE(par_any_failed(par, 0));
    /* Every rank but the first fails; alone, nobody does. */
    catch_stderr(text, sizeof(text), me == 0 ? 0 : -1);
    snprintf(
        want, sizeof(want), "codelen: rank %d: broken on rank %d\n", me, me);
    CU_ASSERT_STRING_EQUAL(text, me == 1 ? want : "");
    /* Then only the last: it has forgotten what it did not say before. */
    catch_stderr(text, sizeof(text), me > 0 && me == last ? -1 : 0);
    CU_ASSERT_STRING_EQUAL(text, me > 0 && me == last ? want : "");
    CU_ASSERT_FALSE(par_any_failed(par, 0));
}

static void
test_sums_of_a_board_are_final_after_it_settled(void)
{
    struct par_board *board = par_board_open(par);
    int n = par_size(par), me = par_rank(par);
    double sums[PAR_BOARD_VALUES];

    CU_ASSERT_FATAL(board != NULL);
    /* The higher the rank, the more it posts: 1, 1,000, 2,000 times. */
    for (int i = 0; i <= 1000 * me; i++) {
        double values[PAR_BOARD_VALUES] = {me, i, 1, -1};
        par_board_post(board, values);
    }
    par_board_settle(board);
    if (me == 0) {
        par_board_sums(board, sums);
        CHECK_WITHIN(sums[0], n * (n - 1) / 2.0, 0);
        CHECK_WITHIN(sums[1], 1000.0 * n * (n - 1) / 2.0, 0);
        CHECK_WITHIN(sums[2], n, 0);
        CHECK_WITHIN(sums[3], -n, 0);
    }
    CU_ASSERT_FALSE(par_board_is_raised(board));
    par_board_close(board);
}

static void
test_a_rank_that_never_posts_counts_as_zero(void)
{
    struct par_board *board = par_board_open(par);
    double sums[PAR_BOARD_VALUES] = {7, 7, 7, 7};

    CU_ASSERT_FATAL(board != NULL);
    par_board_settle(board);
    par_board_sums(board, sums);
    CHECK_WITHIN(sums[0] + sums[1] + sums[2] + sums[3], 0.0, 0);
    par_board_close(board);
}

static void
test_an_alarm_reaches_ranks_that_keep_working(void)
{
    for (int who = 0; who < par_size(par); who++) {
        struct par_board *board = par_board_open(par);
        const double values[PAR_BOARD_VALUES] = {1, 0, 0, 0};
        int n_steps = 0;

        CU_ASSERT_FATAL(board != NULL);
        if (par_rank(par) == who) {
            par_board_raise(board);
            CU_ASSERT(par_board_is_raised(board));
        }
        while (!par_board_is_raised(board) && n_steps < 20000) {
            par_board_post(board, values);
            usleep(500);
            n_steps++;
        }
        CU_ASSERT(n_steps < 20000);
        par_board_settle(board);
        CU_ASSERT(par_board_is_raised(board));
        par_board_close(board);
    }
}

static void
test_an_alarm_that_nobody_looked_for_is_seen_after_it_settled(void)
{
    struct par_board *board = par_board_open(par);

    CU_ASSERT_FATAL(board != NULL);
    if (par_rank(par) == par_size(par) - 1) {
        par_board_raise(board);
    }
    par_board_settle(board);
    CU_ASSERT(par_board_is_raised(board));
    par_board_close(board);
}

static void
test_all_ranks_may_raise_at_once_and_close_without_settling(void)
{
    for (int i = 0; i < 20; i++) {
        struct par_board *board = par_board_open(par);
        const double values[PAR_BOARD_VALUES] = {1, 2, 3, 4};

        CU_ASSERT_FATAL(board != NULL);
        par_board_post(board, values);
        par_board_raise(board);
        par_board_raise(board);
        par_board_post(board, values);
        par_board_close(board);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_ranks_are_numbered_from_zero),
    CHECK_TEST(test_reductions_put_the_result_on_every_rank),
    CHECK_TEST(test_sums_that_overlap_are_those_of_all_ranks),
    CHECK_TEST(test_nothing_can_be_reduced_and_sent),
    CHECK_TEST(test_a_broadcast_comes_from_its_root),
    CHECK_TEST(test_exchange_delivers_uneven_blocks_in_order),
    CHECK_TEST(test_every_rank_reads_what_all_wrote_to_shared_memory),
    CHECK_TEST(test_shared_memory_is_as_large_as_the_most_that_a_rank_asks_for),
    CHECK_TEST(test_the_lowest_rank_that_failed_speaks),
    CHECK_TEST(test_sums_of_a_board_are_final_after_it_settled),
    CHECK_TEST(test_a_rank_that_never_posts_counts_as_zero),
    CHECK_TEST(test_an_alarm_reaches_ranks_that_keep_working),
    CHECK_TEST(test_an_alarm_that_nobody_looked_for_is_seen_after_it_settled),
    CHECK_TEST(test_all_ranks_may_raise_at_once_and_close_without_settling),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    par = par_start(&argc, &argv);
    if (par == NULL) {
        return EXIT_FAILURE;
    }
    int status = check_run("par", tests);
    par_finish(par);
    return status;
}
