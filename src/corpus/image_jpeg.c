/*
 * image_jpeg.c
 *
 * libjpeg goes on with grey when data are missing; what is cut off or damaged
 * is an error here.  Printing colours (CMYK, as a few photographs have them)
 * become r = (255 - c)(255 - k) / 255; Adobe's programs store 255 - c.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/image.h"
#include "corpus/pieces.h"

/* A progressive file may have many scans, each over the whole image. */
#define SCANS_MAX 500

/*
 * Pixels that a byte can hold at most: a progressive scan needs a bit or more
 * for each 8 x 8 block of some component.
 */
#define PIXELS_PER_BYTE_MAX 2048

struct reader {
    struct jpeg_decompress_struct jpeg; /* client_data: the reader */
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf leave;
    const struct pieces_file *file;
    bool is_begun;
    uint8_t *row;  /* as libjpeg gives it */
    uint8_t *rgb;  /* a row */
    uint8_t *grey; /* a row */
};

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    return bytes >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff;
}

static void
leave(struct jpeg_decompress_struct *jpeg, const char *why)
{
    struct reader *r = jpeg->client_data;

    report_error("%s: damaged JPEG: %s", r->file->path, why);
    longjmp(r->leave, 1);
}

static void
on_error(struct jpeg_common_struct *jpeg)
{
    char why[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, why);
    leave((struct jpeg_decompress_struct *)jpeg, why);
}

/* What libjpeg calls warnings: some mean that pixels are made up. */
static void
on_message(struct jpeg_common_struct *jpeg, int level)
{
    (void)level;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
        leave((struct jpeg_decompress_struct *)jpeg, "the file is cut off");
        break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_error(jpeg);
        break;
    default:
        break;
    }
}

static void
on_progress(struct jpeg_common_struct *jpeg)
{
    struct jpeg_decompress_struct *d = (struct jpeg_decompress_struct *)jpeg;

    if (d->input_scan_number > SCANS_MAX) {
        leave(d, "more than 500 scans");
    }
}

static void
release(struct reader *r)
{
    if (r->is_begun) {
        jpeg_destroy_decompress(&r->jpeg);
    }
    mem_free(r->row);
    mem_free(r->rgb);
    mem_free(r->grey);
}

/* Read what comes before the pixels. */
static int
begin(struct reader *r, const struct pieces_file *file)
{
    *r = (struct reader){.file = file};
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->jpeg.client_data = r;
    r->errors.error_exit = on_error;
    r->errors.emit_message = on_message;
    r->progress.progress_monitor = on_progress;
    if (setjmp(r->leave)) {
        return -1;
    }
    jpeg_create_decompress(&r->jpeg);
    r->is_begun = true;
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, file->data, file->bytes);
    jpeg_read_header(&r->jpeg, TRUE);
    if ((uint64_t)r->jpeg.image_width * r->jpeg.image_height /
            PIXELS_PER_BYTE_MAX >
        file->bytes) {
        leave(&r->jpeg, "it says it has more pixels than its bytes can hold");
    }
    return 0;
}

static int
measure(struct image_size *size, const struct pieces_file *file)
{
    struct reader r;
    int rc = begin(&r, file);

    if (rc == 0) {
        *size = (struct image_size){r.jpeg.image_width, r.jpeg.image_height};
    }
    release(&r);
    return rc;
}

/* What a row of cmyk shows on paper. */
static void
print_row(uint8_t *rgb, const uint8_t *cmyk, uint32_t width, bool is_inverted)
{
    uint8_t flip = is_inverted ? 0 : 255;

    for (uint32_t x = 0; x < width; x++, rgb += 3, cmyk += 4) {
        unsigned k = cmyk[3] ^ flip;
        for (int i = 0; i < 3; i++) {
            rgb[i] = (uint8_t)((cmyk[i] ^ flip) * k / 255);
        }
    }
}

static int
start_rows(struct reader *r)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;

    jpeg->out_color_space = jpeg->num_components == 1   ? JCS_GRAYSCALE
                            : jpeg->num_components == 4 ? JCS_CMYK
                                                        : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW; /* the same pixels with any SIMD */
    jpeg_start_decompress(jpeg);
    size_t width = jpeg->output_width;
    r->row = mem_alloc(width, (size_t)jpeg->output_components);
    r->rgb = mem_alloc(width, 3);
    r->grey = mem_alloc(width, 1);
    return r->row == NULL || r->rgb == NULL || r->grey == NULL ? -1 : 0;
}

static int
read_rows(struct reader *r, const struct image_sink *sink)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;

    if (setjmp(r->leave)) {
        return -1;
    }
    if (start_rows(r) != 0) {
        return -1;
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        uint32_t y = jpeg->output_scanline, width = jpeg->output_width;
        jpeg_read_scanlines(jpeg, &r->row, 1);
        const uint8_t *grey = r->grey, *rgb = r->row;
        if (jpeg->out_color_space == JCS_CMYK) {
            print_row(r->rgb, r->row, width, jpeg->saw_Adobe_marker);
            rgb = r->rgb;
        }
        if (jpeg->out_color_space == JCS_GRAYSCALE) {
            grey = r->row;
        } else {
            image_grey_row(r->grey, rgb, width, sink->is_luma);
        }
        sink->row(sink->user, y, grey);
    }
    jpeg_finish_decompress(jpeg);
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

const struct image_format image_jpeg = {
    .name = "jpeg",
    .is_magic = is_magic,
    .measure = measure,
    .decode = decode,
};
