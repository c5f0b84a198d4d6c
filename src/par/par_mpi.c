/*
 * par_mpi.c
 *
 * MPI counts are ints, so everything that can be large goes in pieces.  MPI
 * errors end the job (the default handler): after one, no rank can know what
 * the others have.
 */
#include "par/par.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/report.h"
#include "par/par_mpi.h"

/* Bytes in one MPI call.  Larger saves nothing; an int must hold it. */
#define PIECE_BYTES ((size_t)1 << 30)

#define TAG_EXCHANGE 1

/*
 * Waiting for a phase to end: looks without a pause (some 10 us of them),
 * then longer and longer pauses.  A wait of 10 ms gets 6 % longer, one of a
 * second nothing that matters; longer pauses save no more.
 */
#define QUICK_LOOKS  100
#define PAUSE_STEP_S 20e-6
#define PAUSE_MAX_S  2e-3

/* "Open MPI v4.1.4, package: ..." -> "Open MPI 4.1.4". */
static void
name_library(char *out, size_t out_bytes_max)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int bytes = 0;
    size_t n = 0;

    MPI_Get_library_version(text, &bytes);
    for (const char *p = text; *p != '\0' && n + 1 < out_bytes_max; p++) {
        if (*p == ',' || *p == '\n') {
            break;
        }
        if (*p == 'v' && p > text && p[-1] == ' ') {
            continue;
        }
        out[n++] = *p == '\t' ? ' ' : *p;
    }
    out[n] = '\0';
}

/* Which ranks share this node's memory. */
static void
find_node(struct par *par)
{
    MPI_Comm_split_type(
        par->comm, MPI_COMM_TYPE_SHARED, par->rank, MPI_INFO_NULL, &par->node);
    MPI_Comm_rank(par->node, &par->node_rank);
    MPI_Comm_size(par->node, &par->node_size);
    /* A window that cannot be had is not the end of the job. */
    MPI_Comm_set_errhandler(par->node, MPI_ERRORS_RETURN);
}

/* Ranks other than the first keep their messages until asked. */
static void
hold_messages(const struct par *par)
{
    if (par->rank > 0) {
        report_hold(true, par->label);
    }
}

struct par *
par_start(int *argc, char ***argv)
{
    int provided = MPI_THREAD_SINGLE;
    struct par *par = mem_alloc(1, sizeof(*par));

    if (par == NULL) {
        return NULL;
    }
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_dup(MPI_COMM_WORLD, &par->comm);
    MPI_Comm_rank(par->comm, &par->rank);
    MPI_Comm_size(par->comm, &par->size);
    snprintf(par->label, sizeof(par->label), "rank %d", par->rank);
    name_library(par->library, sizeof(par->library));
    find_node(par);
    report_set_quiet(par->rank > 0);
    hold_messages(par);
    if (provided < MPI_THREAD_FUNNELED) {
        if (par->rank == 0) {
            report_error("%s does not allow threads", par->library);
        }
        par_finish(par);
        return NULL;
    }
    return par;
}

void
par_finish(struct par *par)
{
    if (par == NULL) {
        return;
    }
    /* Held messages that no par_any_failed() has dealt with are news. */
    report_release();
    MPI_Comm_free(&par->node);
    MPI_Comm_free(&par->comm);
    mem_free(par);
    MPI_Finalize();
}

int
par_rank(const struct par *par)
{
    return par->rank;
}

int
par_size(const struct par *par)
{
    return par->size;
}

int
par_node_size(const struct par *par)
{
    return par->node_size;
}

int
par_node_rank(const struct par *par)
{
    return par->node_rank;
}

/*
 * Wait for the other ranks at the end of a phase, which may last: after some
 * quick looks, sleep between looks, so that ranks and threads that still
 * work get the cores.
 */
static void
wait_patiently(MPI_Request *request)
{
    double pause_s = 0;
    int is_done = 0;

    for (int n = 0; !is_done; n++) {
        MPI_Test(request, &is_done, MPI_STATUS_IGNORE);
        if (!is_done && n >= QUICK_LOOKS) {
            pause_s = pause_s < PAUSE_MAX_S ? pause_s + PAUSE_STEP_S : pause_s;
            clock_sleep_s(pause_s);
        }
    }
}

bool
par_any_failed(struct par *par, int rc)
{
    int speaker = rc != 0 ? par->rank : par->size;
    MPI_Request request;

    MPI_Iallreduce(
        MPI_IN_PLACE, &speaker, 1, MPI_INT, MPI_MIN, par->comm, &request);
    wait_patiently(&request);
    if (speaker == par->size) {
        return false;
    }
    if (speaker == par->rank) {
        report_release();
        hold_messages(par);
    } else {
        report_discard();
    }
    return true;
}

void
par_barrier(struct par *par)
{
    MPI_Request request;

    MPI_Ibarrier(par->comm, &request);
    wait_patiently(&request);
}

static size_t
piece_of(size_t bytes)
{
    return bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
}

void
par_broadcast(struct par *par, void *data, size_t bytes, int root)
{
    uint8_t *p = data;

    for (size_t done = 0; done < bytes;) {
        size_t piece = piece_of(bytes - done);
        MPI_Bcast(p + done, (int)piece, MPI_BYTE, root, par->comm);
        done += piece;
    }
}

/* All-reduce n values of 8 bytes in place. */
static void
reduce(struct par *par, void *values, size_t n, MPI_Datatype type, MPI_Op op)
{
    uint8_t *p = values;
    size_t bytes = 8 * n;

    for (size_t done = 0; done < bytes;) {
        size_t piece = piece_of(bytes - done);
        MPI_Allreduce(
            MPI_IN_PLACE, p + done, (int)(piece / 8), type, op, par->comm);
        done += piece;
    }
}

void
par_sum_u64(struct par *par, uint64_t *values, size_t n)
{
    reduce(par, values, n, MPI_UINT64_T, MPI_SUM);
}

void
par_sum_f64(struct par *par, double *values, size_t n)
{
    reduce(par, values, n, MPI_DOUBLE, MPI_SUM);
}

void
par_max_f64(struct par *par, double *values, size_t n)
{
    reduce(par, values, n, MPI_DOUBLE, MPI_MAX);
}

void
par_or_u64(struct par *par, uint64_t *values, size_t n)
{
    reduce(par, values, n, MPI_UINT64_T, MPI_BOR);
}

void
par_all_gather(
    struct par *par, void *out, const void *data, size_t bytes_per_rank)
{
    uint8_t *p = out;

    if (bytes_per_rank <= PIECE_BYTES / (size_t)par->size) {
        MPI_Allgather(data, (int)bytes_per_rank, MPI_BYTE, out,
            (int)bytes_per_rank, MPI_BYTE, par->comm);
        return;
    }
    memcpy(p + (size_t)par->rank * bytes_per_rank, data, bytes_per_rank);
    for (int r = 0; r < par->size; r++) {
        par_broadcast(par, p + (size_t)r * bytes_per_rank, bytes_per_rank, r);
    }
}

/* Send a block to one rank while receiving one from another, in pieces. */
static void
swap_blocks(struct par *par, uint8_t *in, size_t in_bytes, int source,
    const uint8_t *data, size_t bytes, int target)
{
    size_t sent = 0, received = 0;

    while (sent < bytes || received < in_bytes) {
        MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
        size_t out_piece = piece_of(bytes - sent);
        size_t in_piece = piece_of(in_bytes - received);

        if (in_piece > 0) {
            MPI_Irecv(in + received, (int)in_piece, MPI_BYTE, source,
                TAG_EXCHANGE, par->comm, &requests[0]);
        }
        if (out_piece > 0) {
            MPI_Isend(data + sent, (int)out_piece, MPI_BYTE, target,
                TAG_EXCHANGE, par->comm, &requests[1]);
        }
        MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
        sent += out_piece;
        received += in_piece;
    }
}

/* Where block i of blocks that lie back to back begins. */
static size_t
block_start(const size_t *bytes, int i)
{
    size_t start = 0;

    for (int r = 0; r < i; r++) {
        start += bytes[r];
    }
    return start;
}

int
par_exchange(struct par *par, uint8_t **out, size_t *out_bytes,
    const uint8_t *data, const size_t *bytes_to)
{
    int n = par->size, me = par->rank, rc = -1;
    uint8_t *in = NULL;
    size_t *bytes_from = mem_alloc((size_t)n, sizeof(*bytes_from));

    if (par_any_failed(par, bytes_from == NULL ? -1 : 0)) {
        goto done;
    }
    MPI_Alltoall(bytes_to, sizeof(size_t), MPI_BYTE, bytes_from, sizeof(size_t),
        MPI_BYTE, par->comm);
    in = mem_alloc(block_start(bytes_from, n), 1);
    if (par_any_failed(par, in == NULL ? -1 : 0)) {
        goto done;
    }
    if (bytes_to[me] > 0) {
        memcpy(in + block_start(bytes_from, me),
            data + block_start(bytes_to, me), bytes_to[me]);
    }
    /* In step k everybody sends k ranks up and receives from k ranks down. */
    for (int k = 1; k < n; k++) {
        int target = (me + k) % n, source = (me - k + n) % n;
        swap_blocks(par, in + block_start(bytes_from, source),
            bytes_from[source], source, data + block_start(bytes_to, target),
            bytes_to[target], target);
    }
    *out = in;
    *out_bytes = block_start(bytes_from, n);
    in = NULL;
    rc = 0;
done:
    mem_free(in);
    mem_free(bytes_from);
    return rc;
}

const void *
par_communicator(const struct par *par)
{
    return &par->comm;
}

const char *
par_library(const struct par *par)
{
    return par->library;
}

void
par_abort(struct par *par, int status)
{
    report_release();
    MPI_Abort(par->comm, status);
    _Exit(status);
}
