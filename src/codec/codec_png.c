/*
 * codec_png.c
 *
 * Grey PNG of 8 bits with the settings of Pillow's optimize=True, which the
 * reference study used: level 9, the filter of each row chosen by the
 * smallest sum of differences.  The study's shape of 2,048 bytes is 32 pixels
 * across, which cuts the rows of its 32 x 64 patches in two; "png64" has them
 * as they are.
 *
 * No bytes are no picture: their code is empty.
 */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "codec/codec_kind.h"
#include "codec/raster.h"

#define LEVEL        9
#define MEMORY_LEVEL 9

/* Sides of a PNG. */
#define SIDE_MAX 0x7fffffff

/* What a run of libpng keeps, also when it leaves by longjmp(). */
struct run {
    png_struct *png;
    png_info *info;
    uint8_t *out;
    const uint8_t *in;
    size_t out_left, in_left;
    const char *why;
};

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "grey, level %d, filters by row, libpng %s", LEVEL,
        png_get_libpng_ver(NULL));
}

/* A row of one pixel has a byte for its filter. */
static size_t
bound(size_t in_bytes)
{
    return 2 * in_bytes + in_bytes / 32 + 1024;
}

static void
on_error(png_struct *png, const char *message)
{
    struct run *run = png_get_error_ptr(png);

    run->why = message;
    longjmp(png_jmpbuf(png), 1);
}

static void
on_warning(png_struct *png, const char *message)
{
    (void)png;
    (void)message;
}

static void
put(png_struct *png, uint8_t *data, size_t bytes)
{
    struct run *run = png_get_io_ptr(png);

    if (bytes > run->out_left) {
        png_error(png, "they do not fit");
    }
    memcpy(run->out, data, bytes);
    run->out += bytes;
    run->out_left -= bytes;
}

static void
take(png_struct *png, uint8_t *out, size_t bytes)
{
    struct run *run = png_get_io_ptr(png);

    if (bytes > run->in_left) {
        png_error(png, "cut off");
    }
    memcpy(out, run->in, bytes);
    run->in += bytes;
    run->in_left -= bytes;
}

static void
flush(png_struct *png)
{
    (void)png;
}

static int
write_picture(struct run *run, const uint8_t *in, const struct raster *shape)
{
    if (setjmp(png_jmpbuf(run->png))) {
        return -1;
    }
    png_set_user_limits(run->png, SIDE_MAX, SIDE_MAX);
    png_set_write_fn(run->png, run, put, flush);
    png_set_IHDR(run->png, run->info, (uint32_t)shape->width,
        (uint32_t)shape->height, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(run->png, LEVEL);
    png_set_compression_mem_level(run->png, MEMORY_LEVEL);
    png_set_filter(run->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_write_info(run->png, run->info);
    for (size_t y = 0; y < shape->height; y++) {
        png_write_row(run->png, in + y * shape->width);
    }
    png_write_end(run->png, NULL);
    return 0;
}

static int
compress_as(struct raster shape, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in)
{
    struct run run = {.out = out, .out_left = out_bytes_max, .why = ""};
    int rc = -1;

    *out_bytes = 0;
    if (shape.width == 0) {
        return 0;
    }
    if (shape.height > SIDE_MAX) {
        report_error("png: %zu bytes are %zu x %zu pixels, more than a PNG "
                     "can have on a side",
            shape.width * shape.height, shape.width, shape.height);
        return -1;
    }
    run.png = png_create_write_struct(
        PNG_LIBPNG_VER_STRING, &run, on_error, on_warning);
    run.info = run.png == NULL ? NULL : png_create_info_struct(run.png);
    if (run.info != NULL) {
        rc = write_picture(&run, in, &shape);
    }
    png_destroy_write_struct(&run.png, &run.info);
    if (rc != 0) {
        report_error("png: cannot compress %zu bytes into %zu: %s",
            shape.width * shape.height, out_bytes_max, run.why);
        return -1;
    }
    *out_bytes = out_bytes_max - run.out_left;
    return 0;
}

static int
compress_png(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(
        raster_square(in_bytes), out, out_bytes_max, out_bytes, in);
}

static int
compress_png64(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(
        raster_64(in_bytes, SIDE_MAX), out, out_bytes_max, out_bytes, in);
}

/* Sets *out_bytes. */
static int
read_picture(
    struct run *run, uint8_t *out, size_t out_bytes_max, size_t *out_bytes)
{
    if (setjmp(png_jmpbuf(run->png))) {
        return -1;
    }
    png_set_user_limits(run->png, SIDE_MAX, SIDE_MAX);
    png_set_read_fn(run->png, run, take);
    png_read_info(run->png, run->info);
    size_t width = png_get_image_width(run->png, run->info);
    size_t height = png_get_image_height(run->png, run->info);
    if (png_get_rowbytes(run->png, run->info) != width ||
        width * height > out_bytes_max) {
        png_error(run->png, "more bytes come out than there is room for");
    }
    for (size_t y = 0; y < height; y++) {
        png_read_row(run->png, out + y * width, NULL);
    }
    png_read_end(run->png, NULL);
    *out_bytes = width * height;
    return 0;
}

static int
decompress_png(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    struct run run = {.in = in, .in_left = in_bytes, .why = ""};
    int rc = -1;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    run.png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, &run, on_error, on_warning);
    run.info = run.png == NULL ? NULL : png_create_info_struct(run.png);
    if (run.info != NULL) {
        rc = read_picture(&run, out, out_bytes_max, out_bytes);
    }
    png_destroy_read_struct(&run.png, &run.info, NULL);
    if (rc != 0 || run.in_left > 0) {
        report_error("png: byte %zu of %zu: %s", in_bytes - run.in_left,
            in_bytes, rc != 0 ? run.why : "more follow the end");
        return -1;
    }
    return 0;
}

const struct codec codec_png = {
    .name = "png",
    .describe = describe,
    .bound = bound,
    .compress = compress_png,
    .decompress = decompress_png,
};

const struct codec codec_png64 = {
    .name = "png64",
    .describe = describe,
    .bound = bound,
    .compress = compress_png64,
    .decompress = decompress_png,
};
