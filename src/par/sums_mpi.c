/*
 * sums_mpi.c
 *
 * Open MPI moves a reduction on only while the program is inside MPI, so each
 * start looks at all that are under way.
 */
#include <mpi.h>

#include "base/mem.h"
#include "par/par_mpi.h"

/* Numbers in one reduction; an int must hold it. */
#define PIECE ((size_t)1 << 28)

/* Reductions under way; more wait until these are done. */
#define REQUESTS_MAX 256

struct par_sums {
    struct par *par;
    int n;
    MPI_Request requests[REQUESTS_MAX];
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
    int is_done;

    if (sums->par->size == 1) {
        return;
    }
    for (size_t done = 0; done < n; done += PIECE) {
        size_t m = n - done < PIECE ? n - done : PIECE;
        if (sums->n == REQUESTS_MAX) {
            par_sums_wait(sums);
        }
        MPI_Iallreduce(MPI_IN_PLACE, values + done, (int)m, MPI_FLOAT, MPI_SUM,
            sums->par->comm, &sums->requests[sums->n++]);
    }
    MPI_Testall(sums->n, sums->requests, &is_done, MPI_STATUSES_IGNORE);
    sums->n = is_done ? 0 : sums->n;
}

void
par_sums_wait(struct par_sums *sums)
{
    MPI_Waitall(sums->n, sums->requests, MPI_STATUSES_IGNORE);
    sums->n = 0;
}
