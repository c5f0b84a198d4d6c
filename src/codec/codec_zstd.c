/*
 * codec_zstd.c
 *
 * zstd at level 19, the highest that needs no special flag to decode.  One
 * frame that states the plain size (zstd adapts its tables to it) and has no
 * checksum: the library's default, 4 bytes less than the program's.
 */
#include <stdio.h>
#include <zstd.h>

#include "base/report.h"
#include "codec/codec_kind.h"

#define LEVEL 19

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "level %d, content size, no checksum, libzstd %s", LEVEL,
        ZSTD_versionString());
}

static size_t
bound(size_t in_bytes)
{
    return ZSTD_compressBound(in_bytes);
}

static int
compress_zstd(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    size_t n;

    if (cctx == NULL) {
        report_error("zstd: cannot make an encoder: out of memory");
        return -1;
    }
    n = ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, LEVEL);
    if (!ZSTD_isError(n)) {
        n = ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, 1);
    }
    if (!ZSTD_isError(n)) {
        n = ZSTD_compress2(cctx, out, out_bytes_max, in, in_bytes);
    }
    ZSTD_freeCCtx(cctx);
    if (ZSTD_isError(n)) {
        report_error("zstd: cannot compress %zu bytes into %zu: %s", in_bytes,
            out_bytes_max, ZSTD_getErrorName(n));
        return -1;
    }
    *out_bytes = n;
    return 0;
}

static int
decompress_zstd(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    size_t n = ZSTD_decompress(out, out_bytes_max, in, in_bytes);

    if (in_bytes == 0 || ZSTD_isError(n)) {
        report_error("zstd: cannot decompress %zu bytes into %zu: %s", in_bytes,
            out_bytes_max, ZSTD_isError(n) ? ZSTD_getErrorName(n) : "no frame");
        return -1;
    }
    *out_bytes = n;
    return 0;
}

const struct codec codec_zstd = {
    .name = "zstd",
    .describe = describe,
    .bound = bound,
    .compress = compress_zstd,
    .decompress = decompress_zstd,
};
