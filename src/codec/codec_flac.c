/*
 * codec_flac.c
 *
 * Bytes as unsigned samples of 8 bits at 16 kHz, one channel.  "flac" is
 * libFLAC at its level 8.  "flac-study" is as near as libFLAC comes to the
 * reference study's settings (ffmpeg's level 12): samples of 16 bits whose
 * low bytes are zero, prediction from up to 32 samples, 2^8 partitions, all
 * orders tried.
 *
 * No bytes are no recording: their code is empty.
 */
#include <stdio.h>
#include <string.h>

#include <FLAC/stream_decoder.h>
#include <FLAC/stream_encoder.h>

#include "base/report.h"
#include "codec/codec_kind.h"

#define RATE  16000
#define LEVEL 8

#define STUDY_ORDER_MAX     32
#define STUDY_PARTITIONS    8 /* log2 */
#define STUDY_SAMPLE_BITS   16
#define STUDY_BLOCK_SAMPLES 1152 /* 72 ms; ffmpeg aims at 105 */

/* Samples that are turned at a time. */
#define PIECE 4096

/* A stream that is written or read. */
struct stream {
    uint8_t *out;
    const uint8_t *in;
    size_t out_bytes, out_bytes_max;
    size_t in_bytes, in_at;
    bool is_bad;
};

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES, "level %d, 8 bits, 16 kHz, %s",
        LEVEL, FLAC__VENDOR_STRING);
}

static void
describe_study(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "order %d, exhaustive, 16 bits, 16 kHz, %s", STUDY_ORDER_MAX,
        FLAC__VENDOR_STRING);
}

/* Frames that cannot be shortened are stored, with 16 bytes or so each. */
static size_t
bound(size_t in_bytes)
{
    return in_bytes + in_bytes / 32 + 1024;
}

static size_t
bound_study(size_t in_bytes)
{
    return 2 * in_bytes + in_bytes / 32 + 1024;
}

static FLAC__StreamEncoderWriteStatus
put(const FLAC__StreamEncoder *encoder, const FLAC__byte *data, size_t bytes,
    uint32_t n_samples, uint32_t frame, void *user)
{
    struct stream *s = user;

    (void)encoder;
    (void)n_samples;
    (void)frame;
    if (bytes > s->out_bytes_max - s->out_bytes) {
        s->is_bad = true;
        return FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
    }
    memcpy(s->out + s->out_bytes, data, bytes);
    s->out_bytes += bytes;
    return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

static void
set_study(FLAC__StreamEncoder *encoder)
{
    FLAC__stream_encoder_set_streamable_subset(encoder, false);
    FLAC__stream_encoder_set_bits_per_sample(encoder, STUDY_SAMPLE_BITS);
    FLAC__stream_encoder_set_blocksize(encoder, STUDY_BLOCK_SAMPLES);
    FLAC__stream_encoder_set_max_lpc_order(encoder, STUDY_ORDER_MAX);
    FLAC__stream_encoder_set_max_residual_partition_order(
        encoder, STUDY_PARTITIONS);
    FLAC__stream_encoder_set_do_exhaustive_model_search(encoder, true);
}

/* shift: by how many bits a sample is wider than a byte. */
static int
encode(FLAC__StreamEncoder *encoder, struct stream *s, const uint8_t *in,
    size_t in_bytes, unsigned shift)
{
    FLAC__int32 samples[PIECE];

    FLAC__stream_encoder_set_channels(encoder, 1);
    FLAC__stream_encoder_set_sample_rate(encoder, RATE);
    FLAC__stream_encoder_set_bits_per_sample(encoder, 8);
    FLAC__stream_encoder_set_compression_level(encoder, LEVEL);
    FLAC__stream_encoder_set_total_samples_estimate(encoder, in_bytes);
    if (shift > 0) {
        set_study(encoder);
    }
    if (FLAC__stream_encoder_init_stream(encoder, put, NULL, NULL, NULL, s) !=
        FLAC__STREAM_ENCODER_INIT_STATUS_OK) {
        return -1;
    }
    for (size_t at = 0; at < in_bytes;) {
        size_t n = in_bytes - at < PIECE ? in_bytes - at : PIECE;
        for (size_t i = 0; i < n; i++) {
            samples[i] = ((int)in[at + i] - 128) * (1 << shift);
        }
        if (!FLAC__stream_encoder_process_interleaved(
                encoder, samples, (uint32_t)n)) {
            return -1;
        }
        at += n;
    }
    return FLAC__stream_encoder_finish(encoder) && !s->is_bad ? 0 : -1;
}

static int
compress_as(unsigned shift, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in, size_t in_bytes)
{
    struct stream s = {.out = out, .out_bytes_max = out_bytes_max};
    int rc = -1;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    FLAC__StreamEncoder *encoder = FLAC__stream_encoder_new();
    if (encoder != NULL) {
        rc = encode(encoder, &s, in, in_bytes, shift);
        FLAC__stream_encoder_delete(encoder);
    }
    if (rc != 0) {
        report_error("flac: cannot compress %zu bytes into %zu: %s", in_bytes,
            out_bytes_max, s.is_bad ? "they do not fit" : "libFLAC failed");
        return -1;
    }
    *out_bytes = s.out_bytes;
    return 0;
}

static int
compress_flac(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(0, out, out_bytes_max, out_bytes, in, in_bytes);
}

static int
compress_study(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    return compress_as(
        STUDY_SAMPLE_BITS - 8, out, out_bytes_max, out_bytes, in, in_bytes);
}

static FLAC__StreamDecoderReadStatus
take(const FLAC__StreamDecoder *decoder, FLAC__byte *out, size_t *bytes,
    void *user)
{
    struct stream *s = user;
    size_t rest = s->in_bytes - s->in_at;

    (void)decoder;
    *bytes = *bytes < rest ? *bytes : rest;
    memcpy(out, s->in + s->in_at, *bytes);
    s->in_at += *bytes;
    return *bytes == 0 ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM
                       : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
}

static FLAC__StreamDecoderWriteStatus
take_frame(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
    const FLAC__int32 *const channels[], void *user)
{
    struct stream *s = user;
    uint32_t n = frame->header.blocksize;
    unsigned bits = frame->header.bits_per_sample;

    (void)decoder;
    if (n > s->out_bytes_max - s->out_bytes || bits < 8 ||
        frame->header.channels != 1) {
        s->is_bad = true;
        return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
    }
    for (uint32_t i = 0; i < n; i++) {
        s->out[s->out_bytes++] =
            (uint8_t)((channels[0][i] >> (bits - 8)) + 128);
    }
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void
take_error(const FLAC__StreamDecoder *decoder,
    FLAC__StreamDecoderErrorStatus status, void *user)
{
    struct stream *s = user;

    (void)decoder;
    (void)status;
    s->is_bad = true;
}

static int
decode(FLAC__StreamDecoder *decoder, struct stream *s)
{
    FLAC__stream_decoder_set_md5_checking(decoder, true);
    if (FLAC__stream_decoder_init_stream(decoder, take, NULL, NULL, NULL, NULL,
            take_frame, NULL, take_error,
            s) != FLAC__STREAM_DECODER_INIT_STATUS_OK) {
        return -1;
    }
    bool is_ended = FLAC__stream_decoder_process_until_end_of_stream(decoder);
    uint64_t n = FLAC__stream_decoder_get_total_samples(decoder);
    bool is_whole = n == 0 || n == s->out_bytes;

    return FLAC__stream_decoder_finish(decoder) && is_ended && is_whole &&
                   s->out_bytes > 0 && !s->is_bad
               ? 0
               : -1;
}

static int
decompress_flac(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    struct stream s = {.out = out,
        .out_bytes_max = out_bytes_max,
        .in = in,
        .in_bytes = in_bytes};
    int rc = -1;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
    if (decoder != NULL) {
        rc = decode(decoder, &s);
        FLAC__stream_decoder_delete(decoder);
    }
    if (rc != 0) {
        report_error("flac: %zu bytes are corrupt or cut off, or more than "
                     "%zu bytes come out",
            in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = s.out_bytes;
    return 0;
}

const struct codec codec_flac = {
    .name = "flac",
    .describe = describe,
    .bound = bound,
    .compress = compress_flac,
    .decompress = decompress_flac,
};

const struct codec codec_flac_study = {
    .name = "flac-study",
    .describe = describe_study,
    .bound = bound_study,
    .compress = compress_study,
    .decompress = decompress_flac,
};
