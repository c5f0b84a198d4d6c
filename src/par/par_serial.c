/*
 * par_serial.c
 *
 * One process: sums are what they are and nobody waits.
 */
#include "par/par.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct par {
    int n_ranks;
};

struct par_board {
    double values[PAR_BOARD_VALUES];
    bool is_raised;
};

struct par *
par_start(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct par *par = mem_alloc(1, sizeof(*par));

    if (par != NULL) {
        par->n_ranks = 1;
    }
    return par;
}

void
par_finish(struct par *par)
{
    mem_free(par);
}

int
par_rank(const struct par *par)
{
    (void)par;
    return 0;
}

int
par_size(const struct par *par)
{
    return par->n_ranks;
}

int
par_node_size(const struct par *par)
{
    return par->n_ranks;
}

int
par_node_rank(const struct par *par)
{
    (void)par;
    return 0;
}

bool
par_any_failed(struct par *par, int rc)
{
    (void)par;
    return rc != 0;
}

void
par_barrier(struct par *par)
{
    (void)par;
}

void
par_broadcast(struct par *par, void *data, size_t bytes, int root)
{
    (void)par;
    (void)data;
    (void)bytes;
    (void)root;
}

void
par_sum_u64(struct par *par, uint64_t *values, size_t n)
{
    (void)par;
    (void)values;
    (void)n;
}

void
par_sum_f64(struct par *par, double *values, size_t n)
{
    (void)par;
    (void)values;
    (void)n;
}

void
par_max_f64(struct par *par, double *values, size_t n)
{
    (void)par;
    (void)values;
    (void)n;
}

void
par_or_u64(struct par *par, uint64_t *values, size_t n)
{
    (void)par;
    (void)values;
    (void)n;
}

void
par_all_gather(
    struct par *par, void *out, const void *data, size_t bytes_per_rank)
{
    (void)par;
    memcpy(out, data, bytes_per_rank);
}

int
par_exchange(struct par *par, uint8_t **out, size_t *out_bytes,
    const uint8_t *data, const size_t *bytes_to)
{
    (void)par;
    uint8_t *copy = mem_alloc(bytes_to[0], 1);

    if (copy == NULL) {
        return -1;
    }
    if (bytes_to[0] > 0) {
        memcpy(copy, data, bytes_to[0]);
    }
    *out = copy;
    *out_bytes = bytes_to[0];
    return 0;
}

struct par_memory {
    void *data;
    size_t bytes;
};

struct par_memory *
par_memory_new(struct par *par, size_t bytes)
{
    (void)par;
    struct par_memory *memory = mem_alloc(1, sizeof(*memory));

    if (memory != NULL) {
        memory->data = mem_map(bytes);
        memory->bytes = bytes;
    }
    if (memory != NULL && memory->data == NULL) {
        mem_free(memory);
        return NULL;
    }
    return memory;
}

void *
par_memory_data(const struct par_memory *memory)
{
    return memory->data;
}

int
par_memory_part(const struct par_memory *memory, int *n_parts)
{
    (void)memory;
    *n_parts = 1;
    return 0;
}

void
par_memory_settle(struct par_memory *memory)
{
    (void)memory;
}

void
par_memory_free(struct par_memory *memory)
{
    if (memory != NULL) {
        mem_unmap(memory->data, memory->bytes);
        mem_free(memory);
    }
}

struct par_board *
par_board_open(struct par *par)
{
    (void)par;
    return mem_alloc(1, sizeof(struct par_board));
}

void
par_board_post(struct par_board *board, const double values[PAR_BOARD_VALUES])
{
    memcpy(board->values, values, sizeof(board->values));
}

void
par_board_sums(const struct par_board *board, double sums[PAR_BOARD_VALUES])
{
    memcpy(sums, board->values, sizeof(board->values));
}

void
par_board_raise(struct par_board *board)
{
    board->is_raised = true;
}

bool
par_board_is_raised(struct par_board *board)
{
    return board->is_raised;
}

bool
par_board_all_settling(const struct par_board *board)
{
    (void)board;
    return true;
}

void
par_board_settle(struct par_board *board)
{
    (void)board;
}

void
par_board_close(struct par_board *board)
{
    mem_free(board);
}

struct par_sums {
    struct par *par;
};

struct par_sums *
par_sums_new(struct par *par)
{
    struct par_sums *sums = mem_alloc(1, sizeof(*sums));

    if (sums != NULL) {
        sums->par = par;
    }
    return sums;
}

void
par_sums_free(struct par_sums *sums)
{
    mem_free(sums);
}

void
par_sums_start(struct par_sums *sums, float *values, size_t n)
{
    (void)sums;
    (void)values;
    (void)n;
}

void
par_sums_wait(struct par_sums *sums)
{
    (void)sums;
}

const void *
par_communicator(const struct par *par)
{
    (void)par;
    return NULL;
}

const char *
par_library(const struct par *par)
{
    (void)par;
    return "serial";
}

void
par_abort(struct par *par, int status)
{
    (void)par;
    _Exit(status);
}
