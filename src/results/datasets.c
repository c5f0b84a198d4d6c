/*
 * datasets.c
 *
 * Rows lie in the journals of whoever computed them; the output wants them by
 * chunk.  Slab by slab, each rank sends the rows it has to the rank that
 * writes them, and all write together.
 *
 * No rank leaves a slab alone: local failures are remembered, and all decide
 * together before the next collective step.
 */
#include "results/datasets.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/results_internal.h"
#include "results/slab.h"
#include "results/writer.h"

/* In front of a run of token bits on its way: place in /token/bits, count. */
#define RUN_HEAD_BYTES 16

static int
put_bytes(struct datasets *set, int rank, const void *data, size_t bytes)
{
    if (mem_grow((void **)&set->outbox, &set->outbox_bytes_max,
            set->outbox_bytes, set->outbox_bytes + bytes, 1) != 0) {
        return -1;
    }
    memcpy(set->outbox + set->outbox_bytes, data, bytes);
    set->outbox_bytes += bytes;
    set->bytes_to[rank] += bytes;
    return 0;
}

/* Bring what the ranks have put to where it belongs; collective. */
static int
deliver(struct datasets *set, int rc)
{
    mem_free(set->inbox);
    set->inbox = NULL;
    if (par_any_failed(set->par, rc) ||
        par_exchange(set->par, &set->inbox, &set->inbox_bytes, set->outbox,
            set->bytes_to) != 0) {
        return -1;
    }
    return 0;
}

static void
empty_outbox(struct datasets *set)
{
    size_t n = (size_t)par_size(set->par);

    set->outbox_bytes = 0;
    memset(set->bytes_to, 0, n * sizeof(*set->bytes_to));
}

/*
 * Rows.
 */

/* Bytes of a row without its token bits. */
static size_t
row_bytes(const struct datasets *set)
{
    return FIELD_ROW_BYTES + 4 * set->shape->n_buckets;
}

static int
put_rows(struct datasets *set, const struct slab *slab)
{
    const struct row_index *index = &set->index;
    int n_ranks = par_size(set->par);

    empty_outbox(set);
    for (int r = 0; r < n_ranks; r++) {
        uint64_t end = slab_part(slab, r + 1, n_ranks);
        size_t i = row_index_find(index, slab_part(slab, r, n_ranks));
        for (; i < index->n && index->rows[i].chunk < end; i++) {
            if (put_bytes(set, r, index->rows[i].payload, row_bytes(set)) !=
                0) {
                return -1;
            }
        }
    }
    return 0;
}

/*
 * Sort the rows of the inbox into columns: n values of each row field one
 * field after the other, then n rows of bits by position.
 */
static int
take_rows(
    const struct datasets *set, uint8_t *columns, uint64_t first, uint64_t n)
{
    size_t bytes = row_bytes(set);
    size_t bucket_bytes = bytes - FIELD_ROW_BYTES;
    uint8_t *buckets = columns + n * FIELD_ROW_BYTES;

    if (set->inbox_bytes != n * bytes) {
        report_error("%zu bytes of rows arrived, expected %zu",
            set->inbox_bytes, (size_t)n * bytes);
        return -1;
    }
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *row = set->inbox + i * bytes;
        uint64_t at = field_packed_u64(row, FIELD_INDEX) - first;
        assert(at < n);
        for (size_t f = 0; f < FIELD_ROW_COUNT; f++) {
            memcpy(columns + 8 * (f * n + at), row + 8 * f, 8);
        }
        memcpy(
            buckets + at * bucket_bytes, row + FIELD_ROW_BYTES, bucket_bytes);
    }
    return 0;
}

/* Write one slab of all datasets that have an item for each chunk. */
static int
write_rows(struct datasets *set, const struct slab *slab)
{
    struct par *par = set->par;
    uint64_t first = slab_part(slab, par_rank(par), par_size(par));
    uint64_t n = slab_part(slab, par_rank(par) + 1, par_size(par)) - first;
    uint8_t *columns;
    int rc;

    if (deliver(set, put_rows(set, slab)) != 0) {
        return -1;
    }
    columns = mem_alloc(n, row_bytes(set));
    rc = columns == NULL ? -1 : take_rows(set, columns, first, n);
    if (par_any_failed(par, rc)) {
        mem_free(columns);
        return -1;
    }
    for (int f = 0; f < FIELD_ROW_COUNT; f++) {
        rc |= writer_put(set->writer, (enum field_id)f, first, n,
            columns + 8 * (size_t)f * n);
    }
    if (set->shape->n_buckets > 0) {
        rc |= writer_put(set->writer, FIELD_BITS_BY_POSITION, first, n,
            columns + n * FIELD_ROW_BYTES);
    }
    if (set->token_first != NULL) {
        rc |= writer_put(
            set->writer, FIELD_TOKEN_FIRST, first, n, set->token_first + first);
    }
    mem_free(columns);
    return par_any_failed(par, rc) ? -1 : 0;
}

/* The bounds of the buckets; rank 0 writes, all take part. */
static int
write_buckets(struct datasets *set)
{
    size_t n = set->shape->n_buckets;
    uint64_t *bounds = mem_alloc(n + 1, sizeof(*bounds));
    uint64_t n_mine = par_rank(set->par) == 0 ? n : 0;
    int rc;

    if (par_any_failed(set->par, bounds == NULL ? -1 : 0)) {
        mem_free(bounds);
        return -1;
    }
    for (size_t b = 0; b <= n; b++) {
        bounds[b] = results_bucket_first(b);
    }
    rc = writer_put(set->writer, FIELD_POSITION_FIRST, 0, n_mine, bounds);
    rc |= writer_put(set->writer, FIELD_POSITION_END, 0, n_mine, bounds + 1);
    mem_free(bounds);
    return par_any_failed(set->par, rc) ? -1 : 0;
}

/*
 * Token bits.
 */

/* Where each chunk's symbols begin in /token/bits, on all ranks. */
static int
place_tokens(struct datasets *set)
{
    uint64_t n = set->shape->n_chunks, sum = 0;
    uint64_t *counts = mem_alloc(n + 1, sizeof(*counts));

    set->token_first = counts;
    if (par_any_failed(set->par, counts == NULL ? -1 : 0)) {
        return -1;
    }
    for (size_t i = 0; i < set->index.n; i++) {
        const struct row_place *row = &set->index.rows[i];
        counts[row->chunk] = field_packed_u64(row->payload, FIELD_TOKENS);
    }
    par_sum_u64(set->par, counts, n);
    for (uint64_t i = 0; i <= n; i++) {
        uint64_t count = counts[i];
        counts[i] = sum;
        sum += count;
    }
    return 0;
}

/* Put the part of a row's token bits that falls into [first, end). */
static int
put_run(struct datasets *set, int rank, const struct row_place *row,
    uint64_t first, uint64_t end)
{
    uint64_t row_first = set->token_first[row->chunk];
    uint64_t row_end = set->token_first[row->chunk + 1];
    const uint8_t *bits = row->payload + row_bytes(set);
    uint64_t run[2];

    run[0] = first > row_first ? first : row_first;
    run[1] = (end < row_end ? end : row_end) - run[0];
    if (put_bytes(set, rank, run, RUN_HEAD_BYTES) != 0) {
        return -1;
    }
    return put_bytes(
        set, rank, bits + 4 * (run[0] - row_first), 4 * (size_t)run[1]);
}

/* The first row that ends after that place in /token/bits. */
static size_t
find_token(const struct datasets *set, uint64_t place)
{
    const struct row_index *index = &set->index;
    size_t low = 0, high = index->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->token_first[index->rows[middle].chunk + 1] <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int
put_runs(struct datasets *set, const struct slab *slab)
{
    const struct row_index *index = &set->index;
    int n_ranks = par_size(set->par);

    empty_outbox(set);
    for (int r = 0; r < n_ranks; r++) {
        uint64_t first = slab_part(slab, r, n_ranks);
        uint64_t end = slab_part(slab, r + 1, n_ranks);
        size_t i = find_token(set, first);
        for (; i < index->n && first < end; i++) {
            const struct row_place *row = &index->rows[i];
            if (set->token_first[row->chunk] >= end) {
                break;
            }
            if (set->token_first[row->chunk] <
                    set->token_first[row->chunk + 1] &&
                put_run(set, r, row, first, end) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int
take_runs(const struct datasets *set, uint8_t *bits, uint64_t first, uint64_t n)
{
    uint64_t n_taken = 0;

    for (size_t at = 0; at < set->inbox_bytes;) {
        const uint8_t *run = set->inbox + at;
        uint64_t place = bytes_load_u64(run) - first;
        uint64_t count = bytes_load_u64(run + 8);
        assert(place <= n && count <= n - place);
        memcpy(bits + 4 * place, run + RUN_HEAD_BYTES, 4 * (size_t)count);
        at += RUN_HEAD_BYTES + 4 * (size_t)count;
        n_taken += count;
    }
    if (n_taken != n) {
        report_error("bits of %llu symbols arrived, expected %llu",
            (unsigned long long)n_taken, (unsigned long long)n);
        return -1;
    }
    return 0;
}

static int
write_tokens(struct datasets *set, const struct slab *slab)
{
    struct par *par = set->par;
    uint64_t first = slab_part(slab, par_rank(par), par_size(par));
    uint64_t n = slab_part(slab, par_rank(par) + 1, par_size(par)) - first;
    uint8_t *bits;
    int rc;

    if (deliver(set, put_runs(set, slab)) != 0) {
        return -1;
    }
    bits = mem_alloc(n, 4);
    rc = bits == NULL ? -1 : take_runs(set, bits, first, n);
    if (par_any_failed(par, rc)) {
        mem_free(bits);
        return -1;
    }
    rc = writer_put(set->writer, FIELD_TOKEN_BITS, first, n, bits);
    mem_free(bits);
    return par_any_failed(par, rc) ? -1 : 0;
}

/*
 * The whole.
 */

int
datasets_init(struct datasets *set, const struct results *results)
{
    struct par *par = results->par;

    memset(set, 0, sizeof(*set));
    set->par = par;
    set->shape = &results->shape;
    int rc = row_index_init(&set->index, results->files, results->n_files,
        &results->shape, &results->identity);

    set->bytes_to = mem_alloc((size_t)par_size(par), sizeof(*set->bytes_to));
    if (par_any_failed(par, set->bytes_to == NULL ? -1 : rc)) {
        return -1;
    }
    if (row_index_share(&set->index, par, &results->shape) != 0) {
        return -1;
    }
    return results->shape.has_token_bits ? place_tokens(set) : 0;
}

void
datasets_release(struct datasets *set)
{
    row_index_release(&set->index);
    mem_free(set->token_first);
    mem_free(set->bytes_to);
    mem_free(set->outbox);
    mem_free(set->inbox);
}

uint64_t
datasets_token_count(const struct datasets *set)
{
    return set->token_first == NULL ? 0
                                    : set->token_first[set->shape->n_chunks];
}

int
datasets_write(struct datasets *set, struct writer *writer)
{
    uint64_t n = set->shape->n_chunks;
    set->writer = writer;
    struct slab slab = slab_first(
        n, WRITER_ROWS_PER_PIECE, row_bytes(set), par_size(set->par));

    for (; slab.first < slab.end; slab = slab_next(&slab, n)) {
        if (write_rows(set, &slab) != 0) {
            return -1;
        }
        row_index_rest(&set->index);
    }
    if (set->shape->n_buckets > 0 && write_buckets(set) != 0) {
        return -1;
    }
    if (set->token_first == NULL) {
        return 0;
    }
    n = set->token_first[n];
    slab = slab_first(n, WRITER_TOKENS_PER_PIECE, 4, par_size(set->par));
    for (; slab.first < slab.end; slab = slab_next(&slab, n)) {
        if (write_tokens(set, &slab) != 0) {
            return -1;
        }
        row_index_rest(&set->index);
    }
    return 0;
}
