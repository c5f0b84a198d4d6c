/*
 * row_index.h - where the rows that a rank holds are.
 *
 * Rows stay in the journals, mapped; the index costs 16 bytes a row.
 */
#ifndef RESULTS_ROW_INDEX_H
#define RESULTS_ROW_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "results/journal.h"

struct par;

struct row_place {
    uint64_t chunk;
    const uint8_t *payload; /* as of journal_reader_next() */
};

struct row_index {
    struct row_place *rows; /* by chunk, each once */
    size_t n, n_max;
    struct journal_reader *readers;
    size_t n_readers;
};

/* Index the rows of this rank's journals.  Release whatever the outcome. */
int row_index_init(struct row_index *index, char *const *files, size_t n_files,
    const struct journal_shape *shape, const struct attribute_list *identity);
void row_index_release(struct row_index *index);

/* Give back the memory of rows that have been read. */
void row_index_rest(const struct row_index *index);

/*
 * Leave each chunk to one rank: the lowest that has it.  Collective.
 *
 * Errors: -1 on all ranks if a chunk is on none; reported.
 */
int row_index_share(struct row_index *index, struct par *par,
    const struct journal_shape *shape);

/* The first place whose chunk is not below chunk. */
size_t row_index_find(const struct row_index *index, uint64_t chunk);

#endif /* RESULTS_ROW_INDEX_H */
