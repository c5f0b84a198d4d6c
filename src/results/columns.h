/*
 * columns.h - a small HDF5 file of columns and attributes, by one rank.
 */
#ifndef RESULTS_COLUMNS_H
#define RESULTS_COLUMNS_H

#include <stddef.h>

struct attribute;

/* n numbers, written to /GROUP/NAME. */
struct column {
    const char *group, *name, *unit, *description;
    const double *values;
    size_t n;
};

/*
 * Write or replace path: columns, attributes by group, and at the root
 * format, format_version 1 and, last, complete.
 */
int columns_write(const char *path, const char *format,
    const struct column *columns, size_t n_columns,
    const struct attribute *attributes, size_t n_attributes);

#endif /* RESULTS_COLUMNS_H */
