/*
 * file_mpi.c
 *
 * MPI-IO.  Counts are ints, so large parts go in pieces.  Libraries hide why
 * the system refused a write; errno mostly still tells.
 */
#include <errno.h>
#include <mpi.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "par/par_file.h"
#include "par/par_mpi.h"

/* Bytes in one call. */
#define PIECE_BYTES ((size_t)1 << 28)

struct par_file {
    struct par *par;
    char *path;
    MPI_File handle;
};

static int
fail(const char *path, int code)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int bytes;

    if (errno != 0) {
        report_error("%s: %s", path, strerror(errno));
    } else if (code == MPI_SUCCESS) {
        report_error("%s: no space left, or it cannot be written", path);
    } else {
        MPI_Error_string(code, text, &bytes);
        report_error("%s: %s", path, text);
    }
    return -1;
}

struct par_file *
par_file_open(struct par *par, const char *path)
{
    struct par_file *file = mem_alloc(1, sizeof(*file));
    int rc = file == NULL ? -1 : 0;

    if (file != NULL) {
        file->par = par;
        file->handle = MPI_FILE_NULL;
        file->path = mem_strdup(path);
        rc = file->path == NULL ? -1 : 0;
    }
    if (par_any_failed(par, rc)) {
        par_file_close(file);
        return NULL;
    }
    errno = 0;
    int code = MPI_File_open(par->comm, path, MPI_MODE_CREATE | MPI_MODE_WRONLY,
        MPI_INFO_NULL, &file->handle);
    if (code != MPI_SUCCESS) {
        file->handle = MPI_FILE_NULL;
        rc = fail(path, code);
    }
    if (par_any_failed(par, rc)) {
        par_file_close(file);
        return NULL;
    }
    return file;
}

void
par_file_close(struct par_file *file)
{
    if (file != NULL) {
        if (file->handle != MPI_FILE_NULL) {
            MPI_File_close(&file->handle);
        }
        mem_free(file->path);
        mem_free(file);
    }
}

int
par_file_write(
    struct par_file *file, uint64_t offset, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    while (bytes > 0) {
        size_t piece = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
        MPI_Status status;
        int n = 0;
        errno = 0;
        int code = MPI_File_write_at(
            file->handle, (MPI_Offset)offset, p, (int)piece, MPI_BYTE, &status);
        if (code == MPI_SUCCESS) {
            MPI_Get_count(&status, MPI_BYTE, &n);
        }
        if (n <= 0) {
            return fail(file->path, code);
        }
        offset += (uint64_t)n;
        p += n;
        bytes -= (size_t)n;
    }
    return 0;
}

int
par_file_resize(struct par_file *file, uint64_t bytes)
{
    errno = 0;
    int code = MPI_File_set_size(file->handle, (MPI_Offset)bytes);
    int rc = code == MPI_SUCCESS ? 0 : fail(file->path, code);

    return par_any_failed(file->par, rc) ? -1 : 0;
}

int
par_file_sync(struct par_file *file)
{
    errno = 0;
    int code = MPI_File_sync(file->handle);
    int rc = code == MPI_SUCCESS ? 0 : fail(file->path, code);

    return par_any_failed(file->par, rc) ? -1 : 0;
}
