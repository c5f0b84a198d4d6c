/*
 * test_journal.c
 *
 * What was appended is read back; a journal that was cut at any byte, or in
 * which any bit was changed, gives exactly the whole rows before that place;
 * a journal of another run is not read.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "check.h"
#include "results/fields.h"
#include "results/journal.h"

#define N_ROWS 6

static const struct journal_shape shape = {
    .n_chunks = 100, .n_buckets = 3, .has_token_bits = true};

static const struct attribute identity_items[] = {
    {"options", "chunk", ATTRIBUTE_U64, .u64 = 2048},
    {"input", "sha256", ATTRIBUTE_TEXT, .text = "abc"},
    {"options", "temperature", ATTRIBUTE_F64, .f64 = 0.1},
};

static struct attribute_list identity = {
    (struct attribute *)identity_items, 3, 3};

/* Row i has i symbols, so records differ in length. */
static void
make_row(
    struct result_row *row, float buckets[3], float bits[N_ROWS], uint64_t i)
{
    for (uint64_t k = 0; k < 3; k++) {
        buckets[k] = check_random(10 * i + k);
    }
    for (uint64_t k = 0; k < N_ROWS; k++) {
        bits[k] = check_random(1000 + 10 * i + k);
    }
    *row = (struct result_row){
        .index = 7 * i,
        .offset = 14336 * i,
        .raw_bytes = 2048,
        .tokens = i,
        .ideal_bits = 1.0 / (1.0 + (double)i),
        .coded_bytes = 100 + i,
        .seconds = 0.25,
        .bits_by_position = buckets,
        .token_bits = i > 0 ? bits : NULL,
    };
}

/* Write N_ROWS rows; ends[i] is the size of the file with i rows. */
static void
write_journal(const char *path, size_t ends[N_ROWS + 1])
{
    unlink(path);
    struct journal *journal = journal_create(path, &shape, &identity);
    struct file_map map;

    CU_ASSERT_FATAL(journal != NULL);
    for (size_t i = 0; i <= N_ROWS; i++) {
        struct result_row row;
        float buckets[3], bits[N_ROWS];
        CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
        ends[i] = map.bytes;
        file_map_close(&map);
        if (i < N_ROWS) {
            make_row(&row, buckets, bits, i);
            CU_ASSERT_EQUAL(journal_append(journal, &row), 0);
        }
    }
    CU_ASSERT_EQUAL(journal_close(journal), 0);
}

static void
write_bytes(const char *path, const uint8_t *data, size_t bytes)
{
    /* A new file: rewriting one makes some file systems sync it. */
    unlink(path);
    FILE *file = fopen(path, "wb");

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

/* Whether row i in the file is what was written. */
static bool
is_row(const uint8_t *payload, uint64_t i)
{
    struct result_row row;
    float buckets[3], bits[N_ROWS];
    uint8_t packed[FIELD_ROW_BYTES];

    make_row(&row, buckets, bits, i);
    field_pack(packed, &row);
    return memcmp(payload, packed, FIELD_ROW_BYTES) == 0 &&
           memcmp(payload + FIELD_ROW_BYTES, buckets, sizeof(buckets)) == 0 &&
           memcmp(payload + FIELD_ROW_BYTES + 12, bits, 4 * (size_t)i) == 0;
}

/* Rows that can be read from path; -1: not even a header. */
static int
count_rows(const char *path, bool *is_damaged)
{
    struct journal_reader reader;
    const uint8_t *payload;
    int n = 0;

    enum journal_outcome outcome =
        journal_reader_open(&reader, path, &shape, &identity);
    if (outcome == JOURNAL_OK) {
        while ((payload = journal_reader_next(&reader)) != NULL) {
            CU_ASSERT(is_row(payload, (uint64_t)n));
            n++;
        }
        *is_damaged = reader.is_damaged;
    }
    journal_reader_close(&reader);
    return outcome == JOURNAL_OK               ? n
           : outcome == JOURNAL_WITHOUT_HEADER ? -1
                                               : -2;
}

static void
test_rows_are_read_back(void)
{
    const char *path = check_scratch("whole.log");
    size_t ends[N_ROWS + 1];
    bool is_damaged = true;

    write_journal(path, ends);
    CU_ASSERT_EQUAL(count_rows(path, &is_damaged), N_ROWS);
    CU_ASSERT_FALSE(is_damaged);
}

static void
test_a_journal_cut_anywhere_keeps_the_whole_rows_before(void)
{
    const char *path = check_scratch("uncut.log");
    const char *cut = check_scratch("cut.log");
    size_t ends[N_ROWS + 1];
    struct file_map map;

    write_journal(path, ends);
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    for (size_t bytes = 0; bytes <= map.bytes; bytes++) {
        int want = -1;
        bool is_damaged = false, is_between = false;
        for (int i = 0; i <= N_ROWS && ends[i] <= bytes; i++) {
            want = i;
            is_between = ends[i] == bytes;
        }
        write_bytes(cut, map.data, bytes);
        CU_ASSERT_EQUAL(count_rows(cut, &is_damaged), want);
        CU_ASSERT_EQUAL(is_damaged, want >= 0 && !is_between);
    }
    file_map_close(&map);
}

static void
test_a_flipped_bit_drops_its_row_and_all_after(void)
{
    const char *path = check_scratch("intact.log");
    const char *flipped = check_scratch("flipped.log");
    size_t ends[N_ROWS + 1];
    struct file_map map;

    write_journal(path, ends);
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    uint8_t *copy = mem_alloc(map.bytes, 1);
    memcpy(copy, map.data, map.bytes);
    for (size_t at = 0; at < map.bytes; at++) {
        int want = -1;
        bool is_damaged = true;
        for (int i = 0; i <= N_ROWS && ends[i] <= at; i++) {
            want = i;
        }
        copy[at] ^= (uint8_t)(1 << at % 8);
        write_bytes(flipped, copy, map.bytes);
        CU_ASSERT_EQUAL(count_rows(flipped, &is_damaged), want);
        CU_ASSERT(is_damaged);
        copy[at] = map.data[at];
    }
    mem_free(copy);
    file_map_close(&map);
}

/*
 * A file that ends with a page, so that reading behind it faults, and whose
 * last record claims more bytes than are left.
 */
static void
test_a_length_that_reaches_behind_the_file_is_not_believed(void)
{
    const char *path = check_scratch("liar.log");
    uint8_t page[4096] = {0};
    uint32_t head[2] = {0x724a4c43, 2};
    size_t ends[N_ROWS + 1];
    struct file_map map;
    bool is_damaged = false;

    write_journal(path, ends);
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    CU_ASSERT_FATAL(map.bytes < sizeof(page) - 100);
    memcpy(page, map.data, map.bytes);
    size_t left = sizeof(page) - map.bytes;
    const uint64_t lies[] = {left - 23, left - 16, left, UINT64_MAX,
        UINT64_MAX - 23, UINT64_C(1) << 63};
    memcpy(page + map.bytes, head, sizeof(head));
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        memcpy(page + map.bytes + 8, &lies[i], 8);
        write_bytes(path, page, sizeof(page));
        CU_ASSERT_EQUAL(count_rows(path, &is_damaged), N_ROWS);
        CU_ASSERT(is_damaged);
    }
    file_map_close(&map);
}

/* What the reader says about a journal of the standard identity. */
static enum journal_outcome
open_as(const char *path, const struct attribute_list *other, char *problem,
    size_t problem_bytes_max)
{
    struct journal_reader reader;
    enum journal_outcome outcome =
        journal_reader_open(&reader, path, &shape, other);

    snprintf(problem, problem_bytes_max, "%s", reader.problem);
    journal_reader_close(&reader);
    return outcome;
}

static void
test_a_journal_of_another_run_is_named_by_its_first_difference(void)
{
    const char *path = check_scratch("other.log");
    struct attribute items[4];
    struct attribute_list other = {items, 3, 4};
    size_t ends[N_ROWS + 1];
    char problem[600];

    write_journal(path, ends);
    memcpy(items, identity_items, sizeof(identity_items));
    items[0].u64 = 4096;
    items[2].f64 = 0.5;
    CU_ASSERT_EQUAL(
        open_as(path, &other, problem, sizeof(problem)), JOURNAL_OTHER);
    CU_ASSERT_STRING_EQUAL(problem, "options chunk: 2048 there, 4096 now");

    items[0].u64 = 2048;
    items[2].f64 = 0.1;
    items[1].text = "xyz";
    CU_ASSERT_EQUAL(
        open_as(path, &other, problem, sizeof(problem)), JOURNAL_OTHER);
    CU_ASSERT_STRING_EQUAL(problem, "input sha256: \"abc\" there, \"xyz\" now");

    items[1].text = "abc";
    items[3] = (struct attribute){"options", "seed", ATTRIBUTE_U64, .u64 = 3};
    other.n = 4;
    CU_ASSERT_EQUAL(
        open_as(path, &other, problem, sizeof(problem)), JOURNAL_OTHER);
    CU_ASSERT_STRING_EQUAL(problem, "options seed: absent there, 3 now");

    other.n = 2;
    CU_ASSERT_EQUAL(
        open_as(path, &other, problem, sizeof(problem)), JOURNAL_OTHER);
    CU_ASSERT_STRING_EQUAL(
        problem, "options temperature: 0.10000000000000001 there, absent now");
}

static void
test_the_order_of_the_identity_does_not_matter(void)
{
    const char *path = check_scratch("order.log");
    struct attribute items[3] = {
        identity_items[2], identity_items[0], identity_items[1]};
    struct attribute_list other = {items, 3, 3};
    size_t ends[N_ROWS + 1];
    char problem[600];

    write_journal(path, ends);
    CU_ASSERT_EQUAL(
        open_as(path, &other, problem, sizeof(problem)), JOURNAL_OK);
}

static void
test_a_journal_is_never_written_over(void)
{
    const char *path = check_scratch("twice.log");
    size_t ends[N_ROWS + 1];
    bool is_damaged;

    write_journal(path, ends);
    report_hold(true, NULL);
    CU_ASSERT(journal_create(path, &shape, &identity) == NULL);
    report_discard();
    report_hold(false, NULL);
    CU_ASSERT_EQUAL(count_rows(path, &is_damaged), N_ROWS);
}

/* A disk that is full: files may not grow beyond a limit. */
static void
test_a_full_disk_leaves_whole_records(void)
{
    const char *path = check_scratch("full.log");
    struct rlimit limit, tight;
    struct result_row row;
    float buckets[3], bits[N_ROWS];
    int n = 0;
    bool is_damaged = true;

    unlink(path);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &limit), 0);
    tight = limit;
    tight.rlim_cur = 700;
    signal(SIGXFSZ, SIG_IGN);
    report_hold(true, NULL);
    struct journal *journal = journal_create(path, &shape, &identity);
    CU_ASSERT_FATAL(journal != NULL);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &tight), 0);
    make_row(&row, buckets, bits, 0);
    while (n < N_ROWS && journal_append(journal, &row) == 0) {
        make_row(&row, buckets, bits, (uint64_t)++n);
    }
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
    CU_ASSERT(n > 0 && n < N_ROWS);
    /* With room again the same journal goes on. */
    while (n < N_ROWS && journal_append(journal, &row) == 0) {
        make_row(&row, buckets, bits, (uint64_t)++n);
    }
    CU_ASSERT_EQUAL(journal_close(journal), 0);
    report_discard();
    report_hold(false, NULL);
    CU_ASSERT_EQUAL(count_rows(path, &is_damaged), N_ROWS);
    CU_ASSERT_FALSE(is_damaged);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_rows_are_read_back),
    CHECK_TEST(test_a_journal_cut_anywhere_keeps_the_whole_rows_before),
    CHECK_TEST(test_a_flipped_bit_drops_its_row_and_all_after),
    CHECK_TEST(test_a_length_that_reaches_behind_the_file_is_not_believed),
    CHECK_TEST(test_a_journal_of_another_run_is_named_by_its_first_difference),
    CHECK_TEST(test_the_order_of_the_identity_does_not_matter),
    CHECK_TEST(test_a_journal_is_never_written_over),
    CHECK_TEST(test_a_full_disk_leaves_whole_records),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("journal", tests)
