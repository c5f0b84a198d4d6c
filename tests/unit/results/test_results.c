/*
 * test_results.c
 *
 * What any number of ranks appended is in the output, each row once and in
 * order, also after a run was stopped and continued by other ranks, after a
 * journal was cut, and for outputs of no rows, one row, fewer rows than
 * ranks.  Runs alone, in the serial build too, and under mpirun.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "check.h"
#include "par/par.h"
#include "ranks.h"
#include "results/results_file.h"
#include "rows.h"

static struct par *par;

static void
test_outputs_of_any_size_are_complete(void)
{
    const struct {
        uint64_t n;
        size_t n_buckets;
        bool has_token_bits;
    } cases[] = {{0, 0, false}, {0, 5, true}, {1, 0, false}, {1, 5, true},
        {2, 5, true}, {5, 0, false}, {1000, 64, true}, {16384, 5, false},
        {16385, 5, true}, {40000, 0, true}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rows rows = {
            .path = ranks_scratch(par, "size.h5"),
            .n = cases[i].n,
            .n_buckets = cases[i].n_buckets,
            .has_token_bits = cases[i].has_token_bits,
        };
        CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
        CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
        CU_ASSERT_FALSE(rows_have_journals(&rows));
        par_barrier(par);
    }
}

static void
test_100000_rows_of_24_buckets_are_complete(void)
{
    struct rows rows = {.path = ranks_scratch(par, "large.h5"),
        .n = 100000,
        .n_buckets = 24,
        .has_token_bits = true};

    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
}

static void
test_a_run_in_many_parts_gives_the_same(void)
{
    struct rows rows = {.path = ranks_scratch(par, "parts.h5"),
        .n = 1000,
        .n_buckets = 3,
        .has_token_bits = true};

    for (int i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(rows_run(par, &rows, 100 / (uint64_t)par_size(par)), 0);
    }
    CU_ASSERT_FALSE(par_rank(par) == 0 && file_exists(rows.path));
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
}

static void
test_todo_lists_are_contiguous_parts_of_what_is_missing(void)
{
    struct rows rows = {.path = ranks_scratch(par, "todo.h5"), .n = 1000};
    struct results *results;
    const uint64_t *todo;
    uint64_t n_todo, sums[2] = {0, 0};

    CU_ASSERT_EQUAL(rows_run(par, &rows, 10), 0);
    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    results_todo(results, &todo, &n_todo);
    for (uint64_t i = 0; i < n_todo; i++) {
        sums[0]++;
        sums[1] += todo[i];
        CU_ASSERT(i == 0 || todo[i] > todo[i - 1]);
    }
    par_sum_u64(par, sums, 2);
    CU_ASSERT_EQUAL(results_done_count(results), 10 * (uint64_t)par_size(par));
    CU_ASSERT_EQUAL(sums[0], 1000 - results_done_count(results));
    results_close(results);
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
}

/* Cut a third off every journal of an output. */
static void
cut_journals(const struct rows *rows)
{
    char path[1100];
    DIR *dir;
    struct dirent *entry;

    snprintf(path, sizeof(path), "%s.journal", rows->path);
    dir = opendir(path);
    CU_ASSERT_FATAL(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;
        char *file = file_join(path, entry->d_name);
        if (strncmp(entry->d_name, "run-", 4) == 0 && stat(file, &st) == 0) {
            CU_ASSERT_EQUAL(truncate(file, st.st_size * 2 / 3), 0);
        }
        mem_free(file);
    }
    closedir(dir);
}

static void
test_a_cut_journal_costs_only_its_last_rows(void)
{
    uint64_t n_before = 100 * (uint64_t)par_size(par);
    struct rows rows = {.path = ranks_scratch(par, "cut.h5"),
        .n = 2 * n_before,
        .n_buckets = 4};
    struct results *results;

    CU_ASSERT_EQUAL(rows_run(par, &rows, 100), 0);
    par_barrier(par);
    if (par_rank(par) == 0) {
        cut_journals(&rows);
    }
    par_barrier(par);
    ranks_listen();
    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    ranks_check_heard(par, ranks_heard(), "is cut off or damaged");
    CU_ASSERT(results_done_count(results) > n_before / 2);
    CU_ASSERT(results_done_count(results) < n_before * 3 / 4);
    results_close(results);
    par_barrier(par);
    ranks_listen();
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    ranks_heard();
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
}

static void
test_of_a_chunk_in_two_journals_the_first_row_counts(void)
{
    struct rows rows = {.path = ranks_scratch(par, "twice.h5"),
        .n = 50,
        .n_buckets = 2,
        .has_token_bits = true};
    struct results *results;
    struct rows_scratch scratch;
    double seconds[50];
    int rc = 0;

    /* Every rank does every chunk; the last ones twice, and slower. */
    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    for (uint64_t i = 0; i < 60; i++) {
        struct result_row row = rows_make(&scratch, &rows, i < 50 ? i : i - 10);
        row.seconds = i < 50 ? par_rank(par) : 1000;
        rc |= results_append(results, &row);
    }
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_EQUAL(rows_finish(results), 0);
    results_close(results);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
    if (par_rank(par) > 0) {
        return;
    }
    struct results_file *file = results_file_open(rows.path);
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL(results_file_read_f64(file, "seconds", seconds, 0, 50), 0);
    for (int i = 0; i < 50; i++) {
        CHECK_WITHIN(seconds[i], 0.0, 0);
    }
    results_file_close(file);
}

static void
test_an_output_is_not_finished_while_chunks_are_missing(void)
{
    struct rows rows = {.path = ranks_scratch(par, "missing.h5"), .n = 5};
    struct results *results;
    struct rows_scratch scratch;

    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    struct result_row row = rows_make(&scratch, &rows, 0);
    CU_ASSERT_EQUAL(results_append(results, &row), 0);
    ranks_listen();
    CU_ASSERT_EQUAL(rows_finish(results), -1);
    ranks_check_heard(par, ranks_heard(),
        "4 of 5 chunks are in no journal, the first is "
        "chunk 1");
    results_close(results);
    par_barrier(par);
    CU_ASSERT_FALSE(file_exists(rows.path));
    CU_ASSERT(rows_have_journals(&rows));
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_outputs_of_any_size_are_complete),
    CHECK_TEST(test_100000_rows_of_24_buckets_are_complete),
    CHECK_TEST(test_a_run_in_many_parts_gives_the_same),
    CHECK_TEST(test_todo_lists_are_contiguous_parts_of_what_is_missing),
    CHECK_TEST(test_a_cut_journal_costs_only_its_last_rows),
    CHECK_TEST(test_of_a_chunk_in_two_journals_the_first_row_counts),
    CHECK_TEST(test_an_output_is_not_finished_while_chunks_are_missing),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return ranks_main(&par, argc, argv, "results", tests);
}
