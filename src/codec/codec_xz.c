/*
 * codec_xz.c
 *
 * liblzma with the settings of Python's lzma.compress(), which the reference
 * study used: .xz container, preset 6, CRC64.
 *
 * The preset's dictionary of 8 MiB makes liblzma allocate and clear tables
 * for 8 MiB at each call, a hundred times the work of a 2 KB chunk.  A
 * dictionary as large as the input finds the same matches; its size is a
 * field of constant length, so the output is as long as the preset's.
 */
#include <lzma.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/report.h"
#include "codec/codec_kind.h"

#define PRESET         6
#define DICTIONARY_MIN LZMA_DICT_SIZE_MIN

/* More than decoding anything of preset 6 needs (9 MiB). */
#define DECODER_MEMORY_MAX ((uint64_t)64 << 20)

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES, "preset %d, CRC64, liblzma %s",
        PRESET, lzma_version_string());
}

/*
 * liblzma's own bound is for its one-call encoder; the streaming encoder
 * writes chunks it cannot shorten as they are, 3 bytes for each 64 KiB.
 */
static size_t
bound(size_t in_bytes)
{
    return in_bytes + in_bytes / 16384 + 256;
}

/* The smallest power of two that holds bytes, at most the preset's. */
static uint32_t
dictionary_bytes(size_t bytes, uint32_t preset_bytes)
{
    uint32_t dictionary = DICTIONARY_MIN;

    while (dictionary < bytes && dictionary < preset_bytes) {
        dictionary *= 2;
    }
    return dictionary;
}

/* With a container, or the bare LZMA2 that lies in it. */
static int
encode(uint8_t *out, size_t out_bytes_max, size_t *out_bytes, const uint8_t *in,
    size_t in_bytes, bool is_bare)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_filter filters[] = {
        {.id = LZMA_FILTER_LZMA2, .options = &options},
        {.id = LZMA_VLI_UNKNOWN},
    };

    if (lzma_lzma_preset(&options, PRESET)) {
        report_error("xz: preset %d is not supported by liblzma", PRESET);
        return -1;
    }
    options.dict_size = dictionary_bytes(in_bytes, options.dict_size);
    lzma_ret status =
        is_bare ? lzma_raw_encoder(&stream, filters)
                : lzma_stream_encoder(&stream, filters, LZMA_CHECK_CRC64);
    stream.next_in = in;
    stream.avail_in = in_bytes;
    stream.next_out = out;
    stream.avail_out = out_bytes_max;
    while (status == LZMA_OK) {
        status = lzma_code(&stream, LZMA_FINISH);
    }
    lzma_end(&stream);
    if (status != LZMA_STREAM_END) {
        report_error("xz: cannot compress %zu bytes into %zu: %s", in_bytes,
            out_bytes_max,
            status == LZMA_BUF_ERROR   ? "they do not fit"
            : status == LZMA_MEM_ERROR ? "out of memory"
                                       : "liblzma failed");
        return -1;
    }
    *out_bytes = out_bytes_max - stream.avail_out;
    return 0;
}

static int
compress_xz(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return encode(out, out_bytes_max, out_bytes, in, in_bytes, false);
}

/* The container fills its blocks up to multiples of 4 bytes. */
static int
count_bits(uint64_t *bits, const uint8_t *in, size_t in_bytes)
{
    size_t out_bytes_max = bound(in_bytes), out_bytes = 0;
    uint8_t *out = mem_alloc(out_bytes_max, 1);
    int rc = -1;

    if (out != NULL) {
        rc = encode(out, out_bytes_max, &out_bytes, in, in_bytes, true);
    }
    *bits = (uint64_t)out_bytes * 8;
    mem_free(out);
    return rc;
}

static int
decompress_xz(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    uint64_t memory = DECODER_MEMORY_MAX;
    size_t in_at = 0, out_at = 0;
    lzma_ret status = lzma_stream_buffer_decode(
        &memory, 0, NULL, in, &in_at, in_bytes, out, &out_at, out_bytes_max);

    if (status != LZMA_OK || in_at < in_bytes) {
        report_error("xz: byte %zu of %zu: corrupt, or more than %zu bytes "
                     "come out",
            in_at, in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = out_at;
    return 0;
}

const struct codec codec_xz = {
    .name = "xz",
    .describe = describe,
    .bound = bound,
    .compress = compress_xz,
    .decompress = decompress_xz,
    .count_bits = count_bits,
};
