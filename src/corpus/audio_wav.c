/*
 * audio_wav.c
 *
 * RIFF: "RIFF" size "WAVE", then chunks: a name of 4 bytes, a size, so many
 * bytes and one more if the size is odd.  Wanted are "fmt " and "data".
 */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/report.h"
#include "corpus/audio.h"
#include "corpus/pieces.h"

#define RIFF_HEADER_BYTES  12
#define CHUNK_HEADER_BYTES 8

/* Of "fmt ". */
#define FORMAT_BYTES_MIN  16
#define TAG_PCM           1
#define TAG_EXTENSIBLE    0xfffe
#define EXTENSIBLE_TAG_AT 24 /* where the real tag is then */

struct chunk {
    const uint8_t *data;
    size_t bytes;
};

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    return bytes >= RIFF_HEADER_BYTES && memcmp(data, "RIFF", 4) == 0 &&
           memcmp(data + 8, "WAVE", 4) == 0;
}

static int
find_chunk(
    struct chunk *found, const char *name, const struct pieces_file *file)
{
    size_t at = RIFF_HEADER_BYTES;

    while (file->bytes - at >= CHUNK_HEADER_BYTES) {
        const uint8_t *header = file->data + at;
        size_t rest = file->bytes - at - CHUNK_HEADER_BYTES;
        size_t bytes = bytes_load_u32(header + 4);
        bool is_it = memcmp(header, name, 4) == 0;
        if (is_it && bytes > rest) {
            report_error("%s: cut off: chunk \"%s\" at byte %zu is to have "
                         "%zu bytes, %zu follow",
                file->path, name, at, bytes, rest);
            return -1;
        }
        if (is_it) {
            *found = (struct chunk){header + CHUNK_HEADER_BYTES, bytes};
            return 0;
        }
        bytes += bytes % 2;
        if (bytes > rest) {
            break;
        }
        at += CHUNK_HEADER_BYTES + bytes;
    }
    report_error("%s: damaged WAV: it has no chunk \"%s\"", file->path, name);
    return -1;
}

static int
measure(struct audio_shape *shape, const struct pieces_file *file)
{
    struct chunk format, data;

    if (find_chunk(&format, "fmt ", file) != 0 ||
        find_chunk(&data, "data", file) != 0) {
        return -1;
    }
    if (format.bytes < FORMAT_BYTES_MIN) {
        report_error("%s: damaged WAV: chunk \"fmt \" has %zu bytes",
            file->path, format.bytes);
        return -1;
    }
    unsigned tag = bytes_load_u16(format.data);
    if (tag == TAG_EXTENSIBLE && format.bytes >= EXTENSIBLE_TAG_AT + 2) {
        tag = bytes_load_u16(format.data + EXTENSIBLE_TAG_AT);
    }
    if (tag != TAG_PCM) {
        report_error(
            "%s: WAV with coding %u; want plain integers (1)", file->path, tag);
        return -1;
    }
    *shape = (struct audio_shape){
        .rate = bytes_load_u32(format.data + 4),
        .n_channels = bytes_load_u16(format.data + 2),
        .sample_bits = bytes_load_u16(format.data + 14),
    };
    size_t sample_bytes =
        (size_t)shape->n_channels * ((shape->sample_bits + 7) / 8);
    shape->n_samples = sample_bytes == 0 ? 0 : data.bytes / sample_bytes;
    return 0;
}

static int
decode(uint8_t *out, uint64_t n, const struct pieces_file *file)
{
    struct chunk data;

    if (find_chunk(&data, "data", file) != 0) {
        return -1;
    }
    for (uint64_t i = 0; i < n && 2 * i + 2 <= data.bytes; i++) {
        out[i] = audio_byte((int16_t)bytes_load_u16(data.data + 2 * i));
    }
    return 0;
}

const struct audio_format audio_wav = {
    .name = "wav",
    .is_magic = is_magic,
    .measure = measure,
    .decode = decode,
};
