/*
 * archive_block.c
 *
 * Checks are hashes of hashes of chunks, because the chunks of a block may be
 * coded by different ranks, and none has all of its bytes.
 */
#include "archive/archive_block.h"

#include <assert.h>

#include "archive/archive_cursor.h"
#include "base/hash.h"

/* Hash of a hash and another number: a chain. */
static uint64_t
add_hash(uint64_t hash, uint64_t value)
{
    uint8_t pair[16];

    archive_put_fixed(archive_put_fixed(pair, hash, 8), value, 8);
    return hash_xxh64(pair, sizeof(pair));
}

uint64_t
archive_block_raw_check(const struct archive_chunk *chunks, size_t n)
{
    uint64_t check = 0;

    for (size_t i = 0; i < n; i++) {
        check = add_hash(check, chunks[i].raw_hash);
    }
    return check;
}

uint32_t
archive_block_check(const struct archive_block *block, uint64_t table_hash,
    const struct archive_chunk *chunks)
{
    uint64_t check = add_hash(block->raw_bytes, block->payload_bytes);

    check = add_hash(check, block->raw_check);
    check = add_hash(check, table_hash);
    for (size_t i = 0; i < block->n_chunks; i++) {
        check = add_hash(check,
            block->is_stored ? chunks[i].raw_hash : chunks[i].coded_hash);
    }
    return (uint32_t)check;
}

size_t
archive_block_write(uint8_t *out, size_t *head_bytes,
    struct archive_block *block, const struct archive_chunk *chunks, size_t n)
{
    uint8_t head[ARCHIVE_HEAD_MAX(0)], *p = head;
    uint64_t coded_bytes = 0;
    /* The table is made where it goes when the head is as long as possible. */
    uint8_t *table = out + sizeof(head), *table_end = table;

    *block = (struct archive_block){
        .n_chunks = n, .raw_check = archive_block_raw_check(chunks, n)};
    for (size_t i = 0; i < n; i++) {
        assert(chunks[i].coded_bytes <= chunks[i].raw_bytes);
        block->raw_bytes += chunks[i].raw_bytes;
        coded_bytes += chunks[i].coded_bytes;
        table_end = archive_put_varint(table_end, chunks[i].coded_bytes);
    }
    block->payload_bytes = coded_bytes + (uint64_t)(table_end - table);
    block->is_stored = block->payload_bytes >= block->raw_bytes;
    if (block->is_stored) {
        block->payload_bytes = block->raw_bytes;
        table_end = table;
    }
    size_t table_bytes = (size_t)(table_end - table);
    uint32_t check =
        archive_block_check(block, hash_xxh64(table, table_bytes), chunks);
    p = archive_put_varint(p, block->raw_bytes);
    p = archive_put_varint(p, block->payload_bytes);
    p = archive_put_fixed(p, block->raw_check, 8);
    p = archive_put_fixed(p, check, 4);
    *head_bytes = (size_t)(p - head);
    for (size_t i = 0; i < *head_bytes; i++) {
        out[i] = head[i];
    }
    for (size_t i = 0; i < table_bytes; i++) {
        out[*head_bytes + i] = table[i];
    }
    return *head_bytes + table_bytes;
}
