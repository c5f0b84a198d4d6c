/*
 * run_internal.h - what run.c and run_output.c share.
 */
#ifndef CMD_RUN_INTERNAL_H
#define CMD_RUN_INTERNAL_H

#include <stdatomic.h>

#include "cmd/progress.h"
#include "cmd/run.h"

struct par_board;

struct run {
    struct par *par;
    struct options *options;
    struct run_settings *settings;
    struct corpus *corpus;
    struct attributes *attributes, *identity;
    uint64_t n_chunks;
    int n_threads;
    char started[32]; /* UTC */
    double start_s, setup_s, loop_s;

    /* The loop.  Set up anew for each output. */
    struct results *results; /* NULL: no output */
    struct par_board *board;
    struct progress progress;
    const uint64_t *todo; /* n_todo chunks; NULL: from todo_first on */
    uint64_t n_todo, todo_first;
    uint64_t next;            /* index into todo; under run_next */
    double looked_s;          /* only the first thread */
    atomic_int rc;            /* -1 once a thread has failed; never goes back */
    atomic_bool is_stopping;  /* no new chunks */
    struct run_totals totals; /* of this rank; under run_row */
    double seen_bytes, seen_bits; /* for progress; under run_row */
};

/*
 * Go through this rank's chunks.
 *
 * Collective: yes.  run->is_stopping afterwards: chunks may be left.
 */
int run_loop(struct run *run, const struct run_kind *kind);

#endif /* CMD_RUN_INTERNAL_H */
