/*
 * row_index.c
 *
 * A chunk may be in two journals if runs overlapped where the file system has
 * no locks.  Files are in the order of runs and ranks hold contiguous parts
 * of them, so the first row in that order wins.
 */
#include "results/row_index.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/fields.h"

static size_t
word_count(uint64_t n_chunks)
{
    return (size_t)((n_chunks + 63) / 64);
}

static bool
has_bit(const uint64_t *bits, uint64_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static void
set_bit(uint64_t *bits, uint64_t i)
{
    bits[i / 64] |= UINT64_C(1) << i % 64;
}

/* Add the rows of one journal whose chunks are not in seen. */
static int
add_rows(struct row_index *index, struct journal_reader *reader, uint64_t *seen)
{
    const uint8_t *payload;

    while ((payload = journal_reader_next(reader)) != NULL) {
        uint64_t chunk = field_packed_u64(payload, FIELD_INDEX);
        if (has_bit(seen, chunk)) {
            continue;
        }
        set_bit(seen, chunk);
        if (mem_grow((void **)&index->rows, &index->n_max, index->n,
                index->n + 1, sizeof(*index->rows)) != 0) {
            return -1;
        }
        index->rows[index->n++] = (struct row_place){chunk, payload};
    }
    return 0;
}

static int
compare_places(const void *a, const void *b)
{
    uint64_t x = ((const struct row_place *)a)->chunk;
    uint64_t y = ((const struct row_place *)b)->chunk;

    return (x > y) - (x < y);
}

int
row_index_init(struct row_index *index, char *const *files, size_t n_files,
    const struct journal_shape *shape, const struct attribute_list *identity)
{
    uint64_t *seen;
    int rc = 0;

    memset(index, 0, sizeof(*index));
    index->readers = mem_alloc(n_files, sizeof(*index->readers));
    seen = mem_alloc(word_count(shape->n_chunks), sizeof(*seen));
    if (index->readers == NULL || seen == NULL) {
        rc = -1;
    }
    for (size_t i = 0; i < n_files && rc == 0; i++) {
        struct journal_reader *reader = &index->readers[index->n_readers++];
        enum journal_outcome outcome =
            journal_reader_open(reader, files[i], shape, identity);
        if (outcome == JOURNAL_OK) {
            rc = add_rows(index, reader, seen);
        } else if (outcome != JOURNAL_WITHOUT_HEADER) {
            if (outcome == JOURNAL_OTHER) {
                report_error("%s: changed during the run (%s)", files[i],
                    reader->problem);
            }
            rc = -1;
        }
    }
    mem_free(seen);
    if (index->n > 1) {
        qsort(index->rows, index->n, sizeof(*index->rows), compare_places);
    }
    return rc;
}

void
row_index_rest(const struct row_index *index)
{
    for (size_t i = 0; i < index->n_readers; i++) {
        journal_reader_rest(&index->readers[i]);
    }
}

void
row_index_release(struct row_index *index)
{
    for (size_t i = 0; i < index->n_readers; i++) {
        journal_reader_close(&index->readers[i]);
    }
    mem_free(index->readers);
    mem_free(index->rows);
    memset(index, 0, sizeof(*index));
}

/*
 * Drop rows that lower ranks have; taken is room for a bitmap.  One broadcast
 * for each rank: only for the rare run that has duplicates at all.
 */
static void
drop_taken(
    struct row_index *index, struct par *par, uint64_t *taken, size_t n_words)
{
    memset(taken, 0, n_words * sizeof(*taken));
    for (int r = 0; r < par_size(par); r++) {
        size_t n = 0;
        for (size_t i = 0; r == par_rank(par) && i < index->n; i++) {
            if (!has_bit(taken, index->rows[i].chunk)) {
                set_bit(taken, index->rows[i].chunk);
                index->rows[n++] = index->rows[i];
            }
        }
        if (r == par_rank(par)) {
            index->n = n;
        }
        par_broadcast(par, taken, n_words * sizeof(*taken), r);
    }
}

int
row_index_share(
    struct row_index *index, struct par *par, const struct journal_shape *shape)
{
    size_t n_words = word_count(shape->n_chunks);
    uint64_t *bits = mem_alloc(n_words, sizeof(*bits));
    uint64_t n_held = index->n, n_chunks = 0, first_missing = 0;

    if (par_any_failed(par, bits == NULL ? -1 : 0)) {
        mem_free(bits);
        return -1;
    }
    for (size_t i = 0; i < index->n; i++) {
        set_bit(bits, index->rows[i].chunk);
    }
    par_or_u64(par, bits, n_words);
    par_sum_u64(par, &n_held, 1);
    for (size_t i = 0; i < n_words; i++) {
        n_chunks += (uint64_t)__builtin_popcountll(bits[i]);
    }
    while (first_missing < shape->n_chunks && has_bit(bits, first_missing)) {
        first_missing++;
    }
    if (n_chunks == shape->n_chunks && n_held > n_chunks) {
        drop_taken(index, par, bits, n_words);
    }
    mem_free(bits);
    if (n_chunks < shape->n_chunks) {
        if (par_rank(par) == 0) {
            report_error("%" PRIu64 " of %" PRIu64 " chunks are in no "
                         "journal, the first is chunk %" PRIu64
                         "; run the same command again to do them",
                shape->n_chunks - n_chunks, shape->n_chunks, first_missing);
        }
        return -1;
    }
    return 0;
}

size_t
row_index_find(const struct row_index *index, uint64_t chunk)
{
    size_t low = 0, high = index->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->rows[middle].chunk < chunk) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
