/*
 * test_columns.c
 *
 * Columns that were written are read as they were; a file of another kind, a
 * column that is not there and a damaged file are refused, never trusted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/said.h"
#include "base/mem.h"
#include "check.h"
#include "results/columns.h"
#include "results/columns_file.h"
#include "results/kind.h"
#include "results/results.h"

/* Of a damaged file, HDF5 1.10 reads beyond memory of its own, which ends a
   program under AddressSanitizer: there files are only cut.  And it forgets
   memory. */
#ifdef __SANITIZE_ADDRESS__
#define FLIPS 0
#else
#define FLIPS 0x55
#endif

const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static const double steps[] = {10, 20, 1e300}, loss[] = {8, 0.1, -1};

/* A log of three rows; its path. */
static const char *
write_log(const char *format)
{
    const char *path = check_scratch("train.h5");
    const struct column columns[] = {
        {"steps", "step", "1", "steps done", steps, 3},
        {"steps", "loss", "bit", "made up", loss, 3},
        {"validation", "step", "1", "none yet", NULL, 0},
    };
    const struct attribute attributes[] = {
        {.group = "run", .name = "steps", .type = ATTRIBUTE_U64, .u64 = 20},
        {.group = "options", .name = "corpus", .text = "text:a"},
    };

    CU_ASSERT_EQUAL_FATAL(
        columns_write(path, format, columns, 3, attributes, 2), 0);
    return path;
}

static void
test_what_was_written_is_read(void)
{
    const char *path = write_log(COLUMNS_FILE_FORMAT);
    struct columns_file *file = columns_file_open(path);
    double *values;
    size_t n;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(results_kind_of(path), RESULTS_KIND_TRAINING);
    CU_ASSERT_EQUAL_FATAL(
        columns_file_read(file, &values, &n, "steps", "loss"), 0);
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT(memcmp(values, loss, sizeof(loss)) == 0);
    mem_free(values);
    CU_ASSERT_EQUAL(
        columns_file_read(file, &values, &n, "validation", "step"), 0);
    CU_ASSERT_EQUAL(n, 0);
    mem_free(values);
    CU_ASSERT_EQUAL(columns_file_attribute(file, "run", "steps")->u64, 20);
    CU_ASSERT_STRING_EQUAL(
        columns_file_attribute(file, "options", "corpus")->text, "text:a");
    CU_ASSERT_PTR_NULL(columns_file_attribute(file, "run", "absent"));
    columns_file_close(file);
}

static void
test_what_is_not_there_is_refused(void)
{
    struct columns_file *file =
        columns_file_open(write_log(COLUMNS_FILE_FORMAT));
    double *values;
    size_t n;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(
        columns_file_read(file, &values, &n, "steps", "absent"), -1);
    CU_ASSERT_EQUAL(columns_file_read(file, &values, &n, "none", "x"), -1);
    CU_ASSERT_PTR_NULL(values);
    columns_file_close(file);
    CU_ASSERT_PTR_NULL(columns_file_open("/absent.h5"));
    CU_ASSERT_PTR_NULL(columns_file_open(write_log("another format")));
    CU_ASSERT_EQUAL(
        results_kind_of(write_log("another format")), RESULTS_KIND_NONE);
    CU_ASSERT_EQUAL(
        results_kind_of(write_log("codelen results")), RESULTS_KIND_RUN);
    CU_ASSERT_EQUAL(results_kind_of("/absent.h5"), RESULTS_KIND_NONE);
    CU_ASSERT_EQUAL(results_kind_of("/"), RESULTS_KIND_NONE);
}

/* Every place of the file changed, and the file cut there: no crash. */
static void
test_damaged_files_do_no_harm(void)
{
    const char *path = write_log(COLUMNS_FILE_FORMAT);
    FILE *in = fopen(path, "rb");
    static uint8_t bytes[1 << 16];
    size_t n = in == NULL ? 0 : fread(bytes, 1, sizeof(bytes), in);

    CU_ASSERT_FATAL(n > 1000 && n < sizeof(bytes));
    fclose(in);
    said_begin(2);
    for (size_t at = 0; at < n; at += 7) {
        bool is_cut = at % 2 == 0;
        FILE *out = fopen(path, "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        bytes[at] ^= FLIPS;
        fwrite(bytes, 1, is_cut ? at : n, out);
        bytes[at] ^= FLIPS;
        fclose(out);

        struct columns_file *file = columns_file_open(path);
        double *values = NULL;
        size_t rows;
        (void)results_kind_of(path);
        if (file != NULL &&
            columns_file_read(file, &values, &rows, "steps", "step") == 0) {
            CU_ASSERT(rows <= n / sizeof(double));
            mem_free(values);
        }
        columns_file_close(file);
    }
    (void)said_end();
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_what_was_written_is_read),
    CHECK_TEST(test_what_is_not_there_is_refused),
    CHECK_TEST(test_damaged_files_do_no_harm),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("columns", tests)
