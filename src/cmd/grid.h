/*
 * grid.h - a table for people: columns as wide as they need to be.
 */
#ifndef CMD_GRID_H
#define CMD_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Cells by rows; the first row is the header.  All zero but n_columns. */
struct grid {
    size_t n_columns;
    char **cells;
    size_t n_cells, n_cells_max;
};

/* The next cell of the row.  Errors: -1; reported. */
int grid_add(struct grid *grid, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* All rows.  Columns of numbers end, others begin at the same place. */
int grid_print(const struct grid *grid, FILE *out);
void grid_release(struct grid *grid);

#endif /* CMD_GRID_H */
