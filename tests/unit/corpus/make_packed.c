/*
 * make_packed.c
 */
#include "make_packed.h"

#include <assert.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#define SKIPPABLE_MAGIC 0x184D2A50u
#define TABLE_MAGIC     0x184D2A5Eu
#define FOOTER_MAGIC    0x8F92EAB1u

static void
append(struct bytes *out, const void *data, size_t bytes)
{
    out->data = realloc(out->data, out->bytes + bytes + 1);
    assert(out->data != NULL);
    if (bytes > 0) {
        memcpy(out->data + out->bytes, data, bytes);
    }
    out->bytes += bytes;
}

static void
append_u32(struct bytes *out, uint32_t value)
{
    append(out, &value, sizeof(value));
}

/* One xz stream; a new block begins after each piece. */
static void
append_xz(struct bytes *out, const uint8_t *plain, size_t plain_bytes,
    size_t piece_bytes)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    size_t room = plain_bytes + plain_bytes / 2 + 65536;
    uint8_t *packed = malloc(room);
    lzma_ret rc = lzma_easy_encoder(&stream, 1, LZMA_CHECK_CRC64);

    assert(rc == LZMA_OK && packed != NULL);
    stream.next_in = plain;
    stream.next_out = packed;
    stream.avail_out = room;
    for (size_t at = 0; at < plain_bytes && piece_bytes > 0;) {
        size_t n = plain_bytes - at;

        n = n < piece_bytes ? n : piece_bytes;
        stream.avail_in = n;
        do {
            rc = lzma_code(&stream, LZMA_FULL_FLUSH);
        } while (rc == LZMA_OK);
        at += n;
    }
    stream.avail_in = (size_t)(plain + plain_bytes - stream.next_in);
    do {
        rc = lzma_code(&stream, LZMA_FINISH);
    } while (rc == LZMA_OK);
    assert(rc == LZMA_STREAM_END);
    append(out, packed, room - stream.avail_out);
    lzma_end(&stream);
    free(packed);
}

static void
append_gzip(struct bytes *out, const uint8_t *plain, size_t plain_bytes)
{
    z_stream z = {0};
    size_t room = plain_bytes + plain_bytes / 100 + 1024;
    uint8_t *packed = malloc(room);
    int rc = deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);

    assert(rc == Z_OK && packed != NULL);
    z.next_in = (Bytef *)(uintptr_t)plain;
    z.avail_in = (unsigned)plain_bytes;
    z.next_out = packed;
    z.avail_out = (unsigned)room;
    rc = deflate(&z, Z_FINISH);
    assert(rc == Z_STREAM_END);
    append(out, packed, room - z.avail_out);
    deflateEnd(&z);
    free(packed);
}

/* Returns the length of the frame. */
static size_t
append_zstd(struct bytes *out, const uint8_t *plain, size_t plain_bytes,
    bool is_sized, bool has_check)
{
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(plain_bytes);
    uint8_t *packed = malloc(room);

    assert(cctx != NULL && packed != NULL);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, is_sized);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, has_check);
    size_t n = ZSTD_compress2(cctx, packed, room, plain, plain_bytes);
    assert(!ZSTD_isError(n));
    append(out, packed, n);
    ZSTD_freeCCtx(cctx);
    free(packed);
    return n;
}

static void
append_zstd_frames(struct bytes *out, enum shape shape, const uint8_t *plain,
    size_t plain_bytes, size_t piece_bytes)
{
    bool has_table =
        shape == SHAPE_ZSTD_TABLE || shape == SHAPE_ZSTD_TABLE_CHECKS;
    bool has_checks = shape == SHAPE_ZSTD_TABLE_CHECKS;
    struct bytes table = {NULL, 0};
    uint32_t n_frames = 0;

    if (shape == SHAPE_ZSTD_FRAMES) {
        append_u32(out, SKIPPABLE_MAGIC);
        append_u32(out, 5);
        append(out, "hello", 5);
    }
    for (size_t at = 0; at < plain_bytes; n_frames++) {
        size_t n = plain_bytes - at;

        n = n < piece_bytes ? n : piece_bytes;
        append_u32(&table,
            (uint32_t)append_zstd(out, plain + at, n,
                shape != SHAPE_ZSTD_UNSIZED && !has_checks, !has_checks));
        append_u32(&table, (uint32_t)n);
        if (has_checks) {
            append_u32(&table, (uint32_t)XXH64(plain + at, n, 0));
        }
        at += n;
    }
    if (has_table) {
        uint8_t flags = has_checks ? 0x80 : 0;

        append_u32(out, TABLE_MAGIC);
        append_u32(out, (uint32_t)table.bytes + 9);
        append(out, table.data, table.bytes);
        append_u32(out, n_frames);
        append(out, &flags, 1);
        append_u32(out, FOOTER_MAGIC);
    }
    free(table.data);
}

struct bytes
make_packed(enum shape shape, const uint8_t *plain, size_t plain_bytes,
    size_t piece_bytes)
{
    struct bytes out = {NULL, 0};

    append(&out, NULL, 0);
    switch (shape) {
    case SHAPE_PLAIN:
        append(&out, plain, plain_bytes);
        break;
    case SHAPE_XZ_ONE:
        append_xz(&out, plain, plain_bytes, 0);
        break;
    case SHAPE_XZ_BLOCKS:
        append_xz(&out, plain, plain_bytes, piece_bytes);
        break;
    case SHAPE_GZIP_ONE:
        append_gzip(&out, plain, plain_bytes);
        break;
    case SHAPE_ZSTD_ONE:
        append_zstd(&out, plain, plain_bytes, true, true);
        break;
    case SHAPE_XZ_STREAMS:
    case SHAPE_GZIP_MEMBERS:
        for (size_t at = 0; at < plain_bytes; at += piece_bytes) {
            size_t rest = plain_bytes - at;
            size_t n = rest < piece_bytes ? rest : piece_bytes;

            if (shape == SHAPE_XZ_STREAMS) {
                append_xz(&out, plain + at, n, 0);
                append(&out, "\0\0\0", 4);
            } else {
                append_gzip(&out, plain + at, n);
            }
        }
        append(&out, "\0\0\0", 4);
        break;
    default:
        append_zstd_frames(&out, shape, plain, plain_bytes, piece_bytes);
    }
    return out;
}

const char *
shape_name(enum shape shape)
{
    static const char *const names[N_SHAPES] = {"plain", "xz-one", "xz-blocks",
        "xz-streams", "gzip-one", "gzip-members", "zstd-one", "zstd-frames",
        "zstd-unsized", "zstd-table", "zstd-table-checks"};

    return names[shape];
}

uint8_t *
make_text(size_t bytes)
{
    static const char *const words[] = {"the ", "code ", "length ", "of ", "a ",
        "corpus ", "is ", "a score ", "that ", "compares ", "models.\n"};
    uint8_t *text = malloc(bytes + 1);
    uint64_t state = 12345;

    assert(text != NULL);
    for (size_t at = 0; at < bytes;) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const char *word = words[(state >> 33) % 11];
        size_t n = strlen(word);

        n = n < bytes - at ? n : bytes - at;
        memcpy(text + at, word, n);
        at += n;
        /* Now and then a byte that no word has. */
        if (at < bytes && (state >> 40) % 8 == 0) {
            text[at++] = (uint8_t)(state >> 50);
        }
    }
    return text;
}
