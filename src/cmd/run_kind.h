/*
 * run_kind.h - what a command does with chunks.
 */
#ifndef CMD_RUN_KIND_H
#define CMD_RUN_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "predict/chunk.h"
#include "results/results.h"

struct run;

/* Parts that are scored at once, at most. */
#define RUN_PARTS_MAX 64

/* A part of a chunk in work. */
struct run_part {
    void *item;
    size_t index;
};

/*
 * What does the work.  An item is a chunk in work: begun with its bytes,
 * which are kept, it has parts that workers (one per thread) score in any
 * order; then emit is called for each part in order, then finish.
 */
struct run_kind {
    void *(*item_new)(
        void *user, struct run *run, size_t chunk_bytes_max, size_t n_open_max);
    void (*item_free)(void *item);
    int (*begin)(
        void *item, size_t *n_parts, const uint8_t *chunk, size_t bytes);
    size_t (*rows)(const void *item, size_t part); /* NULL: parts are alone */
    int (*emit)(void *item);                       /* NULL: nothing to do */
    /* Fill in tokens, ideal_bits, coded_bytes, flops and the arrays of row. */
    int (*finish)(void *item, struct result_row *row);

    /* n_threads may be used inside one score.  NULL: reported. */
    void *(*worker_new)(void *user, size_t chunk_bytes_max, int n_threads);
    void (*worker_free)(void *worker);
    int (*score)(void *worker, const struct run_part *parts, size_t n);

    void *user;
    struct predictor_grain grain; /* of parts */
    size_t n_buckets;             /* of bits_by_position; 0: none */
    bool has_token_bits;
    bool is_sequential; /* each chunk needs all before it, in order */
};

#endif /* CMD_RUN_KIND_H */
