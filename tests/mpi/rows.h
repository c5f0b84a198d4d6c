/*
 * rows.h - made-up runs for tests of results/.
 *
 * Every value of a row is a function of its number, so any rank can make any
 * row and any reader can check it.
 */
#ifndef TESTS_MPI_ROWS_H
#define TESTS_MPI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/results.h"

struct par;

/* At most this many symbols are in a row, and buckets. */
#define ROWS_TOKENS_MAX  40
#define ROWS_BUCKETS_MAX 64

/* Length of the attribute "hosts" in the group "run". */
#define ROWS_HOSTS_BYTES 100000

struct rows {
    const char *path; /* of the output */
    uint64_t n;
    size_t n_buckets;
    bool has_token_bits;
    bool overwrite;
    uint64_t seed; /* part of the identity: other values, another run */
};

/* Room for the arrays of a row. */
struct rows_scratch {
    float buckets[ROWS_BUCKETS_MAX];
    float token_bits[ROWS_TOKENS_MAX];
};

struct result_row rows_make(
    struct rows_scratch *scratch, const struct rows *rows, uint64_t i);

/* results_open() for these rows; collective. */
enum results_outcome rows_open(
    struct results **results, struct par *par, const struct rows *rows);

/*
 * Open, append at most n_max of the missing rows on each rank, and finish if
 * that were all; collective.  Returns 0, or -1 if something failed.
 */
int rows_run(struct par *par, const struct rows *rows, uint64_t n_max);

/* Seconds of the parts of a run, of the slowest rank. */
struct rows_times {
    double append_s;
    double finish_s;
};

int rows_run_timed(struct par *par, const struct rows *rows, uint64_t n_max,
    struct rows_times *times);

/* results_finish() with some attributes. */
int rows_finish(struct results *results);

/* Whether the directory of journals is there. */
bool rows_have_journals(const struct rows *rows);

/* Number of values in the complete output at path that are not as made. */
uint64_t rows_count_wrong(const struct rows *rows);

#endif /* TESTS_MPI_ROWS_H */
