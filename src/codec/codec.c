/*
 * codec.c
 *
 * The table of codecs.  Each call makes and frees its own encoder, so any
 * thread may call anything; what set-up costs per call is kept small by the
 * codecs themselves.
 */
#include "codec/codec.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "codec/codec_kind.h"

static const struct codec *const codecs[] = {
    &codec_gzip,
    &codec_xz,
    &codec_zstd,
    &codec_bzip2,
    &codec_brotli,
    &codec_ppmd,
    &codec_png,
    &codec_png64,
    &codec_webp,
    &codec_webp64,
    &codec_jxl,
    &codec_jxl64,
    &codec_flac,
    &codec_flac_study,
    &codec_wavpack,
};
#define N_CODECS (sizeof(codecs) / sizeof(codecs[0]))

/* Library versions are known only at run time: written once, then read. */
static char descriptions[N_CODECS][CODEC_DESCRIPTION_BYTES];
static pthread_once_t descriptions_once = PTHREAD_ONCE_INIT;

static void
write_descriptions(void)
{
    for (size_t i = 0; i < N_CODECS; i++) {
        codecs[i]->describe(descriptions[i]);
    }
}

const struct codec *
codec_find(const char *name)
{
    for (size_t i = 0; i < N_CODECS; i++) {
        if (strcmp(codecs[i]->name, name) == 0) {
            return codecs[i];
        }
    }
    return NULL;
}

size_t
codec_count(void)
{
    return N_CODECS;
}

const struct codec *
codec_at(size_t i)
{
    assert(i < N_CODECS);
    return codecs[i];
}

const char *
codec_name(const struct codec *codec)
{
    return codec->name;
}

const char *
codec_description(const struct codec *codec)
{
    size_t i = 0;

    pthread_once(&descriptions_once, write_descriptions);
    while (codecs[i] != codec) {
        i++;
        assert(i < N_CODECS);
    }
    return descriptions[i];
}

size_t
codec_bound(const struct codec *codec, size_t in_bytes)
{
    return codec->bound(in_bytes);
}

int
codec_compress(const struct codec *codec, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in, size_t in_bytes)
{
    return codec->compress(out, out_bytes_max, out_bytes, in, in_bytes);
}

int
codec_bits(const struct codec *codec, uint64_t *bits, const uint8_t *in,
    size_t in_bytes)
{
    if (codec->count_bits != NULL) {
        return codec->count_bits(bits, in, in_bytes);
    }
    size_t out_bytes_max = codec->bound(in_bytes), out_bytes;
    uint8_t *out = mem_alloc(out_bytes_max, 1);
    int rc = -1;
    if (out != NULL) {
        rc = codec->compress(out, out_bytes_max, &out_bytes, in, in_bytes);
    }
    if (rc == 0) {
        *bits = (uint64_t)out_bytes * 8;
    }
    mem_free(out);
    return rc;
}

int
codec_decompress(const struct codec *codec, uint8_t *out, size_t out_bytes_max,
    size_t *out_bytes, const uint8_t *in, size_t in_bytes)
{
    return codec->decompress(out, out_bytes_max, out_bytes, in, in_bytes);
}

int
codec_header_bytes(const struct codec *codec, size_t *bytes)
{
    static const uint8_t zero[1];
    uint8_t out[8192];

    assert(codec->bound(1) <= sizeof(out));
    return codec->compress(out, sizeof(out), bytes, zero, 1);
}
