/*
 * audio_flac.c
 *
 * The size comes from STREAMINFO, which is always the first block, read here;
 * a stream that does not state it is decoded once to count.  libFLAC checks
 * each frame, and all samples against their MD5 if all are decoded.
 */
#include <inttypes.h>
#include <string.h>

#include <FLAC/stream_decoder.h>

#include "base/report.h"
#include "corpus/audio.h"
#include "corpus/pieces.h"

/* "fLaC", a block header, and so much of STREAMINFO. */
#define SHAPE_AT           18
#define HEADER_BYTES       42
#define TYPE_MASK          0x7f
#define STREAMINFO         0
#define SAMPLES_NOT_STATED 0

struct reader {
    const struct pieces_file *file;
    size_t at; /* next byte of the file */
    uint8_t *out;
    uint64_t n_keep; /* samples for out */
    uint64_t n_stop; /* samples that there should be; UINT64_MAX: unknown */
    uint64_t n;      /* decoded so far */
    const char *why; /* what is wrong; NULL: nothing so far */
};

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    return bytes >= 4 && memcmp(data, "fLaC", 4) == 0;
}

static FLAC__StreamDecoderReadStatus
on_read(const FLAC__StreamDecoder *decoder, FLAC__byte *out, size_t *bytes,
    void *user)
{
    struct reader *r = user;
    size_t rest = r->file->bytes - r->at;

    (void)decoder;
    if (rest == 0) {
        *bytes = 0;
        return FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
    }
    *bytes = *bytes < rest ? *bytes : rest;
    memcpy(out, r->file->data + r->at, *bytes);
    r->at += *bytes;
    return FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
}

static FLAC__StreamDecoderWriteStatus
on_frame(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
    const FLAC__int32 *const channels[], void *user)
{
    struct reader *r = user;

    (void)decoder;
    if (frame->header.channels != 1 || frame->header.bits_per_sample != 16) {
        r->why = "a frame has other channels than the header says";
        return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
    }
    for (uint32_t i = 0; i < frame->header.blocksize; i++, r->n++) {
        if (r->n < r->n_keep) {
            r->out[r->n] = audio_byte((int16_t)channels[0][i]);
        }
    }
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void
on_error(const FLAC__StreamDecoder *decoder,
    FLAC__StreamDecoderErrorStatus status, void *user)
{
    struct reader *r = user;

    (void)decoder;
    if (r->why == NULL) {
        r->why = FLAC__StreamDecoderErrorStatusString[status];
    }
}

/* Decode until n_stop samples have come out, or all there are: what follows
   the samples, as tags do, is not looked at. */
static int
run(struct reader *r, FLAC__StreamDecoder *decoder)
{
    if (FLAC__stream_decoder_init_stream(decoder, on_read, NULL, NULL, NULL,
            NULL, on_frame, NULL, on_error,
            r) != FLAC__STREAM_DECODER_INIT_STATUS_OK) {
        report_error("%s: libFLAC: out of memory", r->file->path);
        return -1;
    }
    while (r->n < r->n_stop && r->why == NULL &&
           FLAC__stream_decoder_get_state(decoder) !=
               FLAC__STREAM_DECODER_END_OF_STREAM) {
        if (!FLAC__stream_decoder_process_single(decoder) && r->why == NULL) {
            r->why = FLAC__stream_decoder_get_resolved_state_string(decoder);
        }
    }
    if (r->why != NULL) {
        report_error("%s: damaged FLAC: after sample %" PRIu64 ": %s",
            r->file->path, r->n, r->why);
        return -1;
    }
    return 0;
}

static int
decode_all(struct reader *r)
{
    FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();

    if (decoder == NULL) {
        report_error("%s: libFLAC: out of memory", r->file->path);
        return -1;
    }
    FLAC__stream_decoder_set_md5_checking(decoder, true);
    int rc = run(r, decoder);
    bool is_equal = FLAC__stream_decoder_finish(decoder);
    if (rc == 0 && r->n < r->n_stop && r->n_stop != UINT64_MAX) {
        report_error("%s: cut off: %" PRIu64 " of %" PRIu64 " samples",
            r->file->path, r->n, r->n_stop);
        rc = -1;
    } else if (rc == 0 && !is_equal) {
        report_error(
            "%s: damaged FLAC: the MD5 of the samples differs", r->file->path);
        rc = -1;
    }
    FLAC__stream_decoder_delete(decoder);
    return rc;
}

/* Of STREAMINFO: 20 bits of rate, 3 of channels - 1, 5 of width - 1, 36 of
   length. */
static void
read_shape(struct audio_shape *shape, const uint8_t *b)
{
    shape->rate = (uint32_t)b[0] << 12 | (uint32_t)b[1] << 4 | b[2] >> 4;
    shape->n_channels = 1 + (b[2] >> 1 & 7);
    shape->sample_bits = 1 + ((b[2] & 1u) << 4 | b[3] >> 4);
    shape->n_samples = (uint64_t)(b[3] & 15) << 32 | (uint32_t)b[4] << 24 |
                       (uint32_t)b[5] << 16 | (uint32_t)b[6] << 8 | b[7];
}

static int
measure(struct audio_shape *shape, const struct pieces_file *file)
{
    if (file->bytes < HEADER_BYTES ||
        (file->data[4] & TYPE_MASK) != STREAMINFO) {
        report_error(
            "%s: damaged FLAC: it does not begin with STREAMINFO", file->path);
        return -1;
    }
    read_shape(shape, file->data + SHAPE_AT);
    if (shape->n_samples != SAMPLES_NOT_STATED || shape->n_channels != 1 ||
        shape->sample_bits != 16) {
        return 0;
    }
    struct reader r = {.file = file, .n_stop = UINT64_MAX};
    int rc = decode_all(&r);
    shape->n_samples = r.n;
    return rc;
}

/* All samples are decoded, also those after the last piece: for the MD5. */
static int
decode(uint8_t *out, uint64_t n, const struct pieces_file *file)
{
    struct audio_shape shape;

    read_shape(&shape, file->data + SHAPE_AT);
    bool is_stated = shape.n_samples != SAMPLES_NOT_STATED;
    struct reader r = {
        .file = file,
        .out = out,
        .n_keep = n,
        .n_stop = is_stated ? shape.n_samples : UINT64_MAX,
    };
    return decode_all(&r);
}

const struct audio_format audio_flac = {
    .name = "flac",
    .is_magic = is_magic,
    .measure = measure,
    .decode = decode,
};
