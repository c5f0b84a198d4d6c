/*
 * columns_file.h - reading what columns.h writes: the log of a training run.
 */
#ifndef RESULTS_COLUMNS_FILE_H
#define RESULTS_COLUMNS_FILE_H

#include <stddef.h>

/* Root attribute "format". */
#define COLUMNS_FILE_FORMAT "codelen training log"

struct attribute;
struct columns_file;

/*
 * Owner: columns_file_close().
 * Errors: NULL: not such a file, or not complete; reported.
 */
struct columns_file *columns_file_open(const char *path);
void columns_file_close(struct columns_file *file);

/* An attribute; NULL: absent. */
const struct attribute *columns_file_attribute(
    const struct columns_file *file, const char *group, const char *name);

/*
 * The column /GROUP/NAME.
 *
 * Owner: the caller frees *values with mem_free().
 * Errors: -1: absent or damaged; reported.
 */
int columns_file_read(struct columns_file *file, double **values, size_t *n,
    const char *group, const char *name);

#endif /* RESULTS_COLUMNS_FILE_H */
