/*
 * codec_brotli.c
 *
 * brotli at quality 11 with the largest standard window (2^24 bytes, RFC
 * 7932); the encoder makes its tables only as large as the input.  The format
 * has no checksum.
 */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <stdio.h>

#include "base/report.h"
#include "codec/codec_kind.h"

#define QUALITY     BROTLI_MAX_QUALITY
#define WINDOW_BITS BROTLI_MAX_WINDOW_BITS

static void
describe(char *out)
{
    uint32_t version = BrotliEncoderVersion();

    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "quality %d, window 2^%d, libbrotli %u.%u.%u", QUALITY, WINDOW_BITS,
        version >> 24, version >> 12 & 0xfff, version & 0xfff);
}

static size_t
bound(size_t in_bytes)
{
    return BrotliEncoderMaxCompressedSize(in_bytes);
}

static int
compress_brotli(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    *out_bytes = out_bytes_max;
    if (!BrotliEncoderCompress(QUALITY, WINDOW_BITS, BROTLI_DEFAULT_MODE,
            in_bytes, in, out_bytes, out)) {
        report_error("brotli: cannot compress %zu bytes into %zu", in_bytes,
            out_bytes_max);
        return -1;
    }
    return 0;
}

static int
decompress_brotli(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    *out_bytes = out_bytes_max;
    if (BrotliDecoderDecompress(in_bytes, in, out_bytes, out) !=
        BROTLI_DECODER_RESULT_SUCCESS) {
        report_error("brotli: %zu bytes are corrupt, or more than %zu bytes "
                     "come out",
            in_bytes, out_bytes_max);
        return -1;
    }
    return 0;
}

const struct codec codec_brotli = {
    .name = "brotli",
    .describe = describe,
    .bound = bound,
    .compress = compress_brotli,
    .decompress = decompress_brotli,
};
