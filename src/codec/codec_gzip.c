/*
 * codec_gzip.c
 *
 * zlib in a gzip wrapper with the settings of Python's gzip.compress(), which
 * the reference study used: level 9, no name, no time, 18 bytes of wrapper.
 */
#include <stdio.h>
#include <zlib.h>

#include "base/report.h"
#include "codec/codec_kind.h"

#define LEVEL 9

/* 15: the largest window; 16: gzip wrapper instead of zlib's. */
#define WINDOW_BITS     (15 + 16)
#define RAW_WINDOW_BITS (-15) /* no wrapper */
#define MEMORY_LEVEL    8     /* zlib's default */

/* zlib counts with 32 bits: at most this much at once. */
#define PIECE_BYTES_MAX ((size_t)1 << 30)

/* What one call of zlib may take and give. */
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

/* Call deflate() or inflate() until it ends or cannot go on. */
static int
run(z_stream *z, int (*code)(z_stream *, int), struct piece *left)
{
    for (;;) {
        unsigned in_bytes = at_most_piece(left->in_bytes);
        unsigned out_bytes = at_most_piece(left->out_bytes);

        z->next_in = (Bytef *)(uintptr_t)left->in;
        z->avail_in = in_bytes;
        z->next_out = left->out;
        z->avail_out = out_bytes;
        int status =
            code(z, in_bytes == left->in_bytes ? Z_FINISH : Z_NO_FLUSH);
        in_bytes -= z->avail_in;
        out_bytes -= z->avail_out;
        left->in += in_bytes;
        left->in_bytes -= in_bytes;
        left->out += out_bytes;
        left->out_bytes -= out_bytes;
        if (status != Z_OK && status != Z_BUF_ERROR) {
            return status;
        }
        if (in_bytes == 0 && out_bytes == 0) {
            return Z_BUF_ERROR;
        }
    }
}

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES, "level %d, zlib %s", LEVEL,
        zlibVersion());
}

/* Stored blocks of at most 16383 bytes (memory level 8) cost 5 bytes each. */
static size_t
bound(size_t in_bytes)
{
    return in_bytes + in_bytes / 16383 * 5 + 64;
}

static int
compress_gzip(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    z_stream z = {0};
    struct piece left = {in, in_bytes, out, out_bytes_max};

    if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
            Z_DEFAULT_STRATEGY) != Z_OK) {
        report_error("gzip: cannot make an encoder: out of memory");
        return -1;
    }
    int status = run(&z, deflate, &left);
    deflateEnd(&z);
    if (status != Z_STREAM_END) {
        report_error(
            "gzip: %zu bytes do not fit into %zu", in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = out_bytes_max - left.out_bytes;
    return 0;
}

/*
 * Z_BLOCK ends the block as Z_FINISH does, bit for bit, but leaves what does
 * not fill a byte in the encoder, which tells how much that is.  It writes no
 * empty block, as Z_FINISH does where the last block happens to be full.
 */
static int
count_bits(uint64_t *bits, const uint8_t *in, size_t in_bytes)
{
    z_stream z = {0};
    uint8_t out[4096];
    uint64_t out_bytes = 0;
    int rest = 0;

    if (deflateInit2(&z, LEVEL, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL,
            Z_DEFAULT_STRATEGY) != Z_OK) {
        report_error("gzip: cannot make an encoder: out of memory");
        return -1;
    }
    z.next_in = (Bytef *)(uintptr_t)in;
    do {
        z.avail_in = at_most_piece(in_bytes);
        in_bytes -= z.avail_in;
        do {
            z.next_out = out;
            z.avail_out = sizeof(out);
            deflate(&z, in_bytes == 0 ? Z_BLOCK : Z_NO_FLUSH);
            out_bytes += sizeof(out) - z.avail_out;
        } while (z.avail_out == 0);
    } while (in_bytes > 0);
    int status = deflatePending(&z, Z_NULL, &rest);
    deflateEnd(&z);
    *bits = out_bytes * 8 + (uint64_t)rest;
    return status == Z_OK ? 0 : -1;
}

static int
decompress_gzip(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    z_stream z = {0};
    struct piece left = {in, in_bytes, out, out_bytes_max};

    if (inflateInit2(&z, WINDOW_BITS) != Z_OK) {
        report_error("gzip: cannot make a decoder: out of memory");
        return -1;
    }
    int status = run(&z, inflate, &left);
    inflateEnd(&z);
    if (status != Z_STREAM_END || left.in_bytes > 0) {
        report_error("gzip: byte %zu of %zu: corrupt, or more than %zu bytes "
                     "come out",
            in_bytes - left.in_bytes, in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = out_bytes_max - left.out_bytes;
    return 0;
}

const struct codec codec_gzip = {
    .name = "gzip",
    .describe = describe,
    .bound = bound,
    .compress = compress_gzip,
    .decompress = decompress_gzip,
    .count_bits = count_bits,
};
