/*
 * run.h - what measure and baseline share: corpus in, chunks to workers, rows
 * out, progress, stopping and going on.
 *
 * Threads work on different parts of chunks as long as there are enough of
 * them, then all inside one part (run_queue.h).  None of this changes a number.
 */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/cmd.h"
#include "cmd/run_phases.h"
#include "cmd/threads.h"
#include "predict/chunk.h"
#include "results/results.h"

struct attributes;
struct corpus;
struct options;
struct par;
struct run;

/* Options of every run; the first member of a command's settings. */
struct run_settings {
    const char *corpus;
    uint64_t chunk_bytes; /* 0: whole */
    uint64_t first_byte;
    uint64_t n_bytes;
    const char *out; /* NULL: print only */
    bool overwrite;
    uint64_t threads; /* 0: choose */
    const char *parallel;
    double max_hours; /* 0: no limit */
};

/* Their rows in a command's table. */
#define RUN_OPTIONS                                                            \
    {.name = "corpus",                                                         \
        .type = OPTION_TEXT,                                                   \
        .offset = offsetof(struct run_settings, corpus),                       \
        .unit = "KIND:NAME",                                                   \
        .is_required = true,                                                   \
        .help = "what to measure: text:FILE (plain, .xz, .gz, .zst), "         \
                "random:BYTES[,seed=N], markov:BYTES[,order=K][,seed=N]"},     \
        {.name = "chunk",                                                      \
            .type = OPTION_BYTES,                                              \
            .offset = offsetof(struct run_settings, chunk_bytes),              \
            .value = "2048",                                                   \
            .min = 1,                                                          \
            .max = 1e15,                                                       \
            .choices = "whole",                                                \
            .unit = "BYTES",                                                   \
            .help = "length of the chunks, each described on its own"},        \
        {.name = "first",                                                      \
            .type = OPTION_BYTES,                                              \
            .offset = offsetof(struct run_settings, first_byte),               \
            .value = "0",                                                      \
            .max = 1e18,                                                       \
            .unit = "BYTES",                                                   \
            .help = "leave out so many bytes at the start"},                   \
        {.name = "bytes",                                                      \
            .type = OPTION_BYTES,                                              \
            .offset = offsetof(struct run_settings, n_bytes),                  \
            .value = "all",                                                    \
            .min = 1,                                                          \
            .max = 1e18,                                                       \
            .choices = "all",                                                  \
            .unit = "BYTES",                                                   \
            .help = "take so many bytes"},                                     \
        {.name = "out",                                                        \
            .type = OPTION_TEXT,                                               \
            .offset = offsetof(struct run_settings, out),                      \
            .unit = "FILE.h5",                                                 \
            .is_outside = true,                                                \
            .help = "write the results there (HDF5); without it only the "     \
                    "summary is printed and nothing can be continued"},        \
        {.name = "overwrite",                                                  \
            .type = OPTION_FLAG,                                               \
            .offset = offsetof(struct run_settings, overwrite),                \
            .is_outside = true,                                                \
            .help = "replace an existing output, begin anew"},                 \
        OPTION_THREADS(struct run_settings, threads),                          \
        {.name = "parallel",                                                   \
            .type = OPTION_CHOICE,                                             \
            .offset = offsetof(struct run_settings, parallel),                 \
            .value = "auto",                                                   \
            .choices = "auto|windows|products",                                \
            .is_outside = true,                                                \
            .help = "what the threads divide: chunks and windows of them, or " \
                    "the products inside one; auto: windows, and products "    \
                    "when too few are left; changes no bit"},                  \
    {                                                                          \
        .name = "max-hours", .type = OPTION_REAL,                              \
        .offset = offsetof(struct run_settings, max_hours), .value = "0",      \
        .max = 1e6, .unit = "HOURS", .is_outside = true,                       \
        .help = "stop after so many hours, at the end of a chunk, with "       \
                "exit status 75; 0: no limit"                                  \
    }

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

/* Sums over chunks. */
struct run_totals {
    uint64_t chunks, raw_bytes, tokens, coded_bytes;
    double ideal_bits, flops;
};

/*
 * Set up a run: parse the arguments, open the corpus, hash it.
 *
 * Collective: yes.  settings begins with a struct run_settings.
 * Returns NULL and *status when the command is to end now.
 */
struct run *run_open(enum cmd_status *status, struct par *par,
    struct options *options, void *settings, int argc, char **argv);
void run_close(struct run *run);

struct par *run_par(const struct run *run);
int run_threads(const struct run *run);
struct corpus *run_corpus(const struct run *run);
uint64_t run_chunk_count(const struct run *run);
uint64_t run_chunk_bytes_max(const struct run *run);

/* Add the time since *since to a phase of this rank; *since becomes now. */
void run_add_phase(struct run *run, enum run_phase phase, double *since);

/*
 * What is known about the run for the output; commands add to it.  identity:
 * what decides the numbers.
 */
struct attributes *run_attributes(struct run *run);
struct attributes *run_identity(struct run *run);

/*
 * Score the chunks that are missing in out (NULL: all, no output) and finish
 * the output.  Prints progress, and a summary line by line at the end.
 *
 * Collective: yes.
 */
enum cmd_status run_chunks(
    struct run *run, const struct run_kind *kind, const char *out);

/* Called when symbols are emitted, so that progress moves on: so many more
   bytes took so many bits. */
void run_tick(struct run *run, uint64_t bytes, double bits);

#endif /* CMD_RUN_H */
