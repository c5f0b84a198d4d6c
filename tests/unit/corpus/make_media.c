/*
 * make_media.c
 */
#include "make_media.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <FLAC/stream_encoder.h>
#include <jpeglib.h>
#include <png.h>

uint8_t
make_sample(uint32_t y, uint32_t x, int channel)
{
    return (uint8_t)(3 * y + 5 * x + 70 * (unsigned)channel + (x * y) % 7);
}

static void
append(struct media *media, const void *data, size_t bytes)
{
    media->data = realloc(media->data, media->bytes + bytes + 1);
    memcpy(media->data + media->bytes, data, bytes);
    media->bytes += bytes;
}

static void
put_png(png_struct *png, uint8_t *data, size_t bytes)
{
    append(png_get_io_ptr(png), data, bytes);
}

struct media
make_png(const struct png_shape *s)
{
    static const int types[] = {0, PNG_COLOR_TYPE_GRAY,
        PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA};
    struct media media = {0};
    png_struct *png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_info *info = png_create_info_struct(png);
    size_t sample_bytes = (size_t)s->bits / 8;
    size_t pixel_bytes = (size_t)s->channels * sample_bytes;
    size_t row_bytes = s->width * pixel_bytes;
    uint8_t *pixels = calloc(s->height, row_bytes);
    uint8_t **rows = calloc(s->height, sizeof(*rows));

    for (uint32_t y = 0; y < s->height; y++) {
        rows[y] = pixels + y * row_bytes;
        for (uint32_t x = 0; x < s->width; x++) {
            for (int c = 0; c < s->channels; c++) {
                rows[y][x * pixel_bytes + (size_t)c * sample_bytes] =
                    make_sample(y, x, c);
            }
        }
    }
    png_set_write_fn(png, &media, put_png, NULL);
    png_set_IHDR(png, info, s->width, s->height, s->bits, types[s->channels],
        s->is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    png_set_rows(png, info, rows);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    free(pixels);
    free(rows);
    return media;
}

struct media
make_jpeg(uint32_t width, uint32_t height, int components)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long bytes = 0;
    uint8_t *row = calloc(width, (size_t)components);

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &bytes);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = components;
    jpeg.in_color_space = components == 1   ? JCS_GRAYSCALE
                          : components == 3 ? JCS_RGB
                                            : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    for (uint32_t y = 0; y < height; y++) {
        /* A flat colour: what comes back is not blurred. */
        for (uint32_t i = 0; i < width * (uint32_t)components; i++) {
            row[i] = (uint8_t)(40 + 50 * (i % (uint32_t)components));
        }
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    return (struct media){data, bytes};
}

static FLAC__StreamEncoderWriteStatus
put_flac(const FLAC__StreamEncoder *encoder, const FLAC__byte *data,
    size_t bytes, uint32_t n_samples, uint32_t frame, void *user)
{
    (void)encoder;
    (void)n_samples;
    (void)frame;
    append(user, data, bytes);
    return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

/* The length is written before it is known: by the estimate. */
struct media
make_flac(const int16_t *samples, size_t n, int n_channels, uint32_t rate)
{
    struct media media = {0};
    FLAC__StreamEncoder *encoder = FLAC__stream_encoder_new();
    int32_t frame[8];

    FLAC__stream_encoder_set_channels(encoder, (uint32_t)n_channels);
    FLAC__stream_encoder_set_sample_rate(encoder, rate);
    FLAC__stream_encoder_set_bits_per_sample(encoder, 16);
    FLAC__stream_encoder_set_total_samples_estimate(encoder, n);
    FLAC__stream_encoder_init_stream(
        encoder, put_flac, NULL, NULL, NULL, &media);
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < n_channels; c++) {
            frame[c] = samples[i * (size_t)n_channels + (size_t)c];
        }
        FLAC__stream_encoder_process_interleaved(encoder, frame, 1);
    }
    FLAC__stream_encoder_finish(encoder);
    FLAC__stream_encoder_delete(encoder);
    return media;
}

static void
append_number(struct media *media, uint32_t number, size_t bytes)
{
    append(media, &number, bytes);
}

struct media
make_wav(const int16_t *samples, size_t n, int n_channels, uint32_t rate)
{
    struct media media = {0};
    uint32_t channels = (uint32_t)n_channels;
    uint32_t bytes = (uint32_t)n * 2 * channels;

    append(&media, "RIFF", 4);
    append_number(&media, bytes + 36 + 12, 4);
    append(&media, "WAVE", 4);
    append(&media, "LIST\3\0\0\0abc\0", 12); /* an odd chunk, padded */
    append(&media, "fmt \20\0\0\0\1\0", 10);
    append_number(&media, channels, 2);
    append_number(&media, rate, 4);
    append_number(&media, rate * 2 * channels, 4);
    append_number(&media, 2 * channels, 2);
    append_number(&media, 16, 2);
    append(&media, "data", 4);
    append_number(&media, bytes, 4);
    append(&media, samples, bytes);
    return media;
}

void
store_media(const char *directory, const char *name, const struct media *media)
{
    char path[1200];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fwrite(media->data, 1, media->bytes, file);
    fclose(file);
}
