/*
 * archive_reader.h - the blocks of an archive, one after the other.
 *
 * Checks everything that can be checked without decoding: a block that was
 * returned has the bytes that were written.  Memory is for one block.
 */
#ifndef ARCHIVE_ARCHIVE_READER_H
#define ARCHIVE_ARCHIVE_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "archive/archive_block.h"
#include "archive/archive_header.h"

struct archive_index;
struct archive_reader;

/*
 * Begin: reads the header.  file and name, which is for messages, are kept.
 *
 * Errors: NULL; reported.
 */
struct archive_reader *archive_reader_new(FILE *file, const char *name);
void archive_reader_free(struct archive_reader *reader);

const struct archive_header *archive_reader_header(
    const struct archive_reader *reader);

/* The header as bytes. */
const uint8_t *archive_reader_header_bytes(
    const struct archive_reader *reader, size_t *bytes);

/* A block; all of it is valid until the next is read. */
struct archive_read_block {
    struct archive_block block;
    uint64_t number;
    uint64_t first_byte;                /* of the raw bytes */
    const struct archive_chunk *chunks; /* hashes of raw bytes are unknown */
    const uint8_t *coded;               /* of all chunks, back to back */
    size_t coded_bytes;
};

enum archive_outcome {
    ARCHIVE_BLOCK,
    ARCHIVE_END, /* of a whole and sound archive, nothing follows */
    ARCHIVE_BAD, /* reported */
};

enum archive_outcome archive_reader_next(
    struct archive_reader *reader, struct archive_read_block *block);

/* Blocks so far, as an index. */
const struct archive_index *archive_reader_index(
    const struct archive_reader *reader);

/*
 * Read the end of a file that can be sought in, then go to a block.  What is
 * read then ends without ARCHIVE_END having compared it with the whole.
 *
 * Errors: -1; reported.
 */
int archive_reader_find_end(
    struct archive_reader *reader, struct archive_index *end);
int archive_reader_seek(struct archive_reader *reader,
    const struct archive_index *end, uint64_t block);

#endif /* ARCHIVE_ARCHIVE_READER_H */
