/*
 * test_results.c
 *
 * What any number of ranks appended is in the output, each row once and in
 * order, also after a run was stopped and continued by other ranks, after a
 * journal was cut, and for outputs of no rows, one row, fewer rows than
 * ranks.  Runs alone, in the serial build too, and under mpirun.  A failure
 * leaves nothing under the final name and no rank waiting.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "check.h"
#include "par/par.h"
#include "results/results_file.h"
#include "rows.h"

static struct par *par;

/* HDF5 forgets memory of its own when it meets a damaged file. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

/* A path that is the same on all ranks, with nothing there. */
static const char *
shared_scratch(const char *name)
{
    static char path[1024];

    if (par_rank(par) == 0) {
        snprintf(path, sizeof(path), "%s", check_scratch(name));
        unlink(path);
    }
    par_broadcast(par, path, sizeof(path), 0);
    return path;
}

/* Rank 0's opinion about the finished output, for all. */
static uint64_t
count_wrong(const struct rows *rows)
{
    uint64_t n_wrong = par_rank(par) == 0 ? rows_count_wrong(rows) : 0;

    par_sum_u64(par, &n_wrong, 1);
    return n_wrong;
}

static bool
has_journals(const struct rows *rows)
{
    char path[1100];

    snprintf(path, sizeof(path), "%s.journal", rows->path);
    return file_exists(path);
}

/* The first line that rank 0 writes to stderr from here to heard(). */
static int old_stderr = -1, ends[2];

static void
listen(void)
{
    fflush(stderr);
    if (pipe(ends) != 0) {
        abort();
    }
    old_stderr = dup(2);
    dup2(ends[1], 2);
}

static const char *
heard(void)
{
    static char text[4096];

    dup2(old_stderr, 2);
    close(old_stderr);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    return text;
}

/* Rank 0 must have said this; collective only in that all ranks call. */
static void
check_heard(const char *text, const char *want)
{
    if (par_rank(par) == 0) {
        if (strstr(text, want) == NULL) {
            printf("\n  wanted \"%s\" in \"%s\"\n", want, text);
        }
        CU_ASSERT(strstr(text, want) != NULL);
    }
}

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
            .path = shared_scratch("size.h5"),
            .n = cases[i].n,
            .n_buckets = cases[i].n_buckets,
            .has_token_bits = cases[i].has_token_bits,
        };
        CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
        CU_ASSERT_EQUAL(count_wrong(&rows), 0);
        CU_ASSERT_FALSE(has_journals(&rows));
        par_barrier(par);
    }
}

static void
test_100000_rows_of_24_buckets_are_complete(void)
{
    struct rows rows = {.path = shared_scratch("large.h5"),
        .n = 100000,
        .n_buckets = 24,
        .has_token_bits = true};

    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
}

static void
test_a_run_in_many_parts_gives_the_same(void)
{
    struct rows rows = {.path = shared_scratch("parts.h5"),
        .n = 1000,
        .n_buckets = 3,
        .has_token_bits = true};

    for (int i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(rows_run(par, &rows, 100 / (uint64_t)par_size(par)), 0);
    }
    CU_ASSERT_FALSE(par_rank(par) == 0 && file_exists(rows.path));
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
}

static void
test_todo_lists_are_contiguous_parts_of_what_is_missing(void)
{
    struct rows rows = {.path = shared_scratch("todo.h5"), .n = 1000};
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
    struct rows rows = {
        .path = shared_scratch("cut.h5"), .n = 2 * n_before, .n_buckets = 4};
    struct results *results;

    CU_ASSERT_EQUAL(rows_run(par, &rows, 100), 0);
    par_barrier(par);
    if (par_rank(par) == 0) {
        cut_journals(&rows);
    }
    par_barrier(par);
    listen();
    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    check_heard(heard(), "is cut off or damaged");
    CU_ASSERT(results_done_count(results) > n_before / 2);
    CU_ASSERT(results_done_count(results) < n_before * 3 / 4);
    results_close(results);
    par_barrier(par);
    listen();
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    heard();
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
}

static void
test_a_complete_output_is_left_alone(void)
{
    struct rows rows = {.path = shared_scratch("again.h5"), .n = 10};
    struct results *results;

    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    par_barrier(par);
    listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &rows), RESULTS_COMPLETE);
    check_heard(heard(), "already complete");
    CU_ASSERT_FALSE(has_journals(&rows));
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
}

static void
test_an_output_of_another_run_is_refused_and_replaced_only_on_request(void)
{
    struct rows rows = {.path = shared_scratch("other.h5"), .n = 10};
    struct rows other = rows;
    struct results *results;

    other.seed = 3;
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    par_barrier(par);
    listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &other), RESULTS_FAILED);
    check_heard(heard(), "(options seed: 0 there, 3 now)");
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);

    other.overwrite = true;
    CU_ASSERT_EQUAL(rows_run(par, &other, 1), 0);
    /* Until the new one is complete the old one stays. */
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &other, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(count_wrong(&other), 0);
}

static void
test_journals_of_another_run_are_refused_and_discarded_only_on_request(void)
{
    struct rows rows = {.path = shared_scratch("journals.h5"), .n = 1000};
    struct rows other = rows;
    struct results *results;

    other.seed = 5;
    CU_ASSERT_EQUAL(rows_run(par, &rows, 10), 0);
    par_barrier(par);
    listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &other), RESULTS_FAILED);
    const char *text = heard();
    check_heard(text, "(options seed: 0 there, 5 now)");
    check_heard(text, "--overwrite");
    other.overwrite = true;
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &other, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(count_wrong(&other), 0);
}

static void
test_what_is_no_output_is_not_replaced(void)
{
    struct rows rows = {
        .path = shared_scratch("text.h5"), .n = 10, .overwrite = true};
    struct results *results;

    if (par_rank(par) == 0) {
        FILE *file = fopen(rows.path, "w");
        CU_ASSERT_FATAL(file != NULL);
        fputs("my notes\n", file);
        fclose(file);
    }
    listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &rows), RESULTS_FAILED);
    check_heard(heard(), "not an HDF5 file");
}

static void
test_a_missing_directory_is_named(void)
{
    char path[1100];
    struct results *results;
    struct rows rows = {.path = path, .n = 10};

    snprintf(path, sizeof(path), "%s/none/out.h5", shared_scratch("dir"));
    listen();
    CU_ASSERT_EQUAL(rows_open(&results, par, &rows), RESULTS_FAILED);
    check_heard(heard(), "dir/none");
}

static void
test_two_runs_cannot_write_one_output(void)
{
    struct rows rows = {.path = shared_scratch("locked.h5"), .n = 10};
    struct results *results, *second;

    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    listen();
    CU_ASSERT_EQUAL(rows_open(&second, par, &rows), RESULTS_FAILED);
    check_heard(heard(), "another run is writing this output");
    results_close(results);
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
}

static void
test_of_a_chunk_in_two_journals_the_first_row_counts(void)
{
    struct rows rows = {.path = shared_scratch("twice.h5"),
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
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
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
    struct rows rows = {.path = shared_scratch("missing.h5"), .n = 5};
    struct results *results;
    struct rows_scratch scratch;

    CU_ASSERT_EQUAL_FATAL(rows_open(&results, par, &rows), RESULTS_READY);
    struct result_row row = rows_make(&scratch, &rows, 0);
    CU_ASSERT_EQUAL(results_append(results, &row), 0);
    listen();
    CU_ASSERT_EQUAL(rows_finish(results), -1);
    check_heard(heard(), "4 of 5 chunks are in no journal, the first is "
                         "chunk 1");
    results_close(results);
    par_barrier(par);
    CU_ASSERT_FALSE(file_exists(rows.path));
    CU_ASSERT(has_journals(&rows));
    par_barrier(par);
    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(count_wrong(&rows), 0);
}

static void
test_attributes_and_defaults_are_read_back(void)
{
    struct rows rows = {
        .path = shared_scratch("attributes.h5"), .n = 3, .n_buckets = 2};
    const struct attribute *a;
    double sums[2], want[2] = {0, 0};
    uint64_t first[2], end[2];
    struct rows_scratch scratch;

    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    if (par_rank(par) > 0) {
        return;
    }
    struct results_file *file = results_file_open(rows.path);
    CU_ASSERT_FATAL(file != NULL);
    a = results_file_attribute(file, "options", "chunk");
    CU_ASSERT_FATAL(a != NULL);
    CU_ASSERT(a->type == ATTRIBUTE_U64 && a->u64 == 2048 && a->is_default);
    a = results_file_attribute(file, "options", "out");
    CU_ASSERT_FATAL(a != NULL);
    CU_ASSERT(strcmp(a->text, "some.h5") == 0 && !a->is_default);
    a = results_file_attribute(file, "input", "name");
    CU_ASSERT_FATAL(a != NULL);
    CU_ASSERT_STRING_EQUAL(a->text, "text:caf\xc3\xa9");
    a = results_file_attribute(file, "run", "hosts");
    CU_ASSERT_FATAL(a != NULL);
    CU_ASSERT_EQUAL(strspn(a->text, "h"), ROWS_HOSTS_BYTES);
    a = results_file_attribute(file, "run", "seconds");
    CU_ASSERT_FATAL(a != NULL);
    CHECK_WITHIN(a->f64, 1.5, 0);
    a = results_file_attribute(file, "identity", "shape.chunks");
    CU_ASSERT_FATAL(a != NULL);
    CU_ASSERT_EQUAL(a->u64, 3);

    CU_ASSERT_EQUAL(results_file_sum_positions(file, sums), 0);
    CU_ASSERT_EQUAL(results_file_read_buckets(file, first, end), 0);
    for (uint64_t i = 0; i < 3; i++) {
        rows_make(&scratch, &rows, i);
        want[0] += (double)scratch.buckets[0];
        want[1] += (double)scratch.buckets[1];
    }
    CHECK_WITHIN(sums[0], want[0], 0);
    CHECK_WITHIN(sums[1], want[1], 0);
    CU_ASSERT(first[0] == 0 && end[0] == 1 && first[1] == 1 && end[1] == 2);
    results_file_close(file);
}

/* Replace a file by the first bytes of data. */
static void
write_bytes(const char *path, const uint8_t *data, size_t bytes)
{
    unlink(path);
    FILE *file = fopen(path, "wb");

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

/* Read all that export reads; any outcome but a crash will do. */
static void
read_damaged(const char *path)
{
    struct results_file *file = results_file_open(path);
    double bits[20], sums[5];

    if (file == NULL) {
        return;
    }
    if (results_file_chunk_count(file) == 20) {
        results_file_read_f64(file, "ideal_bits", bits, 0, 20);
    }
    if (results_file_bucket_count(file) == 5) {
        results_file_sum_positions(file, sums);
    }
    results_file_close(file);
}

static void
test_a_damaged_output_is_refused_or_read_but_never_crashes(void)
{
    struct rows rows = {
        .path = shared_scratch("damaged.h5"), .n = 20, .n_buckets = 5};
    struct file_map map;

    CU_ASSERT_EQUAL(rows_run(par, &rows, UINT64_MAX), 0);
    if (par_rank(par) > 0) {
        return;
    }
    const char *path = check_scratch("damage.h5");
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, rows.path), 0);
    uint8_t *copy = mem_alloc(map.bytes, 1);
    memcpy(copy, map.data, map.bytes);
    report_hold(true, NULL);
    for (size_t i = 0; i < 40; i++) {
        write_bytes(path, copy, map.bytes * i / 40);
        CU_ASSERT(results_file_open(path) == NULL);
        report_discard();
    }
    for (uint64_t i = 0; i < 400; i++) {
        size_t at = rng_at(check_seed(), i) % map.bytes;
        copy[at] ^= (uint8_t)(1 << i % 8);
        write_bytes(path, copy, map.bytes);
        read_damaged(path);
        report_discard();
        copy[at] = map.data[at];
    }
    report_hold(false, NULL);
    mem_free(copy);
    file_map_close(&map);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_outputs_of_any_size_are_complete),
    CHECK_TEST(test_100000_rows_of_24_buckets_are_complete),
    CHECK_TEST(test_a_run_in_many_parts_gives_the_same),
    CHECK_TEST(test_todo_lists_are_contiguous_parts_of_what_is_missing),
    CHECK_TEST(test_a_cut_journal_costs_only_its_last_rows),
    CHECK_TEST(test_a_complete_output_is_left_alone),
    CHECK_TEST(
        test_an_output_of_another_run_is_refused_and_replaced_only_on_request),
    CHECK_TEST(
        test_journals_of_another_run_are_refused_and_discarded_only_on_request),
    CHECK_TEST(test_what_is_no_output_is_not_replaced),
    CHECK_TEST(test_a_missing_directory_is_named),
    CHECK_TEST(test_two_runs_cannot_write_one_output),
    CHECK_TEST(test_of_a_chunk_in_two_journals_the_first_row_counts),
    CHECK_TEST(test_an_output_is_not_finished_while_chunks_are_missing),
    CHECK_TEST(test_attributes_and_defaults_are_read_back),
    CHECK_TEST(test_a_damaged_output_is_refused_or_read_but_never_crashes),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    par = par_start(&argc, &argv);
    if (par == NULL) {
        return EXIT_FAILURE;
    }
    int status = check_run("results", tests);
    par_finish(par);
    return status;
}
