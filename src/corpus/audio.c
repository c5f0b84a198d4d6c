/*
 * audio.c
 */
#include "corpus/audio.h"

#include <inttypes.h>

#include <FLAC/format.h>

#include "base/report.h"
#include "corpus/pieces.h"

#define RATE        16000
#define SAMPLE_BITS 16

/*
 * Samples that a byte of a file can hold at most: a FLAC frame of 65535 equal
 * samples takes 11 bytes.
 */
#define SAMPLES_PER_BYTE_MAX 8192

static const struct audio_format *const formats[] = {&audio_flac, &audio_wav};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *
audio_libraries(void)
{
    return FLAC__VENDOR_STRING;
}

/* Decided by the first bytes, not by the name. */
static const struct audio_format *
find_format(const struct pieces_file *file)
{
    for (size_t i = 0; i < N_FORMATS; i++) {
        if (formats[i]->is_magic(file->data, file->bytes)) {
            return formats[i];
        }
    }
    report_error("%s: neither a FLAC nor a WAV file", file->path);
    return NULL;
}

int
audio_measure(uint64_t *n_samples, const struct pieces_file *file)
{
    const struct audio_format *format = find_format(file);
    struct audio_shape shape;

    if (format == NULL || format->measure(&shape, file) != 0) {
        return -1;
    }
    if (shape.rate != RATE || shape.n_channels != 1 ||
        shape.sample_bits != SAMPLE_BITS) {
        report_error("%s: %" PRIu32 " Hz, %" PRIu32 " channel%s of %" PRIu32
                     " bits; want 16000 Hz, 1 channel of 16 bits: convert it, "
                     "e.g. with sox IN -r 16000 -c 1 -b 16 OUT.flac",
            file->path, shape.rate, shape.n_channels,
            shape.n_channels == 1 ? "" : "s", shape.sample_bits);
        return -1;
    }
    if (shape.n_samples / SAMPLES_PER_BYTE_MAX > file->bytes) {
        report_error("%s: damaged: %" PRIu64
                     " samples cannot be in a file of %zu bytes",
            file->path, shape.n_samples, file->bytes);
        return -1;
    }
    *n_samples = shape.n_samples;
    return 0;
}

int
audio_decode(uint8_t *out, uint64_t n, const struct pieces_file *file)
{
    const struct audio_format *format = find_format(file);

    return format == NULL ? -1 : format->decode(out, n, file);
}
