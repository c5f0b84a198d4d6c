/*
 * codec_webp.c
 *
 * Lossless WebP at its strongest setting but one.  It knows colours only: red, green
 * and blue are the same, which its transform "subtract green" makes nearly
 * free.  Shapes as in codec_png.c.
 */
#include <stdio.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/encode.h>

#include "base/mem.h"
#include "base/report.h"
#include "codec/codec_kind.h"
#include "codec/raster.h"

#define LEVEL 8 /* of 0 to 9, which takes 30 times as long */

static void
describe(char *out)
{
    int version = WebPGetEncoderVersion();

    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "lossless, level %d, libwebp %d.%d.%d", LEVEL, version >> 16,
        version >> 8 & 255, version & 255);
}

/* Noise costs 8 bits of green; the rest of the picture is tables. */
static size_t
bound(size_t in_bytes)
{
    return 2 * in_bytes + 4096;
}

/* Where the encoder writes. */
struct place {
    uint8_t *out;
    size_t bytes, bytes_max;
};

static int
put(const uint8_t *data, size_t bytes, const WebPPicture *picture)
{
    struct place *place = picture->custom_ptr;

    if (bytes > place->bytes_max - place->bytes) {
        return 0;
    }
    memcpy(place->out + place->bytes, data, bytes);
    place->bytes += bytes;
    return 1;
}

static int
encode(WebPPicture *picture, const uint8_t *in)
{
    WebPConfig config;

    if (!WebPConfigInit(&config) || !WebPConfigLosslessPreset(&config, LEVEL) ||
        !WebPPictureAlloc(picture)) {
        return -1;
    }
    config.exact = 1;
    size_t width = (size_t)picture->width, height = (size_t)picture->height;
    for (size_t y = 0; y < height; y++) {
        uint32_t *row = picture->argb + y * (size_t)picture->argb_stride;
        for (size_t x = 0; x < width; x++) {
            row[x] = 0xff000000u | in[y * width + x] * 0x010101u;
        }
    }
    return WebPEncode(&config, picture) ? 0 : -1;
}

static int
compress_as(struct raster shape, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in)
{
    struct place place = {.out = out, .bytes_max = out_bytes_max};
    WebPPicture picture;

    *out_bytes = 0;
    if (shape.width == 0) {
        return 0;
    }
    if (shape.height > WEBP_MAX_DIMENSION) {
        report_error("webp: %zu bytes are %zu x %zu pixels, more than %d on a "
                     "side; choose shorter chunks",
            shape.width * shape.height, shape.width, shape.height,
            WEBP_MAX_DIMENSION);
        return -1;
    }
    if (!WebPPictureInit(&picture)) {
        report_error("webp: the library has another version than its header");
        return -1;
    }
    picture.use_argb = 1;
    picture.width = (int)shape.width;
    picture.height = (int)shape.height;
    picture.writer = put;
    picture.custom_ptr = &place;
    int rc = encode(&picture, in);
    if (rc != 0) {
        report_error("webp: cannot compress %zu bytes into %zu: error %d",
            shape.width * shape.height, out_bytes_max, (int)picture.error_code);
    }
    WebPPictureFree(&picture);
    *out_bytes = place.bytes;
    return rc;
}

static int
compress_webp(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(
        raster_square(in_bytes), out, out_bytes_max, out_bytes, in);
}

static int
compress_webp64(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(raster_64(in_bytes, WEBP_MAX_DIMENSION), out,
        out_bytes_max, out_bytes, in);
}

static int
decompress_webp(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    int width, height;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    if (!WebPGetInfo(in, in_bytes, &width, &height) ||
        (size_t)width * (size_t)height > out_bytes_max) {
        report_error(
            "webp: corrupt, or more than %zu bytes come out", out_bytes_max);
        return -1;
    }
    size_t n = (size_t)width * (size_t)height;
    uint8_t *rgb = mem_alloc(n, 3);
    if (rgb == NULL) {
        return -1;
    }
    if (WebPDecodeRGBInto(in, in_bytes, rgb, 3 * n, 3 * width) == NULL) {
        report_error("webp: %zu bytes are corrupt or cut off", in_bytes);
        mem_free(rgb);
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = rgb[3 * i];
    }
    mem_free(rgb);
    *out_bytes = n;
    return 0;
}

const struct codec codec_webp = {
    .name = "webp",
    .describe = describe,
    .bound = bound,
    .compress = compress_webp,
    .decompress = decompress_webp,
};

const struct codec codec_webp64 = {
    .name = "webp64",
    .describe = describe,
    .bound = bound,
    .compress = compress_webp64,
    .decompress = decompress_webp,
};
