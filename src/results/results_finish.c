/*
 * results_finish.c
 *
 * Rows lie in the journals of whoever computed them; the output wants them by
 * chunk.  Slab by slab, each rank sends the rows it has to the rank that
 * writes them, and all write together.  Memory: the index of the rows, and
 * the slab, whatever the size of the corpus.
 *
 * No rank leaves this file alone: local failures are remembered, and all
 * decide together before the next collective step.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/journal_dir.h"
#include "results/reserve.h"
#include "results/results_internal.h"
#include "results/row_index.h"
#include "results/slab.h"
#include "results/sync.h"
#include "results/writer.h"

/* In front of a run of token bits on its way: place in /token/bits, count. */
#define RUN_HEAD_BYTES 16

struct finish {
    struct par *par;
    const struct journal_shape *shape;
    struct row_index index;
    struct writer *writer;
    uint64_t *token_first; /* n_chunks + 1 values; NULL without token bits */
    size_t *bytes_to;      /* bytes of outbox for each rank */
    uint8_t *outbox;
    size_t outbox_bytes, outbox_bytes_max;
    uint8_t *inbox;
    size_t inbox_bytes;
};

static int
put_bytes(struct finish *finish, int rank, const void *data, size_t bytes)
{
    if (mem_grow((void **)&finish->outbox, &finish->outbox_bytes_max,
            finish->outbox_bytes, finish->outbox_bytes + bytes, 1) != 0) {
        return -1;
    }
    memcpy(finish->outbox + finish->outbox_bytes, data, bytes);
    finish->outbox_bytes += bytes;
    finish->bytes_to[rank] += bytes;
    return 0;
}

/* Bring what the ranks have put to where it belongs; collective. */
static int
deliver(struct finish *finish, int rc)
{
    mem_free(finish->inbox);
    finish->inbox = NULL;
    if (par_any_failed(finish->par, rc) ||
        par_exchange(finish->par, &finish->inbox, &finish->inbox_bytes,
            finish->outbox, finish->bytes_to) != 0) {
        return -1;
    }
    return 0;
}

static void
empty_outbox(struct finish *finish)
{
    size_t n = (size_t)par_size(finish->par);

    finish->outbox_bytes = 0;
    memset(finish->bytes_to, 0, n * sizeof(*finish->bytes_to));
}

/*
 * Rows.
 */

/* Bytes of a row without its token bits. */
static size_t
row_bytes(const struct finish *finish)
{
    return FIELD_ROW_BYTES + 4 * finish->shape->n_buckets;
}

static int
put_rows(struct finish *finish, const struct slab *slab)
{
    const struct row_index *index = &finish->index;
    int n_ranks = par_size(finish->par);

    empty_outbox(finish);
    for (int r = 0; r < n_ranks; r++) {
        uint64_t end = slab_part(slab, r + 1, n_ranks);
        size_t i = row_index_find(index, slab_part(slab, r, n_ranks));
        for (; i < index->n && index->rows[i].chunk < end; i++) {
            if (put_bytes(finish, r, index->rows[i].payload,
                    row_bytes(finish)) != 0) {
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
    const struct finish *finish, uint8_t *columns, uint64_t first, uint64_t n)
{
    size_t bytes = row_bytes(finish);
    size_t bucket_bytes = bytes - FIELD_ROW_BYTES;
    uint8_t *buckets = columns + n * FIELD_ROW_BYTES;

    if (finish->inbox_bytes != n * bytes) {
        report_error("%zu bytes of rows arrived, expected %zu",
            finish->inbox_bytes, (size_t)n * bytes);
        return -1;
    }
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *row = finish->inbox + i * bytes;
        uint64_t at = field_packed_u64(row, FIELD_INDEX) - first;
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
write_rows(struct finish *finish, const struct slab *slab)
{
    struct par *par = finish->par;
    uint64_t first = slab_part(slab, par_rank(par), par_size(par));
    uint64_t n = slab_part(slab, par_rank(par) + 1, par_size(par)) - first;
    uint8_t *columns;
    int rc;

    if (deliver(finish, put_rows(finish, slab)) != 0) {
        return -1;
    }
    columns = mem_alloc(n, row_bytes(finish));
    rc = columns == NULL ? -1 : take_rows(finish, columns, first, n);
    if (par_any_failed(par, rc)) {
        mem_free(columns);
        return -1;
    }
    for (int f = 0; f < FIELD_ROW_COUNT; f++) {
        rc |= writer_put(finish->writer, (enum field_id)f, first, n,
            columns + 8 * (size_t)f * n);
    }
    if (finish->shape->n_buckets > 0) {
        rc |= writer_put(finish->writer, FIELD_BITS_BY_POSITION, first, n,
            columns + n * FIELD_ROW_BYTES);
    }
    if (finish->token_first != NULL) {
        rc |= writer_put(finish->writer, FIELD_TOKEN_FIRST, first, n,
            finish->token_first + first);
    }
    mem_free(columns);
    return par_any_failed(par, rc) ? -1 : 0;
}

/* The bounds of the buckets; rank 0 writes, all take part. */
static int
write_buckets(struct finish *finish)
{
    size_t n = finish->shape->n_buckets;
    uint64_t *bounds = mem_alloc(n + 1, sizeof(*bounds));
    uint64_t n_mine = par_rank(finish->par) == 0 ? n : 0;
    int rc;

    if (par_any_failed(finish->par, bounds == NULL ? -1 : 0)) {
        mem_free(bounds);
        return -1;
    }
    for (size_t b = 0; b <= n; b++) {
        bounds[b] = results_bucket_first(b);
    }
    rc = writer_put(finish->writer, FIELD_POSITION_FIRST, 0, n_mine, bounds);
    rc |= writer_put(finish->writer, FIELD_POSITION_END, 0, n_mine, bounds + 1);
    mem_free(bounds);
    return par_any_failed(finish->par, rc) ? -1 : 0;
}

/*
 * Token bits.
 */

/* Where each chunk's symbols begin in /token/bits, on all ranks. */
static int
place_tokens(struct finish *finish)
{
    uint64_t n = finish->shape->n_chunks, sum = 0;
    uint64_t *counts = mem_alloc(n + 1, sizeof(*counts));

    finish->token_first = counts;
    if (par_any_failed(finish->par, counts == NULL ? -1 : 0)) {
        return -1;
    }
    for (size_t i = 0; i < finish->index.n; i++) {
        const struct row_place *row = &finish->index.rows[i];
        counts[row->chunk] = field_packed_u64(row->payload, FIELD_TOKENS);
    }
    par_sum_u64(finish->par, counts, n);
    for (uint64_t i = 0; i <= n; i++) {
        uint64_t count = counts[i];
        counts[i] = sum;
        sum += count;
    }
    return 0;
}

/* Put the part of a row's token bits that falls into [first, end). */
static int
put_run(struct finish *finish, int rank, const struct row_place *row,
    uint64_t first, uint64_t end)
{
    uint64_t row_first = finish->token_first[row->chunk];
    uint64_t row_end = finish->token_first[row->chunk + 1];
    const uint8_t *bits = row->payload + row_bytes(finish);
    uint64_t run[2];

    run[0] = first > row_first ? first : row_first;
    run[1] = (end < row_end ? end : row_end) - run[0];
    if (put_bytes(finish, rank, run, RUN_HEAD_BYTES) != 0) {
        return -1;
    }
    return put_bytes(
        finish, rank, bits + 4 * (run[0] - row_first), 4 * (size_t)run[1]);
}

/* The first row that ends after that place in /token/bits. */
static size_t
find_token(const struct finish *finish, uint64_t place)
{
    const struct row_index *index = &finish->index;
    size_t low = 0, high = index->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (finish->token_first[index->rows[middle].chunk + 1] <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int
put_runs(struct finish *finish, const struct slab *slab)
{
    const struct row_index *index = &finish->index;
    int n_ranks = par_size(finish->par);

    empty_outbox(finish);
    for (int r = 0; r < n_ranks; r++) {
        uint64_t first = slab_part(slab, r, n_ranks);
        uint64_t end = slab_part(slab, r + 1, n_ranks);
        size_t i = find_token(finish, first);
        for (; i < index->n && first < end; i++) {
            const struct row_place *row = &index->rows[i];
            if (finish->token_first[row->chunk] >= end) {
                break;
            }
            if (finish->token_first[row->chunk] <
                    finish->token_first[row->chunk + 1] &&
                put_run(finish, r, row, first, end) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int
take_runs(
    const struct finish *finish, uint8_t *bits, uint64_t first, uint64_t n)
{
    uint64_t n_taken = 0;

    for (size_t at = 0; at < finish->inbox_bytes;) {
        const uint8_t *run = finish->inbox + at;
        uint64_t place = bytes_load_u64(run) - first;
        uint64_t count = bytes_load_u64(run + 8);
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
write_tokens(struct finish *finish, const struct slab *slab)
{
    struct par *par = finish->par;
    uint64_t first = slab_part(slab, par_rank(par), par_size(par));
    uint64_t n = slab_part(slab, par_rank(par) + 1, par_size(par)) - first;
    uint8_t *bits;
    int rc;

    if (deliver(finish, put_runs(finish, slab)) != 0) {
        return -1;
    }
    bits = mem_alloc(n, 4);
    rc = bits == NULL ? -1 : take_runs(finish, bits, first, n);
    if (par_any_failed(par, rc)) {
        mem_free(bits);
        return -1;
    }
    rc = writer_put(finish->writer, FIELD_TOKEN_BITS, first, n, bits);
    mem_free(bits);
    return par_any_failed(par, rc) ? -1 : 0;
}

/*
 * The file.
 */

static int
write_datasets(struct finish *finish)
{
    uint64_t n = finish->shape->n_chunks;
    struct slab slab = slab_first(n, WRITER_ROWS_PER_PIECE, row_bytes(finish));

    for (; slab.first < slab.end; slab = slab_next(&slab, n)) {
        if (write_rows(finish, &slab) != 0) {
            return -1;
        }
    }
    if (finish->shape->n_buckets > 0 && write_buckets(finish) != 0) {
        return -1;
    }
    if (finish->token_first == NULL) {
        return 0;
    }
    n = finish->token_first[n];
    slab = slab_first(n, WRITER_TOKENS_PER_PIECE, 4);
    for (; slab.first < slab.end; slab = slab_next(&slab, n)) {
        if (write_tokens(finish, &slab) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The attributes of rank 0 and the identity, as bytes. */
static int
encode_attributes(uint8_t **bytes, size_t *n_bytes,
    const struct results *results, const struct attribute *attributes,
    size_t n_attributes)
{
    struct attribute_list list = {0};
    int rc = 0;

    for (size_t i = 0; i < n_attributes && rc == 0; i++) {
        rc = attribute_list_add(&list, &attributes[i]);
    }
    for (size_t i = 0; i < results->identity.n && rc == 0; i++) {
        struct attribute copy = results->identity.items[i];
        char *name = mem_printf("%s.%s", copy.group, copy.name);
        copy.group = "identity";
        copy.name = name;
        rc = name == NULL ? -1 : attribute_list_add(&list, &copy);
        mem_free(name);
    }
    if (rc == 0) {
        rc = attribute_encode(bytes, n_bytes, list.items, list.n);
    }
    attribute_list_release(&list);
    return rc;
}

/* All ranks get the attributes of rank 0. */
static int
share_attributes(struct attribute_list *list, const struct results *results,
    const struct attribute *attributes, size_t n_attributes)
{
    struct par *par = results->par;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    int rc = 0;

    if (par_rank(par) == 0) {
        rc = encode_attributes(
            &bytes, &n_bytes, results, attributes, n_attributes);
    }
    par_broadcast(par, &n_bytes, sizeof(n_bytes), 0);
    if (par_rank(par) > 0) {
        bytes = mem_alloc(n_bytes, 1);
        rc = bytes == NULL ? -1 : 0;
    }
    if (!par_any_failed(par, rc)) {
        par_broadcast(par, bytes, n_bytes, 0);
        rc = attribute_decode(list, bytes, n_bytes);
        rc = par_any_failed(par, rc) ? -1 : 0;
    } else {
        rc = -1;
    }
    mem_free(bytes);
    return rc;
}

/* Write the file at path; collective, the same result on all ranks. */
static int
write_file(struct finish *finish, const char *path,
    const struct attribute_list *attributes)
{
    struct par *par = finish->par;
    const struct journal_shape *shape = finish->shape;
    size_t attribute_bytes = attribute_list_bytes(attributes);
    struct writer_options options = {
        .path = path,
        .n_chunks = shape->n_chunks,
        .n_tokens =
            finish->token_first ? finish->token_first[shape->n_chunks] : 0,
        .n_buckets = shape->n_buckets,
        .has_token_bits = finish->token_first != NULL,
        .attribute_bytes = attribute_bytes,
    };
    int rc;

    finish->writer = writer_create(par, &options);
    rc = finish->writer == NULL ? -1 : 0;
    if (!par_any_failed(par, rc)) {
        rc = write_datasets(finish);
        if (rc == 0) {
            rc = writer_attributes(
                finish->writer, attributes->items, attributes->n);
            rc = par_any_failed(par, rc) ? -1 : 0;
        }
        if (rc == 0) {
            rc = writer_complete(finish->writer);
            rc = par_any_failed(par, rc) ? -1 : 0;
        }
    } else {
        rc = -1;
    }
    rc |= writer_close(finish->writer);
    return par_any_failed(par, rc) ? -1 : 0;
}

/* "DIR/.NAME.partial": in the same directory, so that it can be renamed. */
static char *
partial_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir_bytes = slash == NULL ? 0 : (int)(slash + 1 - path);

    return mem_printf("%.*s.%s.partial", dir_bytes, path, path + dir_bytes);
}

/* Rank 0: give the file its name; then the journals are not needed. */
static int
publish(struct results *results, const char *partial)
{
    if (reserve_give_back(partial) != 0 || sync_file(partial) != 0) {
        return -1;
    }
    if (rename(partial, results->path) != 0) {
        report_error("%s: cannot be renamed from %s: %s", results->path,
            partial, strerror(errno));
        return -1;
    }
    if (sync_parent(results->path) != 0) {
        return -1;
    }
    return journal_dir_remove(results->journal_path);
}

/* Find the rows and prepare to move them; collective. */
static int
gather_rows(struct finish *finish, const struct results *results)
{
    struct par *par = finish->par;
    int rc = row_index_init(&finish->index, results->files, results->n_files,
        &results->shape, &results->identity);

    finish->bytes_to =
        mem_alloc((size_t)par_size(par), sizeof(*finish->bytes_to));
    if (par_any_failed(par, finish->bytes_to == NULL ? -1 : rc)) {
        return -1;
    }
    if (row_index_share(&finish->index, par, &results->shape) != 0) {
        return -1;
    }
    return results->shape.has_token_bits ? place_tokens(finish) : 0;
}

int
results_finish(struct results *results, const struct attribute *attributes,
    size_t n_attributes)
{
    struct par *par = results->par;
    struct finish finish = {.par = par, .shape = &results->shape};
    struct attribute_list list = {0};
    char *partial = partial_path(results->path);
    int rc = journal_close(results->journal);

    results->journal = NULL;
    rc = par_any_failed(par, partial == NULL ? -1 : rc) ? -1 : 0;
    if (rc == 0) {
        rc = gather_rows(&finish, results);
    }
    if (rc == 0) {
        rc = share_attributes(&list, results, attributes, n_attributes);
    }
    if (rc == 0) {
        rc = write_file(&finish, partial, &list);
        if (par_rank(par) == 0 && rc == 0) {
            rc = publish(results, partial);
        }
        if (par_rank(par) == 0 && rc != 0) {
            unlink(partial);
        }
        rc = par_any_failed(par, rc) ? -1 : 0;
    }
    results->is_finished = rc == 0;
    attribute_list_release(&list);
    row_index_release(&finish.index);
    mem_free(finish.token_first);
    mem_free(finish.bytes_to);
    mem_free(finish.outbox);
    mem_free(finish.inbox);
    mem_free(partial);
    return rc;
}
