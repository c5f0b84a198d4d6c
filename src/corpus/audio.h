/*
 * audio.h - FLAC and WAV recordings of 16 kHz, 16 bit, one channel, as bytes;
 * only for corpus*.c.
 *
 * A sample becomes one byte: its high byte, plus 128 (the study's rule).
 */
#ifndef CORPUS_AUDIO_H
#define CORPUS_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pieces_file;

/* What a header says. */
struct audio_shape {
    uint32_t rate; /* samples per second */
    uint32_t n_channels, sample_bits;
    uint64_t n_samples; /* of each channel; 0: not stated */
};

/* One of the formats. */
struct audio_format {
    const char *name;
    bool (*is_magic)(const uint8_t *data, size_t bytes);
    int (*measure)(struct audio_shape *shape, const struct pieces_file *file);

    /*
     * Fill out with the first n samples of a measured file, as bytes.  n is
     * what the header says, or less.
     */
    int (*decode)(uint8_t *out, uint64_t n, const struct pieces_file *file);
};

extern const struct audio_format audio_flac;
extern const struct audio_format audio_wav;

/*
 * Samples of a recording of any format.
 *
 * Errors: -1 for what is no recording or one of another rate, width or number
 * of channels; reported.
 */
int audio_measure(uint64_t *n_samples, const struct pieces_file *file);

/* Errors: -1 if the file is damaged or cut off; reported. */
int audio_decode(uint8_t *out, uint64_t n, const struct pieces_file *file);

/* "libFLAC 1.4.2" */
const char *audio_libraries(void);

/* The byte that a sample becomes. */
static inline uint8_t
audio_byte(int16_t sample)
{
    return (uint8_t)(((uint16_t)sample >> 8) ^ 128);
}

#endif /* CORPUS_AUDIO_H */
