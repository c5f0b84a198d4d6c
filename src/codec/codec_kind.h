/*
 * codec_kind.h - what a codec provides; only for codec*.c.
 */
#ifndef CODEC_CODEC_KIND_H
#define CODEC_CODEC_KIND_H

#include <stddef.h>
#include <stdint.h>

/* Contracts as in codec.h. */
struct codec {
    const char *name;

    /* Write the description; out has room for CODEC_DESCRIPTION_BYTES. */
    void (*describe)(char *out);
    size_t (*bound)(size_t in_bytes);
    int (*compress)(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
        const uint8_t *in, size_t in_bytes);
    int (*decompress)(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
        const uint8_t *in, size_t in_bytes);

    /* As codec_bits(); NULL: only whole bytes are known. */
    int (*count_bits)(uint64_t *bits, const uint8_t *in, size_t in_bytes);
};

#define CODEC_DESCRIPTION_BYTES 96

extern const struct codec codec_gzip;
extern const struct codec codec_xz;
extern const struct codec codec_zstd;
extern const struct codec codec_bzip2;
extern const struct codec codec_brotli;
extern const struct codec codec_ppmd;
extern const struct codec codec_png;
extern const struct codec codec_png64;
extern const struct codec codec_webp;
extern const struct codec codec_webp64;
extern const struct codec codec_jxl;
extern const struct codec codec_jxl64;
extern const struct codec codec_flac;
extern const struct codec codec_flac_study;
extern const struct codec codec_wavpack;

#endif /* CODEC_CODEC_KIND_H */
