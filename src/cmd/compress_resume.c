/*
 * compress_resume.c - going on with an archive that was interrupted.
 *
 * What is there of it is its own journal: blocks have checks.  The input is
 * read again and hashed, so that no bytes of another one are taken for it.
 */
#include <inttypes.h>
#include <string.h>

#include "archive/archive_block.h"
#include "archive/archive_reader.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "cmd/compress.h"
#include "cmd/shared_output.h"
#include "par/par.h"

/*
 * Whether a block was made of the next bytes of the input, which stay pending
 * if not; if so, it is added to the index.
 */
static int
take_block(
    struct compress *c, bool *is_same, const struct archive_read_block *read)
{
    struct archive_chunk *chunks = c->chunks;
    uint8_t *head = mem_alloc(ARCHIVE_HEAD_MAX(read->block.n_chunks), 1);
    size_t bytes = 0, head_bytes;
    const uint8_t *raw = c->raw;
    struct archive_block block;
    int rc = head == NULL ? -1 : compress_read(c, &bytes, c->block_bytes);

    *is_same = rc == 0 && bytes == read->block.raw_bytes;
    if (*is_same) {
        memcpy(chunks, read->chunks, read->block.n_chunks * sizeof(*chunks));
        for (size_t i = 0; i < read->block.n_chunks; i++) {
            chunks[i].raw_hash = hash_xxh64(raw, chunks[i].raw_bytes);
            raw += chunks[i].raw_bytes;
        }
        archive_block_write(
            head, &head_bytes, &block, chunks, read->block.n_chunks);
        *is_same = block.raw_check == read->block.raw_check;
    }
    if (*is_same) {
        rc = archive_index_add(&c->index, &block, head, head_bytes);
    } else {
        c->n_pending = bytes;
    }
    mem_free(head);
    return rc;
}

/* Whether the partial archive has this header. */
static bool
has_header(const struct compress *c, const struct archive_reader *reader)
{
    uint8_t want[ARCHIVE_HEADER_MAX];
    size_t want_bytes = archive_header_write(want, &c->header), bytes;
    const uint8_t *header = archive_reader_header_bytes(reader, &bytes);

    return bytes == want_bytes && memcmp(header, want, bytes) == 0;
}

static int
take_blocks(struct compress *c, struct archive_reader *reader)
{
    struct archive_read_block block;
    uint8_t header[ARCHIVE_HEADER_MAX];
    bool is_same = true;
    int rc = 0;

    archive_index_init(
        &c->index, header, archive_header_write(header, &c->header));
    while (rc == 0 && is_same &&
           archive_reader_next(reader, &block) == ARCHIVE_BLOCK) {
        rc = take_block(c, &is_same, &block);
    }
    return rc;
}

/* On rank 0.  Whatever is wrong with the partial archive ends it there. */
static int
look(struct compress *c)
{
    const char *partial = shared_output_partial(c->output);
    FILE *file = partial == NULL ? NULL : fopen(partial, "rb");
    int rc = 0;

    if (file == NULL) {
        return 0;
    }
    c->raw_max = c->block_bytes;
    c->raw = mem_alloc(c->raw_max, 1);
    c->chunks = mem_alloc((size_t)c->header.block_chunks, sizeof(*c->chunks));
    if (c->raw == NULL || c->chunks == NULL) {
        fclose(file);
        return -1;
    }
    report_hold(true, "");
    struct archive_reader *reader = archive_reader_new(file, partial);
    if (reader != NULL && has_header(c, reader)) {
        rc = take_blocks(c, reader);
    }
    if (rc == 0) {
        report_discard();
    } else {
        report_release();
    }
    report_hold(false, NULL);
    archive_reader_free(reader);
    fclose(file);
    if (rc == 0 && c->index.n_blocks > 0) {
        report_note(
            "going on: %" PRIu64 " bytes are done already", c->index.raw_bytes);
    }
    return rc;
}

/* Others need to know how far it is, not the sizes of blocks. */
int
compress_resume(struct compress *c)
{
    int rc = par_rank(c->par) == 0 ? look(c) : 0;
    uint64_t state[4] = {c->index.n_blocks, c->index.raw_bytes,
        c->index.archive_bytes, c->index.chain};

    if (par_any_failed(c->par, rc)) {
        return -1;
    }
    par_broadcast(c->par, state, sizeof(state), 0);
    c->index.n_blocks = state[0];
    c->index.raw_bytes = c->resumed_at = state[1];
    c->index.archive_bytes = state[2];
    c->index.chain = state[3];
    return shared_output_cut(c->output, state[0] > 0 ? state[2] : 0);
}
