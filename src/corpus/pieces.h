/*
 * pieces.h - files that are cut into pieces of equal length; only for
 * corpus*.c.
 *
 * A source is the pieces of all files of a directory, in the order of their
 * names, one after the other; what is left over of each file is dropped and
 * counted.  One decoded file is kept, so reading forward decodes each file
 * once and memory is that of the largest file, and of the names of all.
 */
#ifndef CORPUS_PIECES_H
#define CORPUS_PIECES_H

#include <stddef.h>
#include <stdint.h>

struct corpus_identity;
struct pieces;

/* A file as it is stored; path is for messages. */
struct pieces_file {
    const char *path;
    const uint8_t *data;
    size_t bytes;
};

/* What a file holds: all of it, and whole pieces, as bytes. */
struct pieces_size {
    uint64_t all_bytes, piece_bytes;
};

/* A kind of files.  Errors: -1, reported with the path. */
struct pieces_medium {
    const char *noun;           /* "image" */
    const char *endings;        /* of names: ".png .jpg", lower case */
    const char *too_small_help; /* what to do if no file has a piece */

    /* Sizes from the header, as cheap as the format allows. */
    int (*measure)(const void *settings, struct pieces_size *size,
        const struct pieces_file *file);

    /* Fill out with the file's pieces, piece_bytes of a measured file. */
    int (*decode)(
        const void *settings, uint8_t *out, const struct pieces_file *file);
};

/*
 * Find the files of path, a directory or one file, and their sizes.
 *
 * Owner: settings, which medium's functions are given, and path are kept.
 * Errors: NULL if there is no such file, one cannot be read, none has a whole
 * piece; reported.
 */
struct pieces *pieces_open(
    const struct pieces_medium *medium, const void *settings, const char *path);
void pieces_close(struct pieces *pieces);
uint64_t pieces_bytes(const struct pieces *pieces);

/* Fill out with bytes [offset, offset + bytes) of the source. */
int pieces_read(
    struct pieces *pieces, uint8_t *out, uint64_t offset, size_t bytes);

/*
 * Sets source_bytes and what was dropped; SHA-256 into hex unless it is NULL:
 * of one file its bytes; of a directory, for each file in order, its name
 * with a zero byte, its length (8 bytes, little-endian) and its bytes.
 */
int pieces_identify(
    struct pieces *pieces, struct corpus_identity *identity, char *hex);

#endif /* CORPUS_PIECES_H */
