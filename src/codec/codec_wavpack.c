/*
 * codec_wavpack.c
 *
 * WavPack's "very high" mode; bytes are samples as in codec_flac.c.
 *
 * No bytes are no recording: their code is empty.
 */
#include <stdio.h>
#include <string.h>

#include <wavpack/wavpack.h>

#include "base/report.h"
#include "codec/codec_kind.h"

#define RATE 16000

/* Samples that are turned at a time. */
#define PIECE 4096

/* A stream that is written or read. */
struct stream {
    uint8_t *out;
    const uint8_t *in;
    size_t out_bytes, out_bytes_max;
    size_t in_bytes, in_at;
};

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES,
        "very high, 8 bits, 16 kHz, libwavpack %s",
        WavpackGetLibraryVersionString());
}

/* A block of samples that cannot be shortened grows by some bits each. */
static size_t
bound(size_t in_bytes)
{
    return in_bytes + in_bytes / 4 + 1024;
}

static int
put(void *user, void *data, int32_t bytes)
{
    struct stream *s = user;

    if (bytes < 0 || (size_t)bytes > s->out_bytes_max - s->out_bytes) {
        return 0;
    }
    memcpy(s->out + s->out_bytes, data, (size_t)bytes);
    s->out_bytes += (size_t)bytes;
    return 1;
}

static int
encode(WavpackContext *context, const uint8_t *in, size_t in_bytes)
{
    WavpackConfig config = {
        .bytes_per_sample = 1,
        .bits_per_sample = 8,
        .num_channels = 1,
        .channel_mask = 4, /* in the middle */
        .sample_rate = RATE,
        .flags = CONFIG_HIGH_FLAG | CONFIG_VERY_HIGH_FLAG,
    };
    int32_t samples[PIECE];

    if (!WavpackSetConfiguration64(context, &config, (int64_t)in_bytes, NULL) ||
        !WavpackPackInit(context)) {
        return -1;
    }
    for (size_t at = 0; at < in_bytes;) {
        size_t n = in_bytes - at < PIECE ? in_bytes - at : PIECE;
        for (size_t i = 0; i < n; i++) {
            samples[i] = (int32_t)in[at + i] - 128;
        }
        if (!WavpackPackSamples(context, samples, (uint32_t)n)) {
            return -1;
        }
        at += n;
    }
    return WavpackFlushSamples(context) ? 0 : -1;
}

static int
compress_wavpack(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    struct stream s = {.out = out, .out_bytes_max = out_bytes_max};
    int rc = -1;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    WavpackContext *context = WavpackOpenFileOutput(put, &s, NULL);
    if (context != NULL) {
        rc = encode(context, in, in_bytes);
        WavpackCloseFile(context);
    }
    if (rc != 0) {
        report_error(
            "wavpack: %zu bytes do not fit into %zu", in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = s.out_bytes;
    return 0;
}

static int32_t
read_bytes(void *user, void *data, int32_t bytes)
{
    struct stream *s = user;
    size_t rest = s->in_bytes - s->in_at;
    size_t n = (size_t)bytes < rest ? (size_t)bytes : rest;

    memcpy(data, s->in + s->in_at, n);
    s->in_at += n;
    return (int32_t)n;
}

static int64_t
get_place(void *user)
{
    return (int64_t)((struct stream *)user)->in_at;
}

static int
set_place(void *user, int64_t at)
{
    struct stream *s = user;

    if (at < 0 || (uint64_t)at > s->in_bytes) {
        return -1;
    }
    s->in_at = (size_t)at;
    return 0;
}

static int
set_place_from(void *user, int64_t by, int from)
{
    struct stream *s = user;
    int64_t base = from == SEEK_SET   ? 0
                   : from == SEEK_CUR ? (int64_t)s->in_at
                                      : (int64_t)s->in_bytes;

    return set_place(user, base + by);
}

static int
push_back(void *user, int c)
{
    struct stream *s = user;

    s->in_at -= s->in_at > 0;
    return c;
}

static int64_t
get_length(void *user)
{
    return (int64_t)((struct stream *)user)->in_bytes;
}

static int
can_seek(void *user)
{
    (void)user;
    return 1;
}

/* Sets s->out_bytes. */
static int
decode(WavpackContext *context, struct stream *s)
{
    int64_t n_samples = WavpackGetNumSamples64(context);
    int32_t samples[PIECE];

    if (WavpackGetNumChannels(context) != 1 || n_samples <= 0 ||
        (uint64_t)n_samples > s->out_bytes_max) {
        return -1;
    }
    for (;;) {
        uint32_t n = WavpackUnpackSamples(context, samples, PIECE);
        if (n == 0) {
            break;
        }
        if (n > s->out_bytes_max - s->out_bytes) {
            return -1;
        }
        for (uint32_t i = 0; i < n; i++) {
            s->out[s->out_bytes++] = (uint8_t)(samples[i] + 128);
        }
    }
    return s->out_bytes == (uint64_t)n_samples &&
                   WavpackGetNumErrors(context) == 0
               ? 0
               : -1;
}

static int
decompress_wavpack(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    WavpackStreamReader64 reader = {
        .read_bytes = read_bytes,
        .get_pos = get_place,
        .set_pos_abs = set_place,
        .set_pos_rel = set_place_from,
        .push_back_byte = push_back,
        .get_length = get_length,
        .can_seek = can_seek,
    };
    struct stream s = {.out = out,
        .out_bytes_max = out_bytes_max,
        .in = in,
        .in_bytes = in_bytes};
    char why[81] = "";
    int rc = -1;

    *out_bytes = 0;
    if (in_bytes == 0) {
        return 0;
    }
    WavpackContext *context =
        WavpackOpenFileInputEx64(&reader, &s, NULL, why, 0, 0);
    if (context != NULL) {
        rc = decode(context, &s);
        WavpackCloseFile(context);
    }
    if (rc != 0) {
        report_error("wavpack: %zu bytes are corrupt or cut off, or more than "
                     "%zu bytes come out",
            in_bytes, out_bytes_max);
        return -1;
    }
    *out_bytes = s.out_bytes;
    return 0;
}

const struct codec codec_wavpack = {
    .name = "wavpack",
    .describe = describe,
    .bound = bound,
    .compress = compress_wavpack,
    .decompress = decompress_wavpack,
};
