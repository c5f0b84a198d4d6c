/*
 * image.h - PNG and JPEG files as grey pixels; only for corpus*.c.
 *
 * A colour becomes one byte: the mean of red, green and blue, truncated (the
 * study's rule), or the luma of ITU-R BT.601, rounded, as other programs
 * turn colours grey.  Of 16-bit samples the high byte counts; transparency
 * and colour profiles are ignored.
 */
#ifndef CORPUS_IMAGE_H
#define CORPUS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pieces_file;

struct image_size {
    uint32_t width, height;
};

/* Takes row y of width grey pixels. */
typedef void image_row(void *user, uint32_t y, const uint8_t *grey);

/* Where decoded rows go. */
struct image_sink {
    bool is_luma;
    image_row *row;
    void *user;
};

/* One of the formats. */
struct image_format {
    const char *name;
    bool (*is_magic)(const uint8_t *data, size_t bytes);
    int (*measure)(struct image_size *size, const struct pieces_file *file);

    /* All rows, each once, from the first on. */
    int (*decode)(
        const struct image_sink *sink, const struct pieces_file *file);
};

extern const struct image_format image_png;
extern const struct image_format image_jpeg;

/*
 * Size of an image of any format.
 *
 * Errors: -1 for what is no image, or says that it has more pixels than its
 * bytes can hold; reported.
 */
int image_measure(struct image_size *size, const struct pieces_file *file);

/*
 * Pass all rows on.  Errors: -1 if the file is damaged or cut off, reported;
 * rows may have been passed on.
 */
int image_decode(const struct image_sink *sink, const struct pieces_file *file);

/* "libpng 1.6.39, libjpeg-turbo 2.1.5" */
const char *image_libraries(void);

/* width grey pixels from red, green, blue each; for the formats. */
void image_grey_row(
    uint8_t *grey, const uint8_t *rgb, uint32_t width, bool is_luma);

#endif /* CORPUS_IMAGE_H */
