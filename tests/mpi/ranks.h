/*
 * ranks.h - tests that run alone and under mpirun.
 *
 * Each rank runs all tests and checks its own side.  Functions that take par
 * are collective.
 */
#ifndef TESTS_MPI_RANKS_H
#define TESTS_MPI_RANKS_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"

struct par;
struct rows;

/* main() of a test: start, run, finish; *par is set while tests run. */
int ranks_main(struct par **par, int argc, char **argv, const char *name,
    CU_TestInfo *tests);

/* A path that is the same on all ranks, with nothing there. */
const char *ranks_scratch(struct par *par, const char *name);

/* Rank 0's rows_count_wrong(), for all. */
uint64_t ranks_count_wrong(struct par *par, const struct rows *rows);

/* What this rank writes to stderr between these two calls. */
void ranks_listen(void);
const char *ranks_heard(void);

/* Rank 0 must have said this; the others said nothing. */
void ranks_check_heard(struct par *par, const char *text, const char *want);

#endif /* TESTS_MPI_RANKS_H */
