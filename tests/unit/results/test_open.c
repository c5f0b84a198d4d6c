/*
 * test_open.c
 *
 * Opening an output never destroys anything without being asked: complete
 * outputs, outputs and journals of other runs, files of other kinds and
 * outputs that another run is writing are left as they are, and the message
 * says why.  Runs alone and under mpirun.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "check.h"
#include "par/par.h"
#include "ranks.h"
#include "rows.h"

static struct par *par;

static void
test_a_complete_output_is_left_alone(void)
{
    struct rows rows = {.path = ranks_scratch(par, "again.h5"), .n = 10};
    struct results *results;

    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    par_barrier(par);
    ranks_listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &rows), RESULTS_COMPLETE);
    ranks_check_heard(par, ranks_heard(), "already complete");
    CU_ASSERT_FALSE(rows_have_journals(&rows));
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
}

static void
test_an_output_of_another_run_is_refused_and_replaced_only_on_request(void)
{
    struct rows rows = {.path = ranks_scratch(par, "other.h5"), .n = 10};
    struct rows other = rows;
    struct results *results;

    other.seed = 3;
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    par_barrier(par);
    ranks_listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &other), RESULTS_FAILED);
    ranks_check_heard(par, ranks_heard(), "(options seed: 0 there, 3 now)");
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);

    other.overwrite = true;
    CU_ASSERT_EQUAL(rows_run(par, &other, 1), 0);
    /* Until the new one is complete the old one stays. */
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &other, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &other), 0);
}

static void
test_journals_of_another_run_are_refused_and_discarded_only_on_request(void)
{
    struct rows rows = {.path = ranks_scratch(par, "journals.h5"), .n = 1000};
    struct rows other = rows;
    struct results *results;

    other.seed = 5;
    CU_ASSERT_EQUAL(rows_run(par, &rows, 10), 0);
    par_barrier(par);
    ranks_listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &other), RESULTS_FAILED);
    const char *text = ranks_heard();
    ranks_check_heard(par, text, "(options seed: 0 there, 5 now)");
    ranks_check_heard(par, text, "--overwrite");
    other.overwrite = true;
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &other, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &other), 0);
}

static void
test_what_is_no_output_is_not_replaced(void)
{
    struct rows rows = {
        .path = ranks_scratch(par, "text.h5"), .n = 10, .overwrite = true};
    struct results *results;

    if (par_rank(par) == 0) {
        FILE *file = fopen(rows.path, "w");
        CU_ASSERT_FATAL(file != NULL);
        fputs("my notes\n", file);
        fclose(file);
    }
    ranks_listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &rows), RESULTS_FAILED);
    ranks_check_heard(par, ranks_heard(), "not an HDF5 file");
}

static void
test_a_missing_directory_is_named(void)
{
    char path[1100];
    struct results *results;
    struct rows rows = {.path = path, .n = 10};

    snprintf(path, sizeof(path), "%s/none/out.h5", ranks_scratch(par, "dir"));
    ranks_listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &rows), RESULTS_FAILED);
    ranks_check_heard(par, ranks_heard(), "dir/none");
}

static void
test_two_runs_cannot_write_one_output(void)
{
    struct rows rows = {.path = ranks_scratch(par, "locked.h5"), .n = 10};
    struct results *results, *second;

    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    ranks_listen();
    CU_ASSERT_EQUAL(rows_open(&second, par, &rows), RESULTS_FAILED);
    ranks_check_heard(par, ranks_heard(), "another run is writing this output");
    results_close(results);
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(ranks_count_wrong(par, &rows), 0);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_complete_output_is_left_alone),
    CHECK_TEST(
        test_an_output_of_another_run_is_refused_and_replaced_only_on_request),
    CHECK_TEST(
        test_journals_of_another_run_are_refused_and_discarded_only_on_request),
    CHECK_TEST(test_what_is_no_output_is_not_replaced),
    CHECK_TEST(test_a_missing_directory_is_named),
    CHECK_TEST(test_two_runs_cannot_write_one_output),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return ranks_main(&par, argc, argv, "open", tests);
}
