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
#include "cmd/corpus_options.h"
#include "cmd/run_phases.h"
#include "cmd/threads.h"

struct attributes;
struct corpus;
struct options;
struct par;
struct run;
struct run_kind;

/* Options of every run; the first member of a command's settings. */
struct run_settings {
    const char *corpus;
    uint64_t chunk_bytes; /* 0: whole */
    uint64_t first_byte;
    uint64_t n_bytes;
    const char *patch, *grey; /* NULL: not given */
    const char *out;          /* NULL: print only */
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
                "image:DIR|FILE (PNG, JPEG), audio:DIR|FILE (FLAC, WAV), "     \
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
        CORPUS_PART_OPTIONS(struct run_settings, first_byte, n_bytes),         \
        CORPUS_IMAGE_OPTIONS(struct run_settings, patch, grey),                \
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

/* Time of this rank by phase. */
struct run_phases *run_phases(struct run *run);

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
