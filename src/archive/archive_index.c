/*
 * archive_index.c
 */
#include "archive/archive_index.h"

#include <stdbool.h>
#include <string.h>

#include "archive/archive_block.h"
#include "archive/archive_cursor.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"

#define LENGTH_BYTES 4
#define CHECK_BYTES  4

void
archive_index_init(
    struct archive_index *index, const uint8_t *header, size_t bytes)
{
    *index = (struct archive_index){
        .archive_bytes = bytes,
        .chain = hash_xxh64(header, bytes),
    };
}

void
archive_index_release(struct archive_index *index)
{
    mem_free(index->sizes);
    index->sizes = NULL;
}

int
archive_index_add(struct archive_index *index,
    const struct archive_block *block, const uint8_t *head, size_t head_bytes)
{
    uint8_t link[8 + ARCHIVE_HEAD_MAX(0)];
    uint64_t bytes = head_bytes + block->payload_bytes;

    if (mem_grow(&index->sizes, &index->sizes_max, index->sizes_bytes,
            index->sizes_bytes + ARCHIVE_VARINT_BYTES, 1) != 0) {
        return -1;
    }
    uint8_t *sizes = index->sizes;
    uint8_t *end = archive_put_varint(sizes + index->sizes_bytes, bytes);
    index->sizes_bytes = (size_t)(end - sizes);
    memcpy(archive_put_fixed(link, index->chain, 8), head, head_bytes);
    index->chain = hash_xxh64(link, 8 + head_bytes);
    index->n_blocks++;
    index->raw_bytes += block->raw_bytes;
    index->archive_bytes += bytes;
    return 0;
}

int
archive_index_write(
    const struct archive_index *index, uint8_t **out, size_t *out_bytes)
{
    uint8_t *p = *out = mem_alloc(
        1 + 2 * ARCHIVE_VARINT_BYTES + index->sizes_bytes + ARCHIVE_FOOT_BYTES,
        1);

    if (p == NULL) {
        return -1;
    }
    *p++ = ARCHIVE_END_MARK;
    p = archive_put_varint(p, index->n_blocks);
    p = archive_put_varint(p, index->raw_bytes);
    if (index->sizes_bytes > 0) {
        memcpy(p, index->sizes, index->sizes_bytes);
    }
    p += index->sizes_bytes;
    *out_bytes = (size_t)(p - *out) + ARCHIVE_FOOT_BYTES;
    if (*out_bytes > UINT32_MAX) {
        report_error("an archive of %llu blocks has no room for its index; "
                     "use longer chunks",
            (unsigned long long)index->n_blocks);
        mem_free(*out);
        return -1;
    }
    p = archive_put_fixed(p, index->chain, 8);
    p = archive_put_fixed(p, *out_bytes, LENGTH_BYTES);
    archive_put_fixed(p, hash_xxh64(*out, (size_t)(p - *out)), CHECK_BYTES);
    return 0;
}

uint64_t
archive_index_end_bytes(const uint8_t foot[ARCHIVE_FOOT_BYTES])
{
    struct archive_cursor cursor = {
        .at = foot + 8, .end = foot + ARCHIVE_FOOT_BYTES};
    uint64_t bytes = archive_take_fixed(&cursor, LENGTH_BYTES);

    return bytes < ARCHIVE_FOOT_BYTES ? 0 : bytes;
}

int
archive_index_read(struct archive_index *index, const uint8_t *in, size_t bytes,
    const char *file)
{
    const uint8_t *foot = in + bytes - ARCHIVE_FOOT_BYTES;
    struct archive_cursor cursor = {.at = in, .end = foot};
    struct archive_cursor last = {.at = foot, .end = in + bytes};

    *index = (struct archive_index){0};
    bool is_wrong = archive_take_fixed(&cursor, 1) != ARCHIVE_END_MARK;
    index->n_blocks = archive_take_varint(&cursor);
    index->raw_bytes = archive_take_varint(&cursor);
    const uint8_t *sizes = cursor.at;
    for (uint64_t i = 0; i < index->n_blocks && !cursor.is_wrong; i++) {
        (void)archive_take_varint(&cursor);
    }
    index->chain = archive_take_fixed(&last, 8);
    is_wrong |= archive_take_fixed(&last, LENGTH_BYTES) != bytes;
    if (is_wrong || cursor.is_wrong || cursor.at != foot ||
        archive_take_fixed(&last, CHECK_BYTES) !=
            (uint32_t)hash_xxh64(in, bytes - CHECK_BYTES)) {
        report_error("%s: the index at the end is damaged or cut off", file);
        return -1;
    }
    index->sizes_bytes = index->sizes_max = (size_t)(foot - sizes);
    index->sizes = mem_alloc(index->sizes_bytes, 1);
    if (index->sizes == NULL) {
        return -1;
    }
    memcpy(index->sizes, sizes, index->sizes_bytes);
    return 0;
}

uint64_t
archive_index_place(
    const struct archive_index *index, uint64_t header_bytes, uint64_t i)
{
    const uint8_t *sizes = index->sizes;
    struct archive_cursor cursor = {
        .at = sizes, .end = sizes + index->sizes_bytes};
    uint64_t place = header_bytes;

    for (uint64_t k = 0; k < i; k++) {
        place += archive_take_varint(&cursor);
    }
    return place;
}
