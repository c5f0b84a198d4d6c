/*
 * par_file.h - a file that all ranks write, each its own parts.
 *
 * Collective: all but par_file_write().
 */
#ifndef PAR_PAR_FILE_H
#define PAR_PAR_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "par/par.h"

struct par_file;

/*
 * Open for writing; made if it is not there, what it holds is kept.
 *
 * Errors: NULL on every rank; reported.
 */
struct par_file *par_file_open(struct par *par, const char *path);
void par_file_close(struct par_file *file);

/* Not collective.  Parts of different ranks do not overlap. */
int par_file_write(
    struct par_file *file, uint64_t offset, const void *data, size_t bytes);

/* Cut to so many bytes. */
int par_file_resize(struct par_file *file, uint64_t bytes);

/* What all ranks have written is on the disk. */
int par_file_sync(struct par_file *file);

#endif /* PAR_PAR_FILE_H */
