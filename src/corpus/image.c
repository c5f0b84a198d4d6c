/*
 * image.c
 */
#include "corpus/image.h"

#include <inttypes.h>
#include <stdio.h> /* jpeglib.h needs it */

#include <jpeglib.h>
#include <png.h>

#include "base/report.h"
#include "corpus/pieces.h"

/*
 * Pixels that a byte of a file can hold at most: deflate makes 1032 bytes of
 * one, each of 8 pixels of one bit.  A header that says more is wrong, and
 * refused before somebody allocates that much.
 */
#define PIXELS_PER_BYTE_MAX (1032 * 8)

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

static const struct image_format *const formats[] = {&image_png, &image_jpeg};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *
image_libraries(void)
{
    return "libpng " PNG_LIBPNG_VER_STRING
           ", libjpeg-turbo " TEXT_OF(LIBJPEG_TURBO_VERSION);
}

/* Decided by the first bytes, not by the name. */
static const struct image_format *
find_format(const struct pieces_file *file)
{
    for (size_t i = 0; i < N_FORMATS; i++) {
        if (formats[i]->is_magic(file->data, file->bytes)) {
            return formats[i];
        }
    }
    report_error("%s: neither a PNG nor a JPEG file", file->path);
    return NULL;
}

int
image_measure(struct image_size *size, const struct pieces_file *file)
{
    const struct image_format *format = find_format(file);

    if (format == NULL || format->measure(size, file) != 0) {
        return -1;
    }
    uint64_t pixels = (uint64_t)size->width * size->height;
    if (pixels / PIXELS_PER_BYTE_MAX > file->bytes) {
        report_error("%s: damaged: %" PRIu32 " x %" PRIu32
                     " pixels cannot be in a file of %zu bytes",
            file->path, size->width, size->height, file->bytes);
        return -1;
    }
    return 0;
}

int
image_decode(const struct image_sink *sink, const struct pieces_file *file)
{
    const struct image_format *format = find_format(file);

    return format == NULL ? -1 : format->decode(sink, file);
}

void
image_grey_row(uint8_t *grey, const uint8_t *rgb, uint32_t width, bool is_luma)
{
    for (uint32_t x = 0; x < width; x++, rgb += 3) {
        unsigned sum = is_luma ? (rgb[0] * 19595u + rgb[1] * 38470u +
                                     rgb[2] * 7471u + 0x8000u) >>
                                     16
                               : (0u + rgb[0] + rgb[1] + rgb[2]) / 3;
        grey[x] = (uint8_t)sum;
    }
}
