/*
 * par.h - the ranks of a run as an object; the only face of MPI.
 *
 * par_mpi.c implements it with MPI, par_serial.c for one process.  All
 * functions but par_rank(), par_size() and the post functions of a board are
 * collective: every rank calls them, in the same order.
 *
 * Threads: only the thread that called par_start() may call.
 */
#ifndef PAR_PAR_H
#define PAR_PAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct par;

/* Must be called once, first thing in main().  NULL: reported. */
struct par *par_start(int *argc, char ***argv);
void par_finish(struct par *par);

int par_rank(const struct par *par); /* not collective */
int par_size(const struct par *par); /* not collective */

/* Ranks on this node, and this rank's number among them; not collective. */
int par_node_size(const struct par *par);
int par_node_rank(const struct par *par);

/*
 * Whether rc is non-zero on any rank.  Then the lowest such rank prints what
 * it held back (report.h) and the others forget theirs.
 */
bool par_any_failed(struct par *par, int rc);

void par_barrier(struct par *par);
void par_broadcast(struct par *par, void *data, size_t bytes, int root);

/* Sums and maxima over ranks, in place, the result on every rank. */
void par_sum_u64(struct par *par, uint64_t *values, size_t n);
void par_sum_f64(struct par *par, double *values, size_t n);
void par_max_f64(struct par *par, double *values, size_t n);
void par_or_u64(struct par *par, uint64_t *values, size_t n);

/*
 * Sums over ranks that go on while the program computes: start() begins to
 * sum values in place, wait() returns when all that were started are on every
 * rank.  The ranks start the same sums in the same order; the values are
 * left alone meanwhile.
 *
 * Collective: start, wait.
 */
struct par_sums;

struct par_sums *par_sums_new(struct par *par);
void par_sums_free(struct par_sums *sums);
void par_sums_start(struct par_sums *sums, float *values, size_t n);
void par_sums_wait(struct par_sums *sums);

/* Every rank gets the bytes of each rank, in the order of ranks. */
void par_all_gather(
    struct par *par, void *out, const void *data, size_t bytes_per_rank);

/*
 * Send block r of data (bytes_to[r] bytes, blocks back to back) to rank r.
 * *out receives what came, in the order of ranks; *out_bytes its size.
 *
 * Owner: the caller frees *out with mem_free().
 * Errors: -1 on every rank if any rank lacks memory; reported.
 */
int par_exchange(struct par *par, uint8_t **out, size_t *out_bytes,
    const uint8_t *data, const size_t *bytes_to);

/*
 * A block of zeros that the ranks of a node share; where there is no room for
 * that (rank 0 says so), each rank has a block of its own.
 *
 * Ranks that share divide the work of filling it: par_memory_part() is this
 * rank's part of *n_parts, which it writes; after par_memory_settle() every
 * rank reads all of it, at an address of its own (aligned to MEM_ALIGN).
 *
 * Collective: new, settle, free.
 * Errors: NULL on every rank if any rank lacks memory; reported.
 */
struct par_memory;

struct par_memory *par_memory_new(struct par *par, size_t bytes);
void *par_memory_data(const struct par_memory *memory);
int par_memory_part(const struct par_memory *memory, int *n_parts);
void par_memory_settle(struct par_memory *memory);
void par_memory_free(struct par_memory *memory);

/*
 * A board: each rank posts a few numbers now and then, rank 0 sees the latest
 * of all ranks, and everybody sees whether some rank raised the alarm (it
 * failed or was asked to stop).  Posting and looking are not collective and
 * do not wait.
 */
#define PAR_BOARD_VALUES 4

struct par_board;

struct par_board *par_board_open(struct par *par);

/* Publish this rank's numbers; rank 0 also takes in what has arrived. */
void par_board_post(
    struct par_board *board, const double values[PAR_BOARD_VALUES]);

/* On rank 0: sums over ranks of the latest posts. */
void par_board_sums(
    const struct par_board *board, double sums[PAR_BOARD_VALUES]);

/* Tell all ranks to stop; every rank sees it within a few posts. */
void par_board_raise(struct par_board *board);
bool par_board_is_raised(struct par_board *board);

/* On rank 0: whether all other ranks wait in par_board_settle(). */
bool par_board_all_settling(const struct par_board *board);

/* Collective.  Takes in the last posts: afterwards the sums are final. */
void par_board_settle(struct par_board *board);
void par_board_close(struct par_board *board);

/* The MPI communicator, for the parallel HDF5 driver: points to an MPI_Comm. */
const void *par_communicator(const struct par *par);

/* "Open MPI 4.1.4" or "serial". */
const char *par_library(const struct par *par);

/*
 * End the whole job at once with the given exit status.  Only for main(), and
 * only where ranks could otherwise wait for each other for ever.
 */
void par_abort(struct par *par, int status);

#endif /* PAR_PAR_H */
