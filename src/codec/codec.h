/*
 * codec.h - other people's compressors: bytes in, length out.
 *
 * Threads: all functions may be called by several threads at once.
 */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include <stddef.h>
#include <stdint.h>

struct codec;

/* "gzip", "xz", "zstd", ...; NULL for an unknown name, not reported. */
const struct codec *codec_find(const char *name);

size_t codec_count(void);
const struct codec *codec_at(size_t i);

const char *codec_name(const struct codec *codec);

/* Settings and library: "level 9, zlib 1.2.13". */
const char *codec_description(const struct codec *codec);

/* Largest output for in_bytes of input. */
size_t codec_bound(const struct codec *codec, size_t in_bytes);

/*
 * Compress in to out, which has room for out_bytes_max.
 *
 * Errors: -1 if the library fails or room is short; reported.
 */
int codec_compress(const struct codec *codec, uint8_t *out,
    size_t out_bytes_max, size_t *out_bytes, const uint8_t *in,
    size_t in_bytes);

/*
 * The length as fine as it is known: the bits of gzip's blocks, without its
 * wrapper and the bits that fill the last byte; the bytes of xz's LZMA2,
 * without container and what fills four of them; of others, what
 * codec_compress() writes.
 *
 * Errors: as codec_compress().
 */
int codec_bits(const struct codec *codec, uint64_t *bits, const uint8_t *in,
    size_t in_bytes);

/* The reverse; *out_bytes is set to what came out. */
int codec_decompress(const struct codec *codec, uint8_t *out,
    size_t out_bytes_max, size_t *out_bytes, const uint8_t *in,
    size_t in_bytes);

/*
 * Bytes of container that every output carries: the length of one zero byte
 * compressed (the study's rule).
 *
 * Errors: -1, reported.
 */
int codec_header_bytes(const struct codec *codec, size_t *bytes);

#endif /* CODEC_CODEC_H */
