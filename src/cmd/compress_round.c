/*
 * compress_round.c - some blocks of the input to the archive.
 *
 * Every rank codes its part of the chunks and learns the lengths of all; from
 * these each knows where its bytes belong.  Heads of blocks are written by
 * rank 0 when the bytes of all are on the disk, so that what begins with a
 * sound head is whole, whenever the run is interrupted.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/archive_block.h"
#include "archive/archive_decode.h"
#include "archive/archive_encode.h"
#include "base/mem.h"
#include "base/report.h"
#include "cmd/compress.h"
#include "cmd/shared_output.h"
#include "par/par.h"

int
compress_read(struct compress *c, size_t *bytes, size_t max)
{
    size_t n = c->n_pending;

    if (n < max) {
        n += fread(c->raw + n, 1, max - n, c->input);
    }
    c->n_pending = 0;
    if (ferror(c->input)) {
        report_error("%s: %s", c->input_name, strerror(errno));
        return -1;
    }
    *bytes = n;
    return 0;
}

/* Whether nothing follows what was read. */
static bool
is_at_end(FILE *file)
{
    int next = getc(file);

    return next == EOF || ungetc(next, file) == EOF;
}

/* What rank 0 says about a round. */
struct round {
    uint64_t bytes;
    uint64_t is_end;
};

static int
begin_round(struct compress *c, struct round *round)
{
    size_t max = c->rounds.n * (size_t)c->header.chunk_bytes, bytes = 0;
    int rc = 0;

    *round = (struct round){0};
    if (par_rank(c->par) == 0) {
        if (max > c->raw_max) {
            void *raw = c->raw;
            rc = mem_grow(&raw, &c->raw_max, c->n_pending, max, 1);
            c->raw = raw;
        }
        if (rc == 0) {
            rc = compress_read(c, &bytes, max);
        }
        round->bytes = bytes;
        round->is_end = rc == 0 && (bytes < max || is_at_end(c->input));
    }
    if (par_any_failed(c->par, rc)) {
        return -1;
    }
    par_broadcast(c->par, round, sizeof(*round), 0);
    return 0;
}

/* Chunks of the round with their lengths.  Returns their number. */
static size_t
cut_chunks(struct compress *c, size_t bytes)
{
    size_t step = (size_t)c->header.chunk_bytes, n = 0;

    for (size_t at = 0; at < bytes; at += step) {
        size_t left = bytes - at < step ? bytes - at : step;
        c->chunks[n++] = (struct archive_chunk){
            .raw_bytes = (uint32_t)left, .coded_bytes = (uint32_t)left};
    }
    return n;
}

/* Decode this rank's part and compare. */
static int
verify(struct compress *c, struct archive_chunk *chunks, size_t n,
    const uint8_t *raw, size_t bytes)
{
    size_t step = (size_t)c->header.chunk_bytes, at = 0;
    uint8_t *codes = mem_alloc(bytes, 1), *back = mem_alloc(bytes, 1);
    int rc = codes == NULL || back == NULL ? -1 : 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        memcpy(codes + at, c->coded + i * step, chunks[i].coded_bytes);
        at += chunks[i].coded_bytes;
    }
    if (rc == 0) {
        rc = archive_decode(c->decoder, back, chunks, n, codes);
    }
    if (rc == 0 && memcmp(back, raw, bytes) != 0) {
        report_error("what was coded does not decode to the same bytes: this "
                     "machine or program computes wrongly");
        rc = -1;
    }
    mem_free(codes);
    mem_free(back);
    return rc;
}

/* Code this rank's part of n chunks, whose bytes are raw. */
static int
code_part(struct compress *c, size_t n, const uint8_t *raw)
{
    struct rounds_part part = rounds_part(c->par, n);
    struct archive_chunk *chunks = c->chunks + part.first;
    size_t n_mine = part.end - part.first, bytes = 0;

    for (size_t i = 0; i < n_mine; i++) {
        bytes += chunks[i].raw_bytes;
    }
    int rc = archive_encode(c->encoder, chunks, c->coded, raw, bytes);
    if (rc == 0 && c->decoder != NULL) {
        rc = verify(c, chunks, n_mine, raw, bytes);
    }
    return rc;
}

/* Write those chunks of a block that are this rank's; at: of the first. */
static int
put_chunks(struct compress *c, const struct archive_block *block, size_t first,
    const struct rounds_part *part, const uint8_t *raw, uint64_t at)
{
    size_t step = (size_t)c->header.chunk_bytes, bytes = 0;
    uint8_t *joined = mem_alloc((size_t)block->raw_bytes, 1);
    uint64_t place = 0;

    if (joined == NULL) {
        return -1;
    }
    for (size_t i = first; i < first + block->n_chunks; i++) {
        const struct archive_chunk *chunk = &c->chunks[i];
        bool is_mine = i >= part->first && i < part->end;
        size_t n = block->is_stored ? chunk->raw_bytes : chunk->coded_bytes;
        if (is_mine) {
            const uint8_t *from = block->is_stored ? raw : c->coded;
            memcpy(joined + bytes, from + (i - part->first) * step, n);
            bytes += n;
        } else if (i < part->first) {
            place += n;
        }
    }
    int rc = bytes == 0
                 ? 0
                 : shared_output_put(c->output, at + place, joined, bytes);
    mem_free(joined);
    return rc;
}

/* A head that rank 0 writes at the end of the round. */
struct head {
    uint64_t place;
    size_t bytes;
    uint8_t *data;
};

/*
 * Lay out the blocks of n chunks and write this rank's bytes of them; the
 * heads (n_blocks) are made.
 */
static int
put_blocks(struct compress *c, struct head *heads, size_t n, const uint8_t *raw)
{
    struct rounds_part part = rounds_part(c->par, n);
    size_t unit = (size_t)c->header.block_chunks;

    for (size_t first = 0; first < n; first += unit) {
        size_t n_chunks = n - first < unit ? n - first : unit;
        struct archive_block block;
        struct head *head = &heads[first / unit];
        size_t head_bytes;
        head->data = mem_alloc(ARCHIVE_HEAD_MAX(n_chunks), 1);
        if (head->data == NULL) {
            return -1;
        }
        head->place = c->index.archive_bytes;
        head->bytes = archive_block_write(
            head->data, &head_bytes, &block, c->chunks + first, n_chunks);
        if (archive_index_add(&c->index, &block, head->data, head_bytes) ||
            put_chunks(
                c, &block, first, &part, raw, head->place + head->bytes)) {
            return -1;
        }
    }
    return 0;
}

/* On rank 0, before the first block. */
static int
put_header(struct compress *c)
{
    uint8_t header[ARCHIVE_HEADER_MAX];
    size_t bytes = archive_header_write(header, &c->header);

    return shared_output_put(c->output, 0, header, bytes);
}

/* All bytes of blocks are written: now their heads. */
static int
put_heads(struct compress *c, const struct head *heads, size_t n, bool is_first)
{
    int rc = 0;

    if (par_rank(c->par) == 0) {
        rc = is_first ? put_header(c) : 0;
        for (size_t i = 0; i < n && rc == 0; i++) {
            rc = shared_output_put(
                c->output, heads[i].place, heads[i].data, heads[i].bytes);
        }
    }
    return rc;
}

static void
free_heads(struct head *heads, size_t n)
{
    for (size_t i = 0; i < n && heads != NULL; i++) {
        mem_free(heads[i].data);
    }
    mem_free(heads);
}

/* What fits into one block and does not get shorter needs no predictor. */
static void
choose_header(struct compress *c, const struct round *round, size_t n)
{
    uint8_t head[ARCHIVE_HEADER_MAX];
    size_t head_bytes;
    struct archive_block block = {.is_stored = true};
    uint8_t *out = NULL;

    if (c->index.n_blocks > 0) {
        return;
    }
    if (round->is_end && n <= c->header.block_chunks) {
        if (n > 0 && (out = mem_alloc(ARCHIVE_HEAD_MAX(n), 1)) != NULL) {
            archive_block_write(out, &head_bytes, &block, c->chunks, n);
            mem_free(out);
        }
        if (block.is_stored) {
            c->header = archive_header_stored(&c->header);
        }
    }
    archive_index_init(&c->index, head, archive_header_write(head, &c->header));
}

/* Everything is coded and all know all lengths: write. */
static int
write_round(
    struct compress *c, const struct round *round, size_t n, const uint8_t *raw)
{
    bool is_first = c->index.n_blocks == 0;
    size_t unit = (size_t)c->header.block_chunks;
    size_t n_blocks = (n + unit - 1) / unit;
    struct head *heads = mem_alloc(n_blocks, sizeof(*heads));

    choose_header(c, round, n);
    int rc = heads == NULL ? -1 : put_blocks(c, heads, n, raw);
    if (par_any_failed(c->par, rc)) {
        rc = -1;
    } else if (shared_output_partial(c->output) != NULL) {
        rc = shared_output_flush(c->output);
    }
    if (rc == 0) {
        rc = put_heads(c, heads, n_blocks, is_first);
        rc = par_any_failed(c->par, rc) ? -1 : 0;
    }
    if (rc == 0 && shared_output_partial(c->output) == NULL) {
        rc = shared_output_flush(c->output);
    }
    free_heads(heads, n_blocks);
    return rc;
}

/* Memory for n chunks, which may be more than before. */
static int
make_room(struct compress *c, size_t n)
{
    struct rounds_part part = rounds_part(c->par, n);
    size_t n_mine = part.end - part.first;

    mem_free(c->chunks);
    mem_free(c->coded);
    c->chunks = mem_alloc(n, sizeof(*c->chunks));
    c->coded = mem_alloc(n_mine, (size_t)c->header.chunk_bytes);
    return c->chunks == NULL || c->coded == NULL ? -1 : 0;
}

int
compress_round(struct compress *c)
{
    struct round round;
    uint8_t *raw = NULL;

    rounds_begin(&c->rounds);
    if (begin_round(c, &round) != 0 ||
        par_any_failed(c->par, make_room(c, c->rounds.n))) {
        return -1;
    }
    size_t n = cut_chunks(c, (size_t)round.bytes);
    int rc = rounds_share(c->par, &raw, c->raw, c->chunks, n);
    if (rc == 0 && !par_any_failed(c->par, code_part(c, n, raw)) &&
        rounds_gather(c->par, c->chunks, n) == 0) {
        rc = write_round(c, &round, n, raw);
    } else {
        rc = -1;
    }
    mem_free(raw);
    c->is_end = round.is_end != 0;
    rounds_end(&c->rounds);
    return rc;
}

int
compress_end(struct compress *c, uint64_t *bytes)
{
    int rc = 0;

    *bytes = 0;
    if (par_rank(c->par) == 0) {
        uint8_t *end = NULL;
        size_t end_bytes = 0;
        rc = archive_index_write(&c->index, &end, &end_bytes);
        if (rc == 0) {
            rc = shared_output_put(
                c->output, c->index.archive_bytes, end, end_bytes);
            mem_free(end);
        }
        *bytes = c->index.archive_bytes + end_bytes;
    }
    par_broadcast(c->par, bytes, sizeof(*bytes), 0);
    return par_any_failed(c->par, rc) ? -1 : 0;
}
