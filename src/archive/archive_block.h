/*
 * archive_block.h - some chunks of an archive, checked together.
 * Bytes: FORMAT.md.
 *
 * What is known of each chunk is enough to lay out a block, so the chunks may
 * lie in different processes.
 */
#ifndef ARCHIVE_ARCHIVE_BLOCK_H
#define ARCHIVE_ARCHIVE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A chunk; coded_bytes == raw_bytes: it is stored as it is. */
struct archive_chunk {
    uint32_t raw_bytes, coded_bytes;
    uint64_t raw_hash, coded_hash; /* XXH64 of the bytes */
};

/* Room for the head and the table of a block of n chunks. */
#define ARCHIVE_HEAD_MAX(n) (22 + 4 * (size_t)(n))

/* What a block's head says. */
struct archive_block {
    uint64_t raw_bytes;     /* of all its chunks */
    uint64_t payload_bytes; /* that follow the head: table and chunks */
    uint64_t raw_check;     /* of the raw bytes */
    size_t n_chunks;
    bool is_stored; /* the payload is the raw bytes, there is no table */
};

/* XXH64 of the raw hashes of n chunks, one after the other. */
uint64_t archive_block_raw_check(const struct archive_chunk *chunks, size_t n);

/*
 * Make the head and table of n chunks.  Returns their bytes; *head_bytes is
 * set to those of the head alone.
 */
size_t archive_block_write(uint8_t *out, size_t *head_bytes,
    struct archive_block *block, const struct archive_chunk *chunks, size_t n);

/* The four bytes that guard a block's head and payload. */
uint32_t archive_block_check(const struct archive_block *block,
    uint64_t table_hash, const struct archive_chunk *chunks);

#endif /* ARCHIVE_ARCHIVE_BLOCK_H */
