/*
 * codec_jxl.c
 *
 * Lossless JPEG XL, a bare codestream of a grey picture.  Shapes as in
 * codec_png.c.
 */
#include <stdio.h>

#include <jxl/decode.h>
#include <jxl/encode.h>

#include "base/report.h"
#include "codec/codec_kind.h"
#include "codec/raster.h"

/* 1 to 9; the library's default.  9 takes several times as long for 1 %. */
#define EFFORT 7

/* Of level 5 of the format. */
#define SIDE_MAX ((size_t)1 << 18)

static const JxlPixelFormat pixels = {
    .num_channels = 1, .data_type = JXL_TYPE_UINT8};

static void
describe(char *out)
{
    uint32_t version = JxlEncoderVersion();

    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "lossless, grey, effort %d, libjxl %u.%u.%u", EFFORT, version / 1000000,
        version / 1000 % 1000, version % 1000);
}

static size_t
bound(size_t in_bytes)
{
    return 2 * in_bytes + 4096;
}

static int
encode(JxlEncoder *encoder, const struct raster *shape, uint8_t **out,
    size_t *out_left, const uint8_t *in)
{
    JxlBasicInfo info;
    JxlColorEncoding grey;

    JxlEncoderInitBasicInfo(&info);
    info.xsize = (uint32_t)shape->width;
    info.ysize = (uint32_t)shape->height;
    info.bits_per_sample = 8;
    info.num_color_channels = 1;
    info.uses_original_profile = JXL_TRUE;
    JxlColorEncodingSetToSRGB(&grey, JXL_TRUE);
    JxlEncoderFrameSettings *frame =
        JxlEncoderFrameSettingsCreate(encoder, NULL);
    if (frame == NULL ||
        JxlEncoderSetBasicInfo(encoder, &info) != JXL_ENC_SUCCESS ||
        JxlEncoderSetColorEncoding(encoder, &grey) != JXL_ENC_SUCCESS ||
        JxlEncoderSetFrameLossless(frame, JXL_TRUE) != JXL_ENC_SUCCESS ||
        JxlEncoderFrameSettingsSetOption(
            frame, JXL_ENC_FRAME_SETTING_EFFORT, EFFORT) != JXL_ENC_SUCCESS ||
        JxlEncoderAddImageFrame(frame, &pixels, in,
            shape->width * shape->height) != JXL_ENC_SUCCESS) {
        return -1;
    }
    JxlEncoderCloseInput(encoder);
    return JxlEncoderProcessOutput(encoder, out, out_left) == JXL_ENC_SUCCESS
               ? 0
               : -1;
}

static int
compress_as(struct raster shape, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in)
{
    size_t left = out_bytes_max;
    int rc = -1;

    *out_bytes = 0;
    if (shape.width == 0) {
        return 0;
    }
    if (shape.height > SIDE_MAX) {
        report_error("jxl: %zu bytes are %zu x %zu pixels, more than %zu on a "
                     "side; choose shorter chunks",
            shape.width * shape.height, shape.width, shape.height, SIDE_MAX);
        return -1;
    }
    JxlEncoder *encoder = JxlEncoderCreate(NULL);
    if (encoder != NULL) {
        rc = encode(encoder, &shape, &out, &left, in);
        JxlEncoderDestroy(encoder);
    }
    if (rc != 0) {
        report_error("jxl: cannot compress %zu bytes into %zu",
            shape.width * shape.height, out_bytes_max);
        return -1;
    }
    *out_bytes = out_bytes_max - left;
    return 0;
}

static int
compress_jxl(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(
        raster_square(in_bytes), out, out_bytes_max, out_bytes, in);
}

static int
compress_jxl64(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(
        raster_64(in_bytes, SIDE_MAX), out, out_bytes_max, out_bytes, in);
}

/* Sets *out_bytes when all pixels have come. */
static int
decode(JxlDecoder *decoder, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in, size_t in_bytes)
{
    JxlDecoderSubscribeEvents(decoder, JXL_DEC_FULL_IMAGE);
    JxlDecoderSetInput(decoder, in, in_bytes);
    JxlDecoderCloseInput(decoder);
    for (;;) {
        size_t bytes;
        switch (JxlDecoderProcessInput(decoder)) {
        case JXL_DEC_NEED_IMAGE_OUT_BUFFER:
            if (JxlDecoderImageOutBufferSize(decoder, &pixels, &bytes) !=
                    JXL_DEC_SUCCESS ||
                bytes > out_bytes_max ||
                JxlDecoderSetImageOutBuffer(decoder, &pixels, out, bytes) !=
                    JXL_DEC_SUCCESS) {
                return -1;
            }
            *out_bytes = bytes;
            break;
        case JXL_DEC_FULL_IMAGE:
            break;
        case JXL_DEC_SUCCESS:
            return 0;
        default:
            return -1;
        }
    }
}

static int
decompress_jxl(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    int rc = -1;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    JxlDecoder *decoder = JxlDecoderCreate(NULL);
    if (decoder != NULL) {
        rc = decode(decoder, out, out_bytes_max, out_bytes, in, in_bytes);
        JxlDecoderDestroy(decoder);
    }
    if (rc != 0) {
        report_error("jxl: %zu bytes are corrupt or cut off, or more than %zu "
                     "bytes come out",
            in_bytes, out_bytes_max);
    }
    return rc;
}

const struct codec codec_jxl = {
    .name = "jxl",
    .describe = describe,
    .bound = bound,
    .compress = compress_jxl,
    .decompress = decompress_jxl,
};

const struct codec codec_jxl64 = {
    .name = "jxl64",
    .describe = describe,
    .bound = bound,
    .compress = compress_jxl64,
    .decompress = decompress_jxl,
};
