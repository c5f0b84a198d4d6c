/*
 * par_mpi.h - what the files of this folder that use MPI share.
 */
#ifndef PAR_PAR_MPI_H
#define PAR_PAR_MPI_H

#include <mpi.h>

#include "par/par.h"

struct par {
    MPI_Comm comm; /* a duplicate of the world: messages of others stay out */
    int rank, size;
    MPI_Comm node; /* the ranks that share this node's memory */
    int node_rank, node_size;
    char label[32];    /* before held messages: "rank 3" */
    char library[128]; /* "Open MPI 4.1.4" */
};

#endif /* PAR_PAR_MPI_H */
