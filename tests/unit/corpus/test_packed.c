/*
 * test_packed.c
 *
 * A compressed corpus gives the same bytes as the plain one, read in any
 * pieces in any order, and segments that are not read are not decoded.  A
 * truncated or damaged file is refused with one message, or else the bytes
 * are right: never others.
 */
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/report.h"
#include "check.h"
#include "corpus/corpus.h"
#include "make_packed.h"

static const struct corpus_part all;

/*
 * The name of a corpus with these bytes, until the next call: a file in
 * memory, because thousands of small files are slow on a disk.
 */
static const char *
store(const uint8_t *data, size_t bytes)
{
    static int fd = -1;
    static char name[64];

    if (fd < 0) {
        fd = memfd_create("packed", 0);
    }
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
    CU_ASSERT_EQUAL_FATAL(pwrite(fd, data, bytes, 0), (ssize_t)bytes);
    snprintf(name, sizeof(name), "text:/proc/self/fd/%d", fd);
    return name;
}

static bool
piece_is_right(
    struct corpus *corpus, const uint8_t *plain, uint64_t offset, size_t bytes)
{
    uint8_t *scratch = check_guarded(bytes);
    const uint8_t *got = corpus_view(corpus, offset, bytes, scratch);
    bool is_right = got != NULL && memcmp(got, plain + offset, bytes) == 0;

    check_guarded_free(scratch, bytes);
    return is_right;
}

static uint64_t
random_below(uint64_t i, uint64_t n)
{
    return (uint64_t)((double)(check_random(i) + 1.0f) / 2 * (double)n) % n;
}

static void
test_any_piece_in_any_order_is_right(void)
{
    size_t bytes = 300001;
    uint8_t *plain = make_text(bytes);

    for (enum shape shape = 0; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, plain, bytes, 70001);
        struct corpus *corpus =
            corpus_open(store(packed.data, packed.bytes), &all);

        CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
        CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), bytes);
        for (size_t at = 0; at < bytes; at += 2048) {
            size_t n = bytes - at < 2048 ? bytes - at : 2048;
            CU_ASSERT(piece_is_right(corpus, plain, at, n));
        }
        for (uint64_t i = 0; i < 60; i++) {
            size_t at = random_below(2 * i, bytes + 1);
            size_t n = random_below(2 * i + 1, bytes - at + 1);
            CU_ASSERT(piece_is_right(corpus, plain, at, n));
        }
        CU_ASSERT(piece_is_right(corpus, plain, 0, bytes));
        corpus_close(corpus);
        free(packed.data);
    }
    free(plain);
}

static double
cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/*
 * Decoding from the start of the segment for each piece would cost half the
 * number of pieces, 2343, times one reading; reading on costs a few.
 */
static void
test_reading_forward_decodes_once(void)
{
    size_t bytes = 600000, piece = 128;
    uint8_t *plain = make_text(bytes), *all_of_it = malloc(bytes);

    for (enum shape shape = 1; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, plain, bytes, bytes);
        struct corpus *corpus =
            corpus_open(store(packed.data, packed.bytes), &all);
        bool is_right = true;

        CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
        double start = cpu_seconds();
        CU_ASSERT_PTR_NOT_NULL(corpus_view(corpus, 0, bytes, all_of_it));
        double once = cpu_seconds() - start;
        start = cpu_seconds();
        for (size_t at = 0; at + piece <= bytes; at += piece) {
            is_right &= corpus_view(corpus, at, piece, all_of_it) != NULL &&
                        memcmp(all_of_it, plain + at, piece) == 0;
        }
        CU_ASSERT(is_right);
        CU_ASSERT(cpu_seconds() - start < 400 * once + 0.01);
        corpus_close(corpus);
        free(packed.data);
    }
    free(all_of_it);
    free(plain);
}

static void
test_parts_begin_and_end_inside_segments(void)
{
    uint8_t *plain = make_text(50000);

    for (enum shape shape = 0; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, plain, 50000, 7000);
        struct corpus_part part = {.first_byte = 12345, .n_bytes = 20000};
        struct corpus *corpus =
            corpus_open(store(packed.data, packed.bytes), &part);

        CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
        CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 20000);
        CU_ASSERT(piece_is_right(corpus, plain + 12345, 9999, 10001));
        CU_ASSERT(piece_is_right(corpus, plain + 12345, 0, 20000));
        corpus_close(corpus);
        free(packed.data);
    }
    free(plain);
}

static void
test_empty_files_are_empty(void)
{
    for (enum shape shape = 0; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, (const uint8_t *)"", 0, 10);
        struct corpus *corpus =
            corpus_open(store(packed.data, packed.bytes), &all);

        if (shape == SHAPE_XZ_STREAMS || shape == SHAPE_GZIP_MEMBERS) {
            /* No member at all, only padding: these are plain bytes. */
            CU_ASSERT_EQUAL(corpus_bytes(corpus), packed.bytes);
        } else {
            CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
            CU_ASSERT_EQUAL(corpus_bytes(corpus), 0);
            CU_ASSERT_PTR_NOT_NULL(corpus_view(corpus, 0, 0, NULL));
        }
        corpus_close(corpus);
        free(packed.data);
    }
}

/*
 * Damage in one segment is not noticed by who reads the others: they were
 * not decoded.
 */
static void
test_segments_that_are_not_read_are_not_decoded(void)
{
    static const enum shape shapes[] = {SHAPE_XZ_BLOCKS, SHAPE_XZ_STREAMS,
        SHAPE_ZSTD_FRAMES, SHAPE_ZSTD_TABLE, SHAPE_ZSTD_TABLE_CHECKS};
    size_t piece = 20000, n_pieces = 7;
    uint8_t *plain = make_text(n_pieces * piece);

    report_hold(true, "");
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        struct bytes packed =
            make_packed(shapes[s], plain, n_pieces * piece, piece);
        unsigned n_errors = report_error_count();
        unsigned n_wrong = 0;

        packed.data[packed.bytes / 2] ^= 0x55;
        struct corpus *corpus =
            corpus_open(store(packed.data, packed.bytes), &all);
        CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
        for (size_t i = 0; i < n_pieces; i++) {
            n_wrong += !piece_is_right(corpus, plain, i * piece, piece);
        }
        CU_ASSERT_EQUAL(n_wrong, 1);
        CU_ASSERT_EQUAL(report_error_count() - n_errors, 1);
        /* A failed reader goes on with what is intact. */
        CU_ASSERT(piece_is_right(corpus, plain, 100, piece - 200));
        corpus_close(corpus);
        free(packed.data);
    }
    report_discard();
    free(plain);
}

enum outcome { REFUSED, TAKEN_AS_PLAIN, READ };

/* Open the file and read all of it; *got is freed with free(). */
static enum outcome
read_all(const struct bytes *file, struct bytes *got)
{
    struct corpus *corpus = corpus_open(store(file->data, file->bytes), &all);
    struct corpus_identity identity;

    *got = (struct bytes){NULL, 0};
    if (corpus == NULL) {
        return REFUSED;
    }
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 0), 0);
    bool is_plain = strcmp(identity.format, "plain") == 0;
    uint64_t bytes = corpus_bytes(corpus);
    /* No size may be claimed that the file cannot hold. */
    CU_ASSERT(bytes <= ((uint64_t)file->bytes << 15) + (1 << 20));
    got->data = malloc((size_t)bytes + 1);
    got->bytes = (size_t)bytes;
    const uint8_t *view = corpus_view(corpus, 0, (size_t)bytes, got->data);
    if (view != NULL && view != got->data) {
        memcpy(got->data, view, (size_t)bytes);
    }
    corpus_close(corpus);
    return view == NULL ? REFUSED : is_plain ? TAKEN_AS_PLAIN : READ;
}

/* The outcome is a refusal with one message, or bytes of the plain text. */
static void
check_damaged(const struct bytes *file, const uint8_t *plain,
    size_t plain_bytes, bool may_be_short)
{
    unsigned n_errors = report_error_count();
    struct bytes got;
    enum outcome outcome = read_all(file, &got);

    n_errors = report_error_count() - n_errors;
    CU_ASSERT_EQUAL(n_errors, outcome == REFUSED);
    if (outcome == READ) {
        CU_ASSERT(got.bytes <= plain_bytes);
        CU_ASSERT(may_be_short || got.bytes == plain_bytes);
        CU_ASSERT(memcmp(got.data, plain,
                      got.bytes < plain_bytes ? got.bytes : plain_bytes) == 0);
    }
    free(got.data);
    report_discard();
}

static void
test_truncated_files_give_no_wrong_byte(void)
{
    size_t bytes = 400;
    uint8_t *plain = make_text(bytes);

    report_hold(true, "");
    for (enum shape shape = 1; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, plain, bytes, 150);

        for (size_t n = 0; n < packed.bytes; n++) {
            struct bytes file = {packed.data, n};
            /* A cut between two members leaves a right, shorter file. */
            check_damaged(&file, plain, bytes, true);
        }
        free(packed.data);
    }
    free(plain);
}

static void
test_flipped_bits_give_no_wrong_byte(void)
{
    static const uint8_t masks[] = {0x01, 0x10, 0xff};
    size_t bytes = 400;
    uint8_t *plain = make_text(bytes);

    report_hold(true, "");
    for (enum shape shape = 1; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, plain, bytes, 150);

        for (size_t i = 0; i < packed.bytes; i++) {
            for (size_t m = 0; m < sizeof(masks); m++) {
                packed.data[i] ^= masks[m];
                check_damaged(&packed, plain, bytes, false);
                packed.data[i] ^= masks[m];
            }
        }
        free(packed.data);
    }
    free(plain);
}

static void
test_data_after_the_end_is_refused(void)
{
    static const enum shape shapes[] = {
        SHAPE_XZ_ONE, SHAPE_GZIP_ONE, SHAPE_ZSTD_ONE};
    uint8_t *plain = make_text(400);

    report_hold(true, "");
    for (size_t s = 0; s < 3; s++) {
        struct bytes packed = make_packed(shapes[s], plain, 400, 400);
        struct bytes got;

        packed.data = realloc(packed.data, packed.bytes + 8);
        memcpy(packed.data + packed.bytes, "garbage!", 8);
        packed.bytes += 8;
        CU_ASSERT_EQUAL(read_all(&packed, &got), REFUSED);
        free(got.data);
        free(packed.data);
    }
    report_discard();
    free(plain);
}

/* A table that shifted the bytes after a frame would go unnoticed by who
 * does not read that frame. */
static void
test_a_seek_table_must_agree_with_the_frames(void)
{
    uint8_t *plain = make_text(400);
    struct bytes packed = make_packed(SHAPE_ZSTD_TABLE, plain, 400, 150);
    /* 9 bytes of footer, 8 for each of 3 frames; the first one's sizes. */
    uint8_t *entry = packed.data + packed.bytes - 9 - 3 * 8;

    report_hold(true, "");
    CU_ASSERT_EQUAL(entry[4], 150);
    entry[4]++;
    CU_ASSERT_PTR_NULL(corpus_open(store(packed.data, packed.bytes), &all));
    entry[4]--;
    entry[0]++;
    CU_ASSERT_PTR_NULL(corpus_open(store(packed.data, packed.bytes), &all));
    report_discard();
    free(packed.data);
    free(plain);
}

/* 20 bytes that claim to be 2^50: nobody may allocate that much. */
static void
test_impossible_sizes_are_refused(void)
{
    static const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, /* magic */
        0, 0, 0, 0, 0, 0, 4, 0, /* plain size */
        0x03, 0, 0, 0x41};      /* last block */

    report_hold(true, "");
    CU_ASSERT_PTR_NULL(corpus_open(store(frame, sizeof(frame)), &all));
    report_discard();
}

/* A block header may ask for a dictionary of 4 GiB: for a small block the
 * decoder makes a small one, and the bytes are the same. */
static void
test_large_dictionaries_are_not_allocated(void)
{
    uint8_t *plain = make_text(400);
    struct bytes packed = make_packed(SHAPE_XZ_ONE, plain, 400, 400), got;
    uint8_t *header = packed.data + 12; /* after the stream header */
    size_t crc_at = (size_t)header[0] * 4;
    struct rlimit before, low;

    header[4] = 40; /* 2^32 - 1 bytes */
    uint32_t crc = lzma_crc32(header, crc_at, 0);
    memcpy(header + crc_at, &crc, sizeof(crc));
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_DATA, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)1 << 30;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_DATA, &low), 0);
    CU_ASSERT_EQUAL_FATAL(read_all(&packed, &got), READ);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_DATA, &before), 0);
    CU_ASSERT(got.bytes == 400 && memcmp(got.data, plain, 400) == 0);
    free(got.data);
    free(packed.data);
    free(plain);
}

/* 10 MB of zeros in some hundred bytes: high ratios are no reason to refuse. */
static void
test_zeros_are_read(void)
{
    size_t bytes = 10 << 20;
    uint8_t *zeros = calloc(bytes, 1);

    for (enum shape shape = 0; shape < N_SHAPES; shape++) {
        struct bytes packed = make_packed(shape, zeros, bytes, 3 << 20);
        struct bytes got;

        CU_ASSERT_FATAL(read_all(&packed, &got) != REFUSED);
        CU_ASSERT_EQUAL(got.bytes, bytes);
        CU_ASSERT(memcmp(got.data, zeros, bytes) == 0);
        free(got.data);
        free(packed.data);
    }
    free(zeros);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_any_piece_in_any_order_is_right),
    CHECK_TEST(test_reading_forward_decodes_once),
    CHECK_TEST(test_parts_begin_and_end_inside_segments),
    CHECK_TEST(test_empty_files_are_empty),
    CHECK_TEST(test_segments_that_are_not_read_are_not_decoded),
    CHECK_TEST(test_truncated_files_give_no_wrong_byte),
    CHECK_TEST(test_flipped_bits_give_no_wrong_byte),
    CHECK_TEST(test_data_after_the_end_is_refused),
    CHECK_TEST(test_a_seek_table_must_agree_with_the_frames),
    CHECK_TEST(test_impossible_sizes_are_refused),
    CHECK_TEST(test_large_dictionaries_are_not_allocated),
    CHECK_TEST(test_zeros_are_read),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("packed", tests)
