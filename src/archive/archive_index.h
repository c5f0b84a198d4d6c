/*
 * archive_index.h - the end of an archive: sizes of its blocks and a chain of
 * checks over everything before.  Bytes: FORMAT.md.
 *
 * Writing and reading both build one as they go; a reader compares.
 */
#ifndef ARCHIVE_ARCHIVE_INDEX_H
#define ARCHIVE_ARCHIVE_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* The last bytes of an archive, which say how long its end is. */
#define ARCHIVE_FOOT_BYTES 16

/* What stands where a block could begin: there are no more. */
#define ARCHIVE_END_MARK 0

/* Owned by the caller. */
struct archive_index {
    uint64_t n_blocks, raw_bytes;
    uint64_t archive_bytes; /* header and blocks so far */
    uint64_t chain;         /* of the header and the heads of blocks */
    void *sizes;            /* varints: bytes of each block */
    size_t sizes_bytes, sizes_max;
};

/* Begin, after a header. */
void archive_index_init(
    struct archive_index *index, const uint8_t *header, size_t bytes);
void archive_index_release(struct archive_index *index);

struct archive_block;

/* Add a block and the bytes of its head. */
int archive_index_add(struct archive_index *index,
    const struct archive_block *block, const uint8_t *head, size_t head_bytes);

/*
 * The end of the archive as bytes.
 *
 * Owner: the caller frees *out with mem_free().
 */
int archive_index_write(
    const struct archive_index *index, uint8_t **out, size_t *out_bytes);

/* Bytes that the end takes; 0: this is not the foot of an archive. */
uint64_t archive_index_end_bytes(const uint8_t foot[ARCHIVE_FOOT_BYTES]);

/*
 * Read an end into an index without blocks, as far as it is known from there:
 * all but archive_bytes.
 *
 * Errors: -1; reported with the name of the file.
 */
int archive_index_read(struct archive_index *index, const uint8_t *in,
    size_t bytes, const char *file);

/* Where block number i begins. */
uint64_t archive_index_place(
    const struct archive_index *index, uint64_t header_bytes, uint64_t i);

#endif /* ARCHIVE_ARCHIVE_INDEX_H */
