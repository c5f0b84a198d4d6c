/*
 * archive_reader.c
 */
#include "archive/archive_reader.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/archive_cursor.h"
#include "archive/archive_index.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"

struct archive_reader {
    FILE *file;
    const char *name;
    struct archive_header header;
    uint8_t header_bytes[ARCHIVE_HEADER_MAX];
    size_t n_header_bytes;
    struct archive_index index; /* of what was read */
    bool is_last;               /* a block shorter than the others was read */
    uint8_t *payload;           /* of a block; grows with what is there */
    size_t payload_max;
    struct archive_chunk *chunks; /* (block_chunks) */
};

/* Read so many bytes; fewer are there: reported. */
static int
read_all(struct archive_reader *r, uint8_t *out, size_t bytes)
{
    if (fread(out, 1, bytes, r->file) == bytes) {
        return 0;
    }
    if (ferror(r->file)) {
        report_error("%s: %s", r->name, strerror(errno));
    } else {
        report_error("%s: the archive is cut off", r->name);
    }
    return -1;
}

struct archive_reader *
archive_reader_new(FILE *file, const char *name)
{
    struct archive_reader *r = mem_alloc(1, sizeof(*r));
    size_t start = ARCHIVE_HEADER_START;

    if (r == NULL) {
        return NULL;
    }
    r->file = file;
    r->name = name;
    if (fread(r->header_bytes, 1, start, file) != start) {
        memset(r->header_bytes, 0, start); /* too short to be one */
    }
    if (archive_header_start(&r->n_header_bytes, r->header_bytes, name) ||
        read_all(r, r->header_bytes + start, r->n_header_bytes - start) ||
        archive_header_read(
            &r->header, r->header_bytes, r->n_header_bytes, name)) {
        goto fail;
    }
    archive_index_init(&r->index, r->header_bytes, r->n_header_bytes);
    r->chunks = mem_alloc((size_t)r->header.block_chunks, sizeof(*r->chunks));
    if (r->chunks == NULL) {
        goto fail;
    }
    return r;

fail:
    archive_reader_free(r);
    return NULL;
}

void
archive_reader_free(struct archive_reader *r)
{
    if (r != NULL) {
        archive_index_release(&r->index);
        mem_free(r->payload);
        mem_free(r->chunks);
        mem_free(r);
    }
}

const struct archive_header *
archive_reader_header(const struct archive_reader *r)
{
    return &r->header;
}

const uint8_t *
archive_reader_header_bytes(const struct archive_reader *r, size_t *bytes)
{
    *bytes = r->n_header_bytes;
    return r->header_bytes;
}

const struct archive_index *
archive_reader_index(const struct archive_reader *r)
{
    return &r->index;
}

static enum archive_outcome
bad_block(const struct archive_reader *r)
{
    report_error(
        "%s: block %" PRIu64 " is damaged", r->name, r->index.n_blocks);
    return ARCHIVE_BAD;
}

/* Copy the bytes of a varint. */
static int
read_varint(struct archive_reader *r, uint8_t **out)
{
    for (int i = 0; i < ARCHIVE_VARINT_BYTES; i++) {
        if (read_all(r, *out, 1) != 0) {
            return -1;
        }
        if (*(*out)++ < 0x80) {
            return 0;
        }
    }
    return 0; /* too long: found when it is taken */
}

/*
 * The payload.  Its memory grows as bytes come, so that a head that promises
 * many and a file that has few take little.
 */
static int
read_payload(struct archive_reader *r, size_t bytes)
{
    const size_t piece = (size_t)1 << 20;

    for (size_t done = 0; done < bytes;) {
        size_t n = bytes - done < piece ? bytes - done : piece;
        void *payload = r->payload;
        if (mem_grow(&payload, &r->payload_max, done, done + n, 1) != 0) {
            return -1;
        }
        r->payload = payload;
        if (read_all(r, r->payload + done, n) != 0) {
            return -1;
        }
        done += n;
    }
    return 0;
}

/* Sizes of chunks, from the table or because all are stored. */
static bool
size_chunks(struct archive_reader *r, struct archive_cursor *cursor,
    const struct archive_block *block)
{
    uint64_t left = block->raw_bytes, coded_bytes = 0;

    for (size_t i = 0; i < block->n_chunks; i++) {
        struct archive_chunk *chunk = &r->chunks[i];
        uint64_t raw =
            left < r->header.chunk_bytes ? left : r->header.chunk_bytes;
        uint64_t coded = block->is_stored ? raw : archive_take_varint(cursor);
        if (coded > raw) {
            return false;
        }
        *chunk = (struct archive_chunk){
            .raw_bytes = (uint32_t)raw, .coded_bytes = (uint32_t)coded};
        left -= raw;
        coded_bytes += coded;
    }
    return !cursor->is_wrong &&
           coded_bytes == (uint64_t)(cursor->end - cursor->at);
}

static void
hash_chunks(struct archive_reader *r, const struct archive_block *block,
    const uint8_t *coded)
{
    for (size_t i = 0; i < block->n_chunks; i++) {
        struct archive_chunk *chunk = &r->chunks[i];
        chunk->coded_hash = hash_xxh64(coded, chunk->coded_bytes);
        if (block->is_stored) {
            chunk->raw_hash = chunk->coded_hash;
        }
        coded += chunk->coded_bytes;
    }
}

/* Whether sizes are what a writer would make. */
static bool
is_head_sound(const struct archive_reader *r, const struct archive_block *block)
{
    uint64_t most = r->header.chunk_bytes * r->header.block_chunks;

    return block->raw_bytes > 0 && block->raw_bytes <= most &&
           block->payload_bytes <= block->raw_bytes && !r->is_last;
}

/* After the varint of a block's raw bytes. */
static enum archive_outcome
read_block(struct archive_reader *r, struct archive_read_block *out,
    uint8_t *head, uint8_t *p)
{
    struct archive_block *block = &out->block;

    if (read_varint(r, &p) != 0 || read_all(r, p, 12) != 0) {
        return ARCHIVE_BAD;
    }
    p += 12;
    struct archive_cursor cursor = {.at = head, .end = p};
    block->raw_bytes = archive_take_varint(&cursor);
    block->payload_bytes = archive_take_varint(&cursor);
    block->raw_check = archive_take_fixed(&cursor, 8);
    uint64_t check = archive_take_fixed(&cursor, 4);
    if (cursor.is_wrong || !is_head_sound(r, block)) {
        return bad_block(r);
    }
    block->is_stored = block->payload_bytes == block->raw_bytes;
    block->n_chunks = (size_t)((block->raw_bytes + r->header.chunk_bytes - 1) /
                               r->header.chunk_bytes);
    r->is_last =
        block->raw_bytes < r->header.chunk_bytes * r->header.block_chunks;
    if (read_payload(r, (size_t)block->payload_bytes) != 0) {
        return ARCHIVE_BAD;
    }
    cursor.at = r->payload;
    cursor.end = r->payload + block->payload_bytes;
    if (!size_chunks(r, &cursor, block)) {
        return bad_block(r);
    }
    hash_chunks(r, block, cursor.at);
    uint64_t table = hash_xxh64(r->payload, (size_t)(cursor.at - r->payload));
    if (archive_block_check(block, table, r->chunks) != check ||
        (block->is_stored && archive_block_raw_check(r->chunks,
                                 block->n_chunks) != block->raw_check)) {
        return bad_block(r);
    }
    out->number = r->index.n_blocks;
    out->first_byte = r->index.raw_bytes;
    out->chunks = r->chunks;
    out->coded = cursor.at;
    out->coded_bytes = (size_t)(cursor.end - cursor.at);
    return archive_index_add(&r->index, block, head, (size_t)(p - head)) != 0
               ? ARCHIVE_BAD
               : ARCHIVE_BLOCK;
}

/* After the mark: the rest must be what the blocks make it. */
static enum archive_outcome
read_end(struct archive_reader *r)
{
    uint8_t *want, *got;
    size_t bytes;
    enum archive_outcome outcome = ARCHIVE_BAD;

    if (archive_index_write(&r->index, &want, &bytes) != 0) {
        return ARCHIVE_BAD;
    }
    got = mem_alloc(bytes, 1);
    if (got != NULL && read_all(r, got, bytes - 1) == 0) {
        if (memcmp(got, want + 1, bytes - 1) != 0) {
            report_error("%s: the index at the end is damaged, or blocks "
                         "were altered",
                r->name);
        } else if (getc(r->file) != EOF) {
            report_error(
                "%s: something follows the end of the archive", r->name);
        } else {
            outcome = ARCHIVE_END;
        }
    }
    mem_free(got);
    mem_free(want);
    return outcome;
}

enum archive_outcome
archive_reader_next(struct archive_reader *r, struct archive_read_block *block)
{
    uint8_t head[ARCHIVE_HEAD_MAX(0) + ARCHIVE_VARINT_BYTES], *p = head;

    if (read_varint(r, &p) != 0) {
        return ARCHIVE_BAD;
    }
    return head[0] == ARCHIVE_END_MARK ? read_end(r)
                                       : read_block(r, block, head, p);
}

int
archive_reader_find_end(struct archive_reader *r, struct archive_index *end)
{
    uint8_t foot[ARCHIVE_FOOT_BYTES];

    *end = (struct archive_index){0};
    off_t back = -(off_t)sizeof(foot);
    if (fseeko(r->file, back, SEEK_END) != 0) {
        report_error("%s: cannot seek: %s", r->name, strerror(errno));
        return -1;
    }
    off_t size = ftello(r->file) - back;
    if (read_all(r, foot, sizeof(foot)) != 0) {
        return -1;
    }
    uint64_t bytes = archive_index_end_bytes(foot);
    if (bytes == 0 || bytes > (uint64_t)size ||
        fseeko(r->file, -(off_t)bytes, SEEK_END) != 0) {
        report_error("%s: the index at the end is damaged or cut off", r->name);
        return -1;
    }
    uint8_t *data = mem_alloc((size_t)bytes, 1);
    int rc = data == NULL || read_all(r, data, (size_t)bytes) != 0 ||
             archive_index_read(end, data, (size_t)bytes, r->name) != 0;
    end->archive_bytes = (uint64_t)size - bytes;
    mem_free(data);
    return rc ? -1 : 0;
}

int
archive_reader_seek(
    struct archive_reader *r, const struct archive_index *end, uint64_t block)
{
    uint64_t place = archive_index_place(end, r->n_header_bytes, block);

    assert(block < end->n_blocks);
    if (fseeko(r->file, (off_t)place, SEEK_SET) != 0) {
        report_error("%s: cannot seek: %s", r->name, strerror(errno));
        return -1;
    }
    r->is_last = false;
    r->index.n_blocks = block;
    r->index.raw_bytes = block * r->header.chunk_bytes * r->header.block_chunks;
    return 0;
}
