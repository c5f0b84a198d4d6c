/*
 * archive_header.c
 */
#include "archive/archive_header.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "archive/archive_cursor.h"
#include "base/report.h"

/* Raw bytes of a block, if chunks are not larger: its head then costs 0.02 %
   of them. */
#define BLOCK_BYTES ((uint64_t)128 << 10)

#define SHA256_BYTES 32
#define CHECK_BYTES  4

/* Largest context, stride and token that are believed. */
#define TOKENS_MAX ((uint64_t)1 << 31)

uint64_t
archive_header_block_chunks(uint64_t chunk_bytes)
{
    return chunk_bytes < BLOCK_BYTES ? BLOCK_BYTES / chunk_bytes : 1;
}

struct archive_header
archive_header_stored(const struct archive_header *header)
{
    return (struct archive_header){
        .numerics = header->numerics,
        .chunk_bytes = header->chunk_bytes,
        .block_chunks = header->block_chunks,
        .start_token = -1,
        .predictor = ARCHIVE_STORED,
    };
}

/* What would move a terminal's cursor. */
static bool
is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

void
archive_header_set_name(char out[ARCHIVE_NAME_BYTES], const char *name)
{
    size_t n = 0;

    for (; *name != '\0' && n + 1 < ARCHIVE_NAME_BYTES; name++) {
        if (!is_control(*name)) {
            out[n++] = *name;
        }
    }
    out[n] = '\0';
}

static uint8_t *
put_name(uint8_t *out, const char *name)
{
    size_t n = strlen(name);

    assert(n < ARCHIVE_NAME_BYTES);
    *out++ = (uint8_t)n;
    memcpy(out, name, n);
    return out + n;
}

static unsigned
hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* 32 bytes after their number, or none. */
static uint8_t *
put_sha256(uint8_t *out, const char *hex)
{
    bool is_there = hex[0] != '\0';

    *out++ = is_there ? SHA256_BYTES : 0;
    for (size_t i = 0; is_there && i < SHA256_BYTES; i++) {
        *out++ =
            (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return out;
}

size_t
archive_header_write(
    uint8_t out[ARCHIVE_HEADER_MAX], const struct archive_header *header)
{
    uint8_t *p = out;

    memcpy(p, ARCHIVE_MAGIC, ARCHIVE_MAGIC_BYTES);
    p += ARCHIVE_MAGIC_BYTES;
    *p++ = ARCHIVE_VERSION;
    p++; /* the length, below */
    *p++ = (uint8_t)header->numerics;
    *p++ = (uint8_t)header->math;
    p = archive_put_varint(p, header->chunk_bytes);
    p = archive_put_varint(p, header->block_chunks);
    p = archive_put_varint(p, header->context);
    p = archive_put_varint(p, header->stride);
    p = archive_put_varint(p, (uint64_t)(header->start_token + 1));
    p = put_name(p, header->predictor);
    p = put_name(p, header->name);
    p = put_sha256(p, header->model_sha256);
    p = put_sha256(p, header->tokenizer_sha256);
    out[ARCHIVE_HEADER_START - 1] = (uint8_t)(p - out + CHECK_BYTES);
    p = archive_put_fixed(p, hash_xxh64(out, (size_t)(p - out)), CHECK_BYTES);
    assert(p - out <= ARCHIVE_HEADER_MAX);
    return (size_t)(p - out);
}

int
archive_header_start(
    size_t *bytes, const uint8_t start[ARCHIVE_HEADER_START], const char *file)
{
    if (memcmp(start, ARCHIVE_MAGIC, ARCHIVE_MAGIC_BYTES) != 0) {
        report_error("%s: not an archive of codelen", file);
        return -1;
    }
    if (start[ARCHIVE_MAGIC_BYTES] != ARCHIVE_VERSION) {
        report_error("%s: version %d of the archive format; this program "
                     "reads version %d",
            file, start[ARCHIVE_MAGIC_BYTES], ARCHIVE_VERSION);
        return -1;
    }
    *bytes = start[ARCHIVE_HEADER_START - 1];
    if (*bytes < ARCHIVE_HEADER_START + CHECK_BYTES) {
        report_error("%s: the header is damaged", file);
        return -1;
    }
    return 0;
}

static void
take_name(char out[ARCHIVE_NAME_BYTES], struct archive_cursor *cursor)
{
    uint64_t n = archive_take_fixed(cursor, 1);

    if (n >= ARCHIVE_NAME_BYTES) {
        cursor->is_wrong = true;
        return;
    }
    const uint8_t *p = archive_take_bytes(cursor, (size_t)n);
    for (size_t i = 0; p != NULL && i < n; i++) {
        out[i] = (char)p[i];
        cursor->is_wrong |= is_control(out[i]);
    }
    out[n] = '\0';
}

static void
take_sha256(char out[HASH_HEX_BYTES], struct archive_cursor *cursor)
{
    uint64_t n = archive_take_fixed(cursor, 1);

    out[0] = '\0';
    if (n == 0) {
        return;
    }
    const uint8_t *p = archive_take_bytes(cursor, SHA256_BYTES);
    cursor->is_wrong |= n != SHA256_BYTES;
    for (size_t i = 0; p != NULL && i < SHA256_BYTES; i++) {
        snprintf(out + 2 * i, 3, "%02x", p[i]);
    }
}

/* Sizes that a decoder can hold. */
static bool
are_sizes_sound(const struct archive_header *h)
{
    return h->chunk_bytes > 0 && h->chunk_bytes <= ARCHIVE_BLOCK_MAX &&
           h->block_chunks > 0 &&
           h->block_chunks <= ARCHIVE_BLOCK_MAX / h->chunk_bytes &&
           h->context <= TOKENS_MAX && h->stride <= TOKENS_MAX &&
           h->start_token < (int64_t)TOKENS_MAX;
}

int
archive_header_read(struct archive_header *header, const uint8_t *in,
    size_t bytes, const char *file)
{
    size_t start = ARCHIVE_HEADER_START;
    struct archive_cursor cursor = {
        .at = in + start, .end = in + bytes - CHECK_BYTES};
    struct archive_cursor check = {.at = cursor.end, .end = in + bytes};

    *header = (struct archive_header){0};
    header->numerics = (uint32_t)archive_take_fixed(&cursor, 1);
    header->math = (uint32_t)archive_take_fixed(&cursor, 1);
    header->chunk_bytes = archive_take_varint(&cursor);
    header->block_chunks = archive_take_varint(&cursor);
    header->context = archive_take_varint(&cursor);
    header->stride = archive_take_varint(&cursor);
    uint64_t start_token = archive_take_varint(&cursor);
    header->start_token =
        start_token > TOKENS_MAX ? INT64_MAX : (int64_t)start_token - 1;
    take_name(header->predictor, &cursor);
    take_name(header->name, &cursor);
    take_sha256(header->model_sha256, &cursor);
    take_sha256(header->tokenizer_sha256, &cursor);
    if (cursor.is_wrong || cursor.at != cursor.end ||
        archive_take_fixed(&check, CHECK_BYTES) !=
            (uint32_t)hash_xxh64(in, bytes - CHECK_BYTES)) {
        report_error("%s: the header is damaged", file);
        return -1;
    }
    if (!are_sizes_sound(header)) {
        report_error("%s: chunks of %llu bytes, %llu to a block: this program "
                     "decodes blocks of up to %llu bytes",
            file, (unsigned long long)header->chunk_bytes,
            (unsigned long long)header->block_chunks,
            (unsigned long long)ARCHIVE_BLOCK_MAX);
        return -1;
    }
    return 0;
}
