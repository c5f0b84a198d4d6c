/*
 * archive_header.h - what an archive was made with.  Bytes: FORMAT.md.
 */
#ifndef ARCHIVE_ARCHIVE_HEADER_H
#define ARCHIVE_ARCHIVE_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define ARCHIVE_VERSION 1

/* What every archive begins with. */
#define ARCHIVE_MAGIC                                                          \
    "\x93"                                                                     \
    "CLA"
#define ARCHIVE_MAGIC_BYTES 4

/* Longest header, and how much of it tells how long it is. */
#define ARCHIVE_HEADER_MAX   255
#define ARCHIVE_HEADER_START 6

/* Room for a name with its final zero. */
#define ARCHIVE_NAME_BYTES 32

/* Bytes of a block, and of a chunk, at most: what a decoder must hold. */
#define ARCHIVE_BLOCK_MAX ((uint64_t)1 << 24)

/* Of an archive that needs no predictor because nothing in it is coded. */
#define ARCHIVE_STORED ""

struct archive_header {
    uint32_t numerics; /* MATH_NUMERICS of the program that wrote it */
    uint32_t math;     /* enum math_mode */
    uint64_t chunk_bytes, block_chunks;
    uint64_t context, stride; /* as in struct predictor_info */
    int64_t start_token;
    char predictor
        [ARCHIVE_NAME_BYTES];      /* "model", "ngram:4", or ARCHIVE_STORED */
    char name[ARCHIVE_NAME_BYTES]; /* of the model; "": it has none */
    char model_sha256[HASH_HEX_BYTES]; /* "": there is no model */
    char tokenizer_sha256[HASH_HEX_BYTES];
};

/* Chunks in a block of so many bytes each: what the encoder chooses. */
uint64_t archive_header_block_chunks(uint64_t chunk_bytes);

/* A header without its predictor: for what is stored. */
struct archive_header archive_header_stored(
    const struct archive_header *header);

/* Set a name; what does not fit or cannot be printed is left out. */
void archive_header_set_name(char out[ARCHIVE_NAME_BYTES], const char *name);

/* Returns the number of bytes written. */
size_t archive_header_write(
    uint8_t out[ARCHIVE_HEADER_MAX], const struct archive_header *header);

/*
 * Read a header.  Only the first ARCHIVE_HEADER_START bytes need be there at
 * first: *bytes is set to the length of the whole.
 *
 * Errors: -1; reported with the name of the file.
 */
int archive_header_start(
    size_t *bytes, const uint8_t start[ARCHIVE_HEADER_START], const char *file);
int archive_header_read(struct archive_header *header, const uint8_t *in,
    size_t bytes, const char *file);

#endif /* ARCHIVE_ARCHIVE_HEADER_H */
