/*
 * board_mpi.c
 *
 * The board as tiny messages over a communicator of its own.
 *
 * A rank has at most one post under way, sent in synchronous mode: it is
 * complete only when rank 0 has taken it in, so posts of fast ranks cannot
 * pile up while rank 0 computes; a post made meanwhile is left out, the next
 * one is newer anyway.  An alarm goes to rank 0, which tells everybody once:
 * a signal sent to all of 1,000 ranks makes 2,000 messages, not a million.
 * Rank 0 takes messages in only inside its own calls: an alarm travels as
 * fast as rank 0 calls.
 */
#include "par/par.h"

#include <mpi.h>
#include <string.h>

#include "base/mem.h"
#include "par/par_mpi.h"

enum board_tag { TAG_POST = 1, TAG_FINAL, TAG_RAISE };

#define POST_BYTES (PAR_BOARD_VALUES * sizeof(double))

struct par_board {
    struct par *par;
    MPI_Comm comm;
    bool is_raised; /* as far as this rank knows */
    bool is_told;   /* rank 0: all were told; others: heard from rank 0 */
    int n_final;    /* rank 0: ranks whose final message has come */
    double mine[PAR_BOARD_VALUES];
    double (*latest)[PAR_BOARD_VALUES]; /* rank 0: of each rank */
    double sending[PAR_BOARD_VALUES];   /* of the post under way */
    MPI_Request post, alarm;
    MPI_Request *told; /* rank 0: alarms on their way, one for each rank */
};

static bool
is_first(const struct par_board *board)
{
    return board->par->rank == 0;
}

struct par_board *
par_board_open(struct par *par)
{
    struct par_board *board = mem_alloc(1, sizeof(*board));
    size_t n = (size_t)par->size;
    int rc = -1;

    if (board != NULL) {
        board->par = par;
        board->post = board->alarm = MPI_REQUEST_NULL;
        board->comm = MPI_COMM_NULL;
        if (par->rank == 0) {
            board->latest = mem_alloc(n, sizeof(*board->latest));
            board->told = mem_alloc(n, sizeof(*board->told));
        }
        rc = par->rank == 0 && (!board->latest || !board->told) ? -1 : 0;
    }
    if (par_any_failed(par, rc)) {
        if (board != NULL) {
            mem_free(board->latest);
            mem_free(board->told);
        }
        mem_free(board);
        return NULL;
    }
    for (size_t r = 0; board->told != NULL && r < n; r++) {
        board->told[r] = MPI_REQUEST_NULL;
    }
    MPI_Comm_dup(par->comm, &board->comm);
    return board;
}

/* Rank 0: pass the alarm on, once. */
static void
tell_all(struct par_board *board)
{
    board->is_raised = true;
    if (board->is_told) {
        return;
    }
    board->is_told = true;
    for (int r = 1; r < board->par->size; r++) {
        MPI_Isend(
            NULL, 0, MPI_BYTE, r, TAG_RAISE, board->comm, &board->told[r]);
    }
}

/* Rank 0: receive one message, waiting for it if there is none yet. */
static void
take_one(struct par_board *board)
{
    double values[PAR_BOARD_VALUES];
    MPI_Status status;

    MPI_Recv(values, POST_BYTES, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG,
        board->comm, &status);
    if (status.MPI_TAG == TAG_RAISE) {
        tell_all(board);
        return;
    }
    memcpy(board->latest[status.MPI_SOURCE], values, POST_BYTES);
    if (status.MPI_TAG == TAG_FINAL) {
        board->n_final++;
    }
}

/*
 * Rank 0: receive what has arrived, but no more than a few messages of each
 * rank: quick ranks must not keep rank 0 from its work.  Others: hear whether
 * the alarm was raised.
 */
static void
take_in(struct par_board *board)
{
    int has_message = 1;

    if (is_first(board)) {
        for (int i = 0; i < 2 * board->par->size && has_message; i++) {
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, board->comm, &has_message,
                MPI_STATUS_IGNORE);
            if (has_message) {
                take_one(board);
            }
        }
        return;
    }
    if (board->is_told) {
        return;
    }
    MPI_Iprobe(0, TAG_RAISE, board->comm, &has_message, MPI_STATUS_IGNORE);
    if (has_message) {
        MPI_Recv(
            NULL, 0, MPI_BYTE, 0, TAG_RAISE, board->comm, MPI_STATUS_IGNORE);
        board->is_raised = board->is_told = true;
    }
}

void
par_board_post(struct par_board *board, const double values[PAR_BOARD_VALUES])
{
    int is_free = 0;

    memcpy(board->mine, values, POST_BYTES);
    if (is_first(board)) {
        memcpy(board->latest[0], values, POST_BYTES);
        take_in(board);
        return;
    }
    MPI_Test(&board->post, &is_free, MPI_STATUS_IGNORE);
    if (is_free) {
        memcpy(board->sending, values, POST_BYTES);
        MPI_Issend(board->sending, POST_BYTES, MPI_BYTE, 0, TAG_POST,
            board->comm, &board->post);
    }
}

void
par_board_sums(const struct par_board *board, double sums[PAR_BOARD_VALUES])
{
    memset(sums, 0, POST_BYTES);
    for (int r = 0; board->latest != NULL && r < board->par->size; r++) {
        for (int i = 0; i < PAR_BOARD_VALUES; i++) {
            sums[i] += board->latest[r][i];
        }
    }
}

void
par_board_raise(struct par_board *board)
{
    if (board->is_raised) {
        return;
    }
    board->is_raised = true;
    if (is_first(board)) {
        tell_all(board);
    } else {
        MPI_Isend(NULL, 0, MPI_BYTE, 0, TAG_RAISE, board->comm, &board->alarm);
    }
}

bool
par_board_is_raised(struct par_board *board)
{
    take_in(board);
    return board->is_raised;
}

/*
 * Messages between two ranks do not overtake each other, so when the final
 * message of a rank is in, its posts and its alarm are.  Rank 0 then says
 * whether it has told everybody; who has not heard that yet waits for it.
 */
bool
par_board_all_settling(const struct par_board *board)
{
    return board->n_final >= board->par->size - 1;
}

void
par_board_settle(struct par_board *board)
{
    int is_told;

    if (is_first(board)) {
        while (board->n_final < board->par->size - 1) {
            take_one(board);
        }
        board->n_final = 0;
        is_told = board->is_told;
    } else {
        MPI_Wait(&board->post, MPI_STATUS_IGNORE);
        MPI_Wait(&board->alarm, MPI_STATUS_IGNORE);
        MPI_Send(board->mine, POST_BYTES, MPI_BYTE, 0, TAG_FINAL, board->comm);
    }
    MPI_Bcast(&is_told, 1, MPI_INT, 0, board->comm);
    if (is_first(board)) {
        MPI_Waitall(board->par->size, board->told, MPI_STATUSES_IGNORE);
    } else if (is_told && !board->is_told) {
        MPI_Recv(
            NULL, 0, MPI_BYTE, 0, TAG_RAISE, board->comm, MPI_STATUS_IGNORE);
        board->is_raised = board->is_told = true;
    }
}

void
par_board_close(struct par_board *board)
{
    if (board == NULL) {
        return;
    }
    par_board_settle(board);
    MPI_Comm_free(&board->comm);
    mem_free(board->latest);
    mem_free(board->told);
    mem_free(board);
}
