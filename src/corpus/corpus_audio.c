/*
 * corpus_audio.c
 *
 * Recordings in pieces of 2,048 samples, a byte each; what is left at the end
 * of a recording is dropped, as in the study.  The length of pieces does not
 * follow --chunk: all chunk lengths then describe the same bytes.
 */
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/audio.h"
#include "corpus/corpus_kind.h"
#include "corpus/pieces.h"

#define PIECE_BYTES 2048

static int
measure(const void *settings, struct pieces_size *size,
    const struct pieces_file *file)
{
    (void)settings;
    if (audio_measure(&size->all_bytes, file) != 0) {
        return -1;
    }
    size->piece_bytes = size->all_bytes / PIECE_BYTES * PIECE_BYTES;
    return 0;
}

static int
decode(const void *settings, uint8_t *out, const struct pieces_file *file)
{
    struct pieces_size size;

    return measure(settings, &size, file) != 0
               ? -1
               : audio_decode(out, size.piece_bytes, file);
}

static const struct pieces_medium medium = {
    .noun = "recording",
    .endings = ".flac .wav",
    .too_small_help = "none has 2048 samples",
    .measure = measure,
    .decode = decode,
};

static void *
audio_open(const char *path, const struct corpus_part *part)
{
    (void)part;
    return pieces_open(&medium, NULL, path);
}

static void
audio_close(void *source)
{
    pieces_close(source);
}

static uint64_t
audio_bytes(const void *source)
{
    return pieces_bytes(source);
}

static const uint8_t *
audio_view(void *source, uint64_t offset, size_t bytes, uint8_t *scratch)
{
    return pieces_read(source, scratch, offset, bytes) != 0 ? NULL : scratch;
}

static int
audio_identify(void *source, struct corpus_identity *identity, char *hex)
{
    identity->format = "flac, wav";
    identity->reading = "pieces of 2048 samples, high byte + 128";
    identity->decoder = audio_libraries();
    return pieces_identify(source, identity, hex);
}

const struct corpus_kind corpus_audio_kind = {
    .name = "audio",
    .open = audio_open,
    .close = audio_close,
    .bytes = audio_bytes,
    .view = audio_view,
    .identify = audio_identify,
};
