/*
 * run_internal.h - what the files run*.c share.
 */
#ifndef CMD_RUN_INTERNAL_H
#define CMD_RUN_INTERNAL_H

#include <stdatomic.h>

#include "cmd/progress.h"
#include "cmd/run.h"
#include "cmd/run_kind.h"
#include "cmd/run_phases.h"

/* Nanoseconds between two looks at other ranks. */
#define RUN_LOOK_NS 100000000

struct par_board;

/* Sums over chunks. */
struct run_totals {
    uint64_t chunks, raw_bytes, tokens, coded_bytes, lost_bits;
    double ideal_bits, flops;
};

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
    double looked_s;          /* only the first thread */
    atomic_int rc;            /* -1 once a thread has failed; never goes back */
    atomic_bool is_stopping;  /* no new chunks */
    struct run_totals totals; /* of this rank; under run_seen */
    double seen_bytes, seen_bits; /* for progress; under run_seen */
    struct run_phases phases;     /* of this rank; the loop's under run_seen */
};

/*
 * Go through this rank's chunks.
 *
 * Collective: yes.  run->is_stopping afterwards: chunks may be left.
 */
int run_loop(struct run *run, const struct run_kind *kind);

/* Now and then, on the first thread: post what this rank has done, hear
   whether to stop, show progress. */
void run_look_around(struct run *run);

/* Add a finished row to the output and the sums.  Any thread. */
int run_take_row(struct run *run, const struct result_row *row);

#endif /* CMD_RUN_INTERNAL_H */
