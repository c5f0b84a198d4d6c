/*
 * test_file.c
 *
 * An output gives back the attributes and columns that went in; a damaged one
 * is refused or read, but never crashes the reader.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "check.h"
#include "par/par.h"
#include "ranks.h"
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

static void
test_attributes_and_defaults_are_read_back(void)
{
    struct rows rows = {
        .path = ranks_scratch(par, "attributes.h5"), .n = 3, .n_buckets = 2};
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
        .path = ranks_scratch(par, "damaged.h5"), .n = 20, .n_buckets = 5};
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
    CHECK_TEST(test_attributes_and_defaults_are_read_back),
    CHECK_TEST(test_a_damaged_output_is_refused_or_read_but_never_crashes),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return ranks_main(&par, argc, argv, "file", tests);
}
