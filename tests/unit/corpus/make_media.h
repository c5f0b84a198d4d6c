/*
 * make_media.h - images and recordings for tests, made with the libraries.
 */
#ifndef TESTS_MAKE_MEDIA_H
#define TESTS_MAKE_MEDIA_H

#include <stddef.h>
#include <stdint.h>

/* A file in memory; freed with free(). */
struct media {
    uint8_t *data;
    size_t bytes;
};

/* What a PNG is like; channels 1 to 4 (grey, grey and alpha, RGB, RGBA). */
struct png_shape {
    uint32_t width, height;
    int channels, bits;
    int is_interlaced;
};

/* Samples are make_sample() of their place, high byte first. */
struct media make_png(const struct png_shape *shape);
uint8_t make_sample(uint32_t y, uint32_t x, int channel);

/* Components: 1 grey, 3 colour, 4 CMYK as Adobe stores it. */
struct media make_jpeg(uint32_t width, uint32_t height, int components);

/* One channel or more of 16 bits; samples are interleaved. */
struct media make_flac(
    const int16_t *samples, size_t n, int n_channels, uint32_t rate);
struct media make_wav(
    const int16_t *samples, size_t n, int n_channels, uint32_t rate);

/* Write it to DIR/NAME. */
void store_media(
    const char *directory, const char *name, const struct media *media);

#endif /* TESTS_MAKE_MEDIA_H */
