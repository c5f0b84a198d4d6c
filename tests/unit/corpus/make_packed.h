/*
 * make_packed.h - compressed files for tests, made with the libraries.
 */
#ifndef TESTS_MAKE_PACKED_H
#define TESTS_MAKE_PACKED_H

#include <stddef.h>
#include <stdint.h>

/* How a test file is made of its plain bytes. */
enum shape {
    SHAPE_PLAIN,
    SHAPE_XZ_ONE,     /* one stream, one block */
    SHAPE_XZ_BLOCKS,  /* one stream, a block per piece */
    SHAPE_XZ_STREAMS, /* a stream per piece, with padding between */
    SHAPE_GZIP_ONE,
    SHAPE_GZIP_MEMBERS, /* a member per piece, zeros at the end */
    SHAPE_ZSTD_ONE,
    SHAPE_ZSTD_FRAMES,       /* a frame per piece, the first skippable */
    SHAPE_ZSTD_UNSIZED,      /* frames that do not state their plain size */
    SHAPE_ZSTD_TABLE,        /* frames with checksum, and a seek table */
    SHAPE_ZSTD_TABLE_CHECKS, /* frames without, the table has checksums */
    N_SHAPES,
};

struct bytes {
    uint8_t *data;
    size_t bytes;
};

const char *shape_name(enum shape shape);

/* Owner: the caller frees data with free(). */
struct bytes make_packed(enum shape shape, const uint8_t *plain,
    size_t plain_bytes, size_t piece_bytes);

/* Text-like bytes; freed with free(). */
uint8_t *make_text(size_t bytes);

#endif /* TESTS_MAKE_PACKED_H */
