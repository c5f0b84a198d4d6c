/*
 * memory_mpi.c
 *
 * One block of memory for all ranks of a node: an MPI-3 shared window, all of
 * which belongs to the node's first rank.
 *
 * A window is a file in /dev/shm.  Where that has too little room, MPI
 * libraries fail on one rank while the others wait, or hand out memory that
 * ends the program (SIGBUS) when it is first written.  So room is looked for
 * before, and each rank has its part filled by read(): where the system
 * finds no page, that is an error and not a signal.  Filling also puts
 * the pages of a part near the cores of its rank.
 */
#include "par/par.h"

#include <fcntl.h>
#include <mpi.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"
#include "par/par_mpi.h"

#define SHARED_DIRECTORY "/dev/shm"

/* More than MPI libraries add to a window for themselves. */
#define SPARE_BYTES ((uint64_t)4 << 20)

/* Bytes in one read(), which has an upper limit of about 2 GiB. */
#define FILL_BYTES ((size_t)1 << 30)

struct par_memory {
    struct par *par;
    MPI_Win window; /* MPI_WIN_NULL: each rank has its own */
    void *own;      /* then */
    size_t bytes;
    uint8_t *data;
};

/* Whether something failed on a rank of this node. */
static bool
node_any_failed(const struct par *par, int rc)
{
    int is_failed = rc != 0;

    MPI_Allreduce(MPI_IN_PLACE, &is_failed, 1, MPI_INT, MPI_MAX, par->node);
    return is_failed != 0;
}

static int
check_room(size_t bytes)
{
    struct statvfs room;

    if (statvfs(SHARED_DIRECTORY, &room) != 0) {
        return -1;
    }
    return (uint64_t)room.f_bavail * room.f_frsize < bytes + SPARE_BYTES ? -1
                                                                         : 0;
}

/* Write zeros to [first, end) of data. */
static int
fill(uint8_t *data, size_t first, size_t end)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0 && first < end) {
        size_t piece = end - first < FILL_BYTES ? end - first : FILL_BYTES;
        n = read(fd, data + first, piece);
        first += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return first < end ? -1 : 0;
}

/* Try to make the window; if it cannot be had, there is none on any rank. */
static void
open_window(struct par_memory *memory)
{
    const struct par *par = memory->par;
    size_t bytes = memory->bytes + MEM_ALIGN;
    size_t n = (size_t)par->node_size, i = (size_t)par->node_rank;
    size_t piece = memory->bytes / n + 1;
    size_t first = i * piece < memory->bytes ? i * piece : memory->bytes;
    size_t end = memory->bytes - first < piece ? memory->bytes : first + piece;
    void *base;
    int unit;
    MPI_Aint size;

    if (node_any_failed(par, par->node_rank == 0 ? check_room(bytes) : 0)) {
        return;
    }
    int rc = MPI_Win_allocate_shared(par->node_rank == 0 ? (MPI_Aint)bytes : 0,
        1, MPI_INFO_NULL, par->node, &base, &memory->window);
    if (node_any_failed(par, rc)) {
        /* On some ranks it may be there, but only all can free it. */
        memory->window = MPI_WIN_NULL;
        return;
    }
    MPI_Win_shared_query(memory->window, 0, &size, &unit, &base);
    /* Ranks see it at addresses that are equal but for whole pages. */
    memory->data = base;
    memory->data += (MEM_ALIGN - (uintptr_t)base % MEM_ALIGN) % MEM_ALIGN;
    if (node_any_failed(par, fill(memory->data, first, end))) {
        MPI_Win_free(&memory->window);
        memory->data = NULL;
        return;
    }
    MPI_Win_lock_all(MPI_MODE_NOCHECK, memory->window);
}

/* Say how much is not shared, once. */
static void
note_copies(const struct par_memory *memory)
{
    struct par *par = memory->par;
    uint64_t n_copies = memory->window == MPI_WIN_NULL && par->node_size > 1;

    par_sum_u64(par, &n_copies, 1);
    if (n_copies > 0) {
        report_note("%d ranks take %zu MB each instead of sharing them: too "
                    "little room in " SHARED_DIRECTORY " of their nodes",
            (int)n_copies, memory->bytes / 1000000);
    }
}

struct par_memory *
par_memory_new(struct par *par, size_t bytes)
{
    struct par_memory *memory = mem_alloc(1, sizeof(*memory));
    uint64_t bytes_max = bytes;
    int rc = memory == NULL ? -1 : 0;

    if (par_any_failed(par, rc)) {
        mem_free(memory);
        return NULL;
    }
    MPI_Allreduce(
        MPI_IN_PLACE, &bytes_max, 1, MPI_UINT64_T, MPI_MAX, par->comm);
    memory->par = par;
    memory->bytes = (size_t)bytes_max;
    memory->window = MPI_WIN_NULL;
    if (par->node_size > 1 && memory->bytes > 0) {
        open_window(memory);
        note_copies(memory);
    }
    if (memory->window == MPI_WIN_NULL) {
        memory->data = memory->own = mem_map(memory->bytes);
        rc = memory->own == NULL ? -1 : 0;
    }
    if (par_any_failed(par, rc)) {
        par_memory_free(memory);
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
    bool is_shared = memory->window != MPI_WIN_NULL;

    *n_parts = is_shared ? memory->par->node_size : 1;
    return is_shared ? memory->par->node_rank : 0;
}

void
par_memory_settle(struct par_memory *memory)
{
    if (memory->window != MPI_WIN_NULL) {
        MPI_Win_sync(memory->window);
    }
    par_barrier(memory->par);
    if (memory->window != MPI_WIN_NULL) {
        MPI_Win_sync(memory->window);
    }
}

void
par_memory_free(struct par_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    if (memory->window != MPI_WIN_NULL) {
        MPI_Win_unlock_all(memory->window);
        MPI_Win_free(&memory->window);
    }
    mem_unmap(memory->own, memory->bytes);
    mem_free(memory);
}
