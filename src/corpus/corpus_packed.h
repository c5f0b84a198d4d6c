/*
 * corpus_packed.h - random access to a compressed file; only for corpus*.c.
 *
 * One scheme for all formats: the file is a list of segments that can be
 * decoded each by itself (xz blocks, zstd frames, gzip members).  A reader
 * decodes forward inside a segment and keeps the decoder, so memory is that
 * of one decoder, and what lies in other segments is never decoded.
 */
#ifndef CORPUS_CORPUS_PACKED_H
#define CORPUS_CORPUS_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packed;

struct packed_segment {
    uint64_t packed_first, packed_bytes; /* place in the file */
    uint64_t plain_first, plain_bytes;   /* place in the corpus */

    /* xz: the integrity check of the stream; zstd: a checksum kept outside
     * the frame, if has_check. */
    uint32_t check;
    bool has_check;
};

/* The file and what a scan found in it. */
struct packed_file {
    const char *path;
    const uint8_t *data;
    size_t bytes;

    /* In the order of the corpus, without gaps; none is empty. */
    struct packed_segment *segment;
    size_t n_segments, n_segments_max;
    uint64_t plain_bytes; /* in all segments */
};

/* What is left to read and to fill; a decoder's step advances both. */
struct packed_io {
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
};

enum packed_step {
    PACKED_MORE, /* out is full, or more input is needed */
    PACKED_END,  /* the segment ended and its checksum is right */
    PACKED_BAD,  /* *why says what is wrong */
};

struct packed_format {
    const char *name;
    bool (*is_magic)(const uint8_t *data, size_t bytes);

    /* Find the segments: packed_add() for each. */
    int (*scan)(struct packed_file *file, void *decoder);

    void *(*decoder_new)(void);
    void (*decoder_free)(void *decoder);

    /* Start at io->in, the first byte of a segment. */
    enum packed_step (*begin)(void *decoder, struct packed_io *io,
        const struct packed_segment *segment, const char **why);
    enum packed_step (*step)(
        void *decoder, struct packed_io *io, const char **why);
};

extern const struct packed_format corpus_xz;
extern const struct packed_format corpus_gzip;
extern const struct packed_format corpus_zstd;

/* The format whose magic bytes begin the data; NULL: none. */
const struct packed_format *packed_detect(const uint8_t *data, size_t bytes);

/*
 * Find the segments of a file of that format.
 *
 * Owner: path and data are kept; the caller frees with packed_close().
 */
struct packed *packed_open(const struct packed_format *format, const char *path,
    const uint8_t *data, size_t bytes);
void packed_close(struct packed *packed);
uint64_t packed_bytes(const struct packed *packed);

/* Fill out with bytes [offset, offset + bytes) of the plain text. */
int packed_read(
    struct packed *packed, uint8_t *out, uint64_t offset, size_t bytes);

/*
 * For scans: append a segment (plain_first is set here; empty ones are left
 * out), after checking that its sizes are possible.
 */
int packed_add(struct packed_file *file, struct packed_segment segment);

/*
 * For scans: decode the segment that begins at packed_first and reaches at
 * most to packed_first + packed_bytes; sets packed_bytes and plain_bytes.
 */
int packed_count(const struct packed_format *format, void *decoder,
    const struct packed_file *file, struct packed_segment *segment);

/* "FILE: byte AT: what" */
void packed_report(
    const struct packed_file *file, uint64_t at, const char *what);

#endif /* CORPUS_CORPUS_PACKED_H */
