/*
 * image_png.c
 *
 * libpng leaves by longjmp() when something is wrong, so each use of it is a
 * function of its own that keeps what it needs in struct reader.
 */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/image.h"
#include "corpus/pieces.h"

struct reader {
    const struct pieces_file *file;
    size_t at; /* next byte of the file */
    char why[128];
    png_struct *png;
    png_info *info;
    uint8_t *pixels; /* red, green, blue: a row, or all if interlaced */
    size_t pixels_bytes;
    uint8_t *grey; /* a row */
};

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    return bytes >= 8 && png_sig_cmp(data, 0, 8) == 0;
}

static void
on_error(png_struct *png, const char *message)
{
    struct reader *r = png_get_error_ptr(png);

    snprintf(r->why, sizeof(r->why), "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

static void
on_warning(png_struct *png, const char *message)
{
    (void)png;
    (void)message;
}

static void
take_bytes(png_struct *png, uint8_t *out, size_t bytes)
{
    struct reader *r = png_get_io_ptr(png);

    if (bytes > r->file->bytes - r->at) {
        png_error(png, "the file is cut off");
    }
    memcpy(out, r->file->data + r->at, bytes);
    r->at += bytes;
}

static void
release(struct reader *r)
{
    png_destroy_read_struct(&r->png, &r->info, NULL);
    mem_unmap(r->pixels, r->pixels_bytes);
    mem_free(r->grey);
}

/* Read what comes before the pixels. */
static int
begin(struct reader *r, const struct pieces_file *file)
{
    *r = (struct reader){.file = file};
    r->png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    r->info = r->png == NULL ? NULL : png_create_info_struct(r->png);
    if (r->info == NULL) {
        report_error("%s: libpng: out of memory", file->path);
        return -1;
    }
    if (setjmp(png_jmpbuf(r->png))) {
        report_error(
            "%s: damaged PNG: byte %zu: %s", file->path, r->at, r->why);
        return -1;
    }
    png_set_read_fn(r->png, r, take_bytes);
    png_read_info(r->png, r->info);
    return 0;
}

static int
measure(struct image_size *size, const struct pieces_file *file)
{
    struct reader r;
    int rc = begin(&r, file);

    if (rc == 0) {
        size->width = png_get_image_width(r.png, r.info);
        size->height = png_get_image_height(r.png, r.info);
    }
    release(&r);
    return rc;
}

/* Have libpng give red, green and blue of 8 bits, whatever is stored. */
static int
choose_pixels(struct reader *r)
{
    png_set_expand(r->png);
    png_set_strip_16(r->png);
    png_set_strip_alpha(r->png);
    png_set_gray_to_rgb(r->png);
    bool is_interlaced = png_set_interlace_handling(r->png) > 1;
    png_read_update_info(r->png, r->info);
    size_t width = png_get_image_width(r->png, r->info);
    size_t n_rows = is_interlaced ? png_get_image_height(r->png, r->info) : 1;

    if (png_get_rowbytes(r->png, r->info) != 3 * width) {
        png_error(r->png, "not red, green and blue");
    }
    r->pixels_bytes = 3 * width * n_rows;
    r->pixels = mem_map(r->pixels_bytes);
    r->grey = mem_alloc(width, 1);
    return r->pixels == NULL || r->grey == NULL ? -1 : 0;
}

/* Rows go through one buffer; passes of an interlaced image need them all. */
static int
read_rows(struct reader *r, const struct image_sink *sink)
{
    if (setjmp(png_jmpbuf(r->png))) {
        report_error(
            "%s: damaged PNG: byte %zu: %s", r->file->path, r->at, r->why);
        return -1;
    }
    if (choose_pixels(r) != 0) {
        return -1;
    }
    uint32_t width = png_get_image_width(r->png, r->info);
    uint32_t height = png_get_image_height(r->png, r->info);
    bool is_interlaced = r->pixels_bytes > 3 * (size_t)width;
    int n_passes =
        png_get_interlace_type(r->png, r->info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
    for (int pass = 0; pass < n_passes; pass++) {
        for (uint32_t y = 0; y < height; y++) {
            uint8_t *row =
                r->pixels + (is_interlaced ? 3 * (size_t)width * y : 0);
            png_read_row(r->png, row, NULL);
            if (pass == n_passes - 1) {
                image_grey_row(r->grey, row, width, sink->is_luma);
                sink->row(sink->user, y, r->grey);
            }
        }
    }
    png_read_end(r->png, NULL);
    return 0;
}

static int
decode(const struct image_sink *sink, const struct pieces_file *file)
{
    struct reader r;
    int rc = begin(&r, file);

    if (rc == 0) {
        rc = read_rows(&r, sink);
    }
    release(&r);
    return rc;
}

const struct image_format image_png = {
    .name = "png",
    .is_magic = is_magic,
    .measure = measure,
    .decode = decode,
};
