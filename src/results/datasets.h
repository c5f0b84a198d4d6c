/*
 * datasets.h - from the rows in the journals of all ranks to the datasets.
 *
 * All functions but the last two are collective, with the same result on all
 * ranks.  Memory of a rank: 16 bytes for each row that its journals hold, a
 * few times a slab (slab.h), and with token bits 8 bytes for each chunk.
 */
#ifndef RESULTS_DATASETS_H
#define RESULTS_DATASETS_H

#include <stddef.h>
#include <stdint.h>

#include "results/row_index.h"

struct par;
struct results;
struct writer;

struct datasets {
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

/*
 * Find the rows; results is kept.  Release whatever the outcome.
 *
 * Errors: -1 also if a chunk is in no journal.
 */
int datasets_init(struct datasets *set, const struct results *results);

/* Write all datasets. */
int datasets_write(struct datasets *set, struct writer *writer);

/* Values of /token/bits. */
uint64_t datasets_token_count(const struct datasets *set);

void datasets_release(struct datasets *set);

#endif /* RESULTS_DATASETS_H */
