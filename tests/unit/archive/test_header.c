/*
 * test_header.c
 *
 * A header comes back as it was written; one that was altered anywhere, cut
 * off or asks for more than a decoder can hold is refused.
 */
#include <string.h>

#include "archive/archive_cursor.h"
#include "archive/archive_header.h"
#include "base/hash.h"
#include "base/report.h"
#include "check.h"

#define SHA "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210"

static struct archive_header
full_header(void)
{
    struct archive_header header = {
        .numerics = 1,
        .math = 2,
        .chunk_bytes = 2048,
        .block_chunks = 64,
        .context = 2049,
        .stride = 1000,
        .start_token = 70000,
        .predictor = "model",
        .name = "byte-200k",
        .model_sha256 = SHA,
        .tokenizer_sha256 = SHA,
    };

    return header;
}

static int
read_header(struct archive_header *header, const uint8_t *in, size_t bytes)
{
    size_t want;
    uint8_t *copy = check_guarded(bytes);
    int rc = -1;

    memcpy(copy, in, bytes);
    report_hold(true, "");
    if (archive_header_start(&want, copy, "a.cl") == 0 && want == bytes) {
        rc = archive_header_read(header, copy, bytes, "a.cl");
    }
    report_discard();
    report_hold(false, NULL);
    check_guarded_free(copy, bytes);
    return rc;
}

static void
test_a_header_comes_back(void)
{
    struct archive_header header = full_header(), back;
    uint8_t out[ARCHIVE_HEADER_MAX];

    size_t n = archive_header_write(out, &header);
    CU_ASSERT_EQUAL(read_header(&back, out, n), 0);
    CU_ASSERT_EQUAL(back.numerics, header.numerics);
    CU_ASSERT_EQUAL(back.math, header.math);
    CU_ASSERT_EQUAL(back.chunk_bytes, header.chunk_bytes);
    CU_ASSERT_EQUAL(back.block_chunks, header.block_chunks);
    CU_ASSERT_EQUAL(back.context, header.context);
    CU_ASSERT_EQUAL(back.stride, header.stride);
    CU_ASSERT_EQUAL(back.start_token, header.start_token);
    CU_ASSERT_STRING_EQUAL(back.predictor, header.predictor);
    CU_ASSERT_STRING_EQUAL(back.name, header.name);
    CU_ASSERT_STRING_EQUAL(back.model_sha256, SHA);
    CU_ASSERT_STRING_EQUAL(back.tokenizer_sha256, SHA);
}

static void
test_every_altered_bit_is_seen(void)
{
    struct archive_header header = full_header(), back;
    uint8_t out[ARCHIVE_HEADER_MAX];
    size_t n = archive_header_write(out, &header);

    for (size_t i = 0; i < 8 * n; i++) {
        out[i / 8] ^= (uint8_t)(1 << i % 8);
        CU_ASSERT_EQUAL(read_header(&back, out, n), -1);
        out[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void
test_sizes_beyond_a_decoder_are_refused(void)
{
    struct archive_header header = full_header(), back;
    uint8_t out[ARCHIVE_HEADER_MAX];

    header.chunk_bytes = ARCHIVE_BLOCK_MAX + 1;
    header.block_chunks = 1;
    CU_ASSERT_EQUAL(
        read_header(&back, out, archive_header_write(out, &header)), -1);
    header.chunk_bytes = 2048;
    header.block_chunks = ARCHIVE_BLOCK_MAX / 2048 + 1;
    CU_ASSERT_EQUAL(
        read_header(&back, out, archive_header_write(out, &header)), -1);
    header.block_chunks = 0;
    CU_ASSERT_EQUAL(
        read_header(&back, out, archive_header_write(out, &header)), -1);
}

static void
test_names_are_cut_and_cannot_move_a_cursor(void)
{
    struct archive_header header = full_header(), back;
    uint8_t out[ARCHIVE_HEADER_MAX];

    archive_header_set_name(header.name,
        "a\x1b[2Jname that is longer than what a header has room for");
    CU_ASSERT_STRING_EQUAL(header.name, "a[2Jname that is longer than wh");
    strcpy(header.name, "a\x1b[2J");
    CU_ASSERT_EQUAL(
        read_header(&back, out, archive_header_write(out, &header)), -1);
}

static void
test_numbers_come_back(void)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, 16383, 16384,
        UINT32_MAX, UINT64_MAX / 2, UINT64_MAX};
    uint8_t out[ARCHIVE_VARINT_BYTES];

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct archive_cursor cursor = {
            .at = out, .end = archive_put_varint(out, values[i])};
        CU_ASSERT_EQUAL(archive_take_varint(&cursor), values[i]);
        CU_ASSERT(!cursor.is_wrong && cursor.at == cursor.end);
        cursor.at = out;
        cursor.end--;
        (void)archive_take_varint(&cursor);
        CU_ASSERT(cursor.is_wrong);
    }
}

static void
test_numbers_have_one_spelling(void)
{
    static const uint8_t longer[] = {0x81, 0x00};
    static const uint8_t larger[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    struct archive_cursor cursor = {.at = longer, .end = longer + 2};

    (void)archive_take_varint(&cursor);
    CU_ASSERT(cursor.is_wrong);
    cursor = (struct archive_cursor){.at = larger, .end = larger + 10};
    (void)archive_take_varint(&cursor);
    CU_ASSERT(cursor.is_wrong);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_header_comes_back),
    CHECK_TEST(test_every_altered_bit_is_seen),
    CHECK_TEST(test_sizes_beyond_a_decoder_are_refused),
    CHECK_TEST(test_names_are_cut_and_cannot_move_a_cursor),
    CHECK_TEST(test_numbers_come_back),
    CHECK_TEST(test_numbers_have_one_spelling),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("header", tests)
