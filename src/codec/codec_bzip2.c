/*
 * codec_bzip2.c
 *
 * libbz2 at level 9: blocks of 900 kB.
 */
#include <bzlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "codec/codec_kind.h"

#define LEVEL 9

/* libbz2 counts with 32 bits: at most this much at once. */
#define PIECE_BYTES_MAX ((size_t)1 << 30)

/* What is left to take and to give. */
struct piece {
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
};

static unsigned
at_most_piece(size_t bytes)
{
    return (unsigned)(bytes < PIECE_BYTES_MAX ? bytes : PIECE_BYTES_MAX);
}

/* Hand the next pieces to libbz2, and take back what it left. */
static void
offer(bz_stream *bz, const struct piece *left)
{
    bz->next_in = (char *)(uintptr_t)left->in;
    bz->avail_in = at_most_piece(left->in_bytes);
    bz->next_out = (char *)left->out;
    bz->avail_out = at_most_piece(left->out_bytes);
}

static void
settle(const bz_stream *bz, struct piece *left)
{
    size_t in_bytes = (size_t)((const uint8_t *)bz->next_in - left->in);
    size_t out_bytes = (size_t)((uint8_t *)bz->next_out - left->out);

    left->in += in_bytes;
    left->in_bytes -= in_bytes;
    left->out += out_bytes;
    left->out_bytes -= out_bytes;
}

static void
describe(char *out)
{
    const char *version = BZ2_bzlibVersion();

    /* "1.0.8, 13-Jul-2019" */
    snprintf(out, CODEC_DESCRIPTION_BYTES, "level %d, libbz2 %.*s", LEVEL,
        (int)strcspn(version, ","), version);
}

/* 1 % and 600 bytes, says the manual. */
static size_t
bound(size_t in_bytes)
{
    return in_bytes + in_bytes / 100 + 600;
}

static int
compress_bzip2(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    bz_stream bz = {0};
    struct piece left = {in, in_bytes, out, out_bytes_max};
    int status;

    if (BZ2_bzCompressInit(&bz, LEVEL, 0, 0) != BZ_OK) {
        report_error("bzip2: cannot make an encoder: out of memory");
        return -1;
    }
    do {
        bool is_last = left.in_bytes <= PIECE_BYTES_MAX;

        offer(&bz, &left);
        status = BZ2_bzCompress(&bz, is_last ? BZ_FINISH : BZ_RUN);
        settle(&bz, &left);
    } while (
        (status == BZ_RUN_OK || status == BZ_FINISH_OK) && left.out_bytes > 0);
    BZ2_bzCompressEnd(&bz);
    if (status != BZ_STREAM_END) {
        report_error(
            "bzip2: %zu bytes do not fit into %zu", in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = out_bytes_max - left.out_bytes;
    return 0;
}

static int
decompress_bzip2(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    bz_stream bz = {0};
    struct piece left = {in, in_bytes, out, out_bytes_max};
    size_t before;
    int status;

    if (BZ2_bzDecompressInit(&bz, 0, 0) != BZ_OK) {
        report_error("bzip2: cannot make a decoder: out of memory");
        return -1;
    }
    do {
        before = left.in_bytes + left.out_bytes;
        offer(&bz, &left);
        status = BZ2_bzDecompress(&bz);
        settle(&bz, &left);
    } while (status == BZ_OK && left.in_bytes + left.out_bytes < before);
    BZ2_bzDecompressEnd(&bz);
    if (status != BZ_STREAM_END || left.in_bytes > 0) {
        report_error("bzip2: byte %zu of %zu: corrupt, or more than %zu bytes "
                     "come out",
            in_bytes - left.in_bytes, in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = out_bytes_max - left.out_bytes;
    return 0;
}

const struct codec codec_bzip2 = {
    .name = "bzip2",
    .describe = describe,
    .bound = bound,
    .compress = compress_bzip2,
    .decompress = decompress_bzip2,
};
