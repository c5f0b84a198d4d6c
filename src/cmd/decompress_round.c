/*
 * decompress_round.c - some blocks of an archive to bytes.
 *
 * Rank 0 reads blocks and hands out their chunks; a block's bytes are written
 * after they were compared with its check, which needs the hashes of the
 * chunks of all ranks.
 */
#include <inttypes.h>
#include <string.h>

#include "archive/archive_block.h"
#include "archive/archive_decode.h"
#include "archive/archive_index.h"
#include "archive/archive_reader.h"
#include "base/mem.h"
#include "base/report.h"
#include "cmd/decompress.h"
#include "cmd/shared_output.h"
#include "par/par.h"

int
decompress_seek(struct decompress *d)
{
    uint64_t block = d->header.chunk_bytes * d->header.block_chunks;
    struct archive_index end;
    int rc = archive_reader_find_end(d->reader, &end);

    if (rc == 0 && d->end > end.raw_bytes) {
        report_error("%s: has %" PRIu64 " bytes, not %" PRIu64, d->archive_name,
            end.raw_bytes, d->end);
        rc = -1;
    }
    if (rc == 0 && d->first < d->end) {
        rc = archive_reader_seek(d->reader, &end, d->first / block);
    }
    archive_index_release(&end);
    return rc;
}

/* Keep a block for the round. */
static int
add_block(struct decompress *d, const struct archive_read_block *block)
{
    size_t n = block->block.n_chunks;

    if (mem_grow(&d->chunks, &d->chunks_max, d->n_chunks, d->n_chunks + n,
            sizeof(struct archive_chunk)) ||
        mem_grow(&d->codes, &d->codes_max, d->codes_bytes,
            d->codes_bytes + block->coded_bytes, 1) ||
        mem_grow(&d->checks, &d->checks_max, d->n_checks, d->n_checks + 1,
            sizeof(uint64_t))) {
        return -1;
    }
    memcpy((struct archive_chunk *)d->chunks + d->n_chunks, block->chunks,
        n * sizeof(struct archive_chunk));
    memcpy(
        (uint8_t *)d->codes + d->codes_bytes, block->coded, block->coded_bytes);
    ((uint64_t *)d->checks)[d->n_checks++] = block->block.raw_check;
    d->n_chunks += n;
    d->codes_bytes += block->coded_bytes;
    return 0;
}

/* On rank 0: blocks for a round. */
static int
read_blocks(struct decompress *d)
{
    struct archive_read_block block;

    d->n_chunks = d->codes_bytes = d->n_checks = 0;
    while (d->n_chunks < d->rounds.n && !d->is_end) {
        switch (archive_reader_next(d->reader, &block)) {
        case ARCHIVE_BAD:
            return -1;
        case ARCHIVE_END:
            d->is_end = true;
            break;
        case ARCHIVE_BLOCK:
            if (d->n_checks == 0) {
                d->round_first = block.first_byte;
            }
            if (add_block(d, &block) != 0) {
                return -1;
            }
            d->is_end = block.first_byte + block.block.raw_bytes >= d->end;
            break;
        }
    }
    return 0;
}

/* All ranks learn which chunks there are. */
static int
begin_round(struct decompress *d)
{
    int rc = par_rank(d->par) == 0 ? read_blocks(d) : 0;

    if (par_any_failed(d->par, rc)) {
        return -1;
    }
    uint64_t round[3] = {d->n_chunks, d->round_first, d->is_end};
    par_broadcast(d->par, round, sizeof(round), 0);
    d->n_chunks = (size_t)round[0];
    d->round_first = round[1];
    d->is_end = round[2] != 0;
    rc = mem_grow(&d->chunks, &d->chunks_max, 0, d->n_chunks,
        par_rank(d->par) == 0 ? 0 : sizeof(struct archive_chunk));
    if (par_any_failed(d->par, rc)) {
        return -1;
    }
    par_broadcast(
        d->par, d->chunks, d->n_chunks * sizeof(struct archive_chunk), 0);
    return 0;
}

/* On rank 0: whether blocks are what they were. */
static int
check_blocks(const struct decompress *d)
{
    const struct archive_chunk *chunks = d->chunks;
    const uint64_t *checks = d->checks;
    size_t unit = (size_t)d->header.block_chunks;
    uint64_t number = d->round_first / d->header.chunk_bytes / unit;

    for (size_t i = 0; i < d->n_checks; i++) {
        size_t first = i * unit, left = d->n_chunks - first;
        if (archive_block_raw_check(
                chunks + first, left < unit ? left : unit) != checks[i]) {
            report_error("%s: block %" PRIu64
                         " does not decode to what was compressed",
                d->archive_name, number + i);
            return -1;
        }
    }
    return 0;
}

/* Write what is wanted of bytes, which begin at byte place. */
static int
put_raw(struct decompress *d, uint64_t place, const uint8_t *raw, size_t bytes)
{
    uint64_t first = place < d->first ? d->first : place;
    uint64_t end = place + bytes < d->end ? place + bytes : d->end;

    return first >= end ? 0
                        : shared_output_put(d->output, first - d->first,
                              raw + (first - place), (size_t)(end - first));
}

/* This rank's chunks: decoded, compared, written. */
static int
decode_part(struct decompress *d, const uint8_t *codes)
{
    struct rounds_part part = rounds_part(d->par, d->n_chunks);
    struct archive_chunk *chunks = d->chunks;
    uint64_t place = d->round_first, bytes = 0;

    for (size_t i = 0; i < part.first; i++) {
        place += chunks[i].raw_bytes;
    }
    for (size_t i = part.first; i < part.end; i++) {
        bytes += chunks[i].raw_bytes;
    }
    uint8_t *raw = mem_alloc((size_t)bytes, 1);
    int rc = raw == NULL ? -1
                         : archive_decode(d->decoder, raw, chunks + part.first,
                               part.end - part.first, codes);
    if (par_any_failed(d->par, rc) ||
        rounds_gather(d->par, chunks, d->n_chunks) != 0) {
        mem_free(raw);
        return -1;
    }
    rc = par_rank(d->par) == 0 ? check_blocks(d) : 0;
    if (par_any_failed(d->par, rc)) {
        mem_free(raw);
        return -1;
    }
    rc = d->output == NULL ? 0 : put_raw(d, place, raw, (size_t)bytes);
    mem_free(raw);
    return par_any_failed(d->par, rc) ? -1 : 0;
}

int
decompress_round(struct decompress *d)
{
    uint8_t *codes = NULL;

    rounds_begin(&d->rounds);
    if (begin_round(d) != 0) {
        return -1;
    }
    if (d->n_chunks == 0) {
        return 0;
    }
    int rc = rounds_share(d->par, &codes, d->codes, d->chunks, d->n_chunks);
    if (rc == 0) {
        rc = decode_part(d, codes);
    }
    mem_free(codes);
    const struct archive_chunk *chunks = d->chunks;
    for (size_t i = 0; i < d->n_chunks && rc == 0; i++) {
        d->n_done += chunks[i].raw_bytes;
    }
    if (rc == 0 && d->output != NULL &&
        shared_output_partial(d->output) == NULL) {
        rc = shared_output_flush(d->output);
    }
    rounds_end(&d->rounds);
    return rc;
}
