/*
 * grid.c
 */
#include "cmd/grid.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

/* Longest text of a cell. */
#define CELL_MAX 1023

int
grid_add(struct grid *grid, const char *fmt, ...)
{
    char text[CELL_MAX + 1];
    void *cells = grid->cells;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (mem_grow(&cells, &grid->n_cells_max, grid->n_cells, grid->n_cells + 1,
            sizeof(*grid->cells)) != 0) {
        return -1;
    }
    grid->cells = cells;
    grid->cells[grid->n_cells] = mem_strdup(text);
    return grid->cells[grid->n_cells++] == NULL ? -1 : 0;
}

/* Width of a column, and whether no row of it begins with a letter. */
static int
measure(bool *is_number, const struct grid *grid, size_t column)
{
    size_t width = 0;

    *is_number = true;
    for (size_t i = column; i < grid->n_cells; i += grid->n_columns) {
        const char *cell = grid->cells[i];
        width = strlen(cell) > width ? strlen(cell) : width;
        if (i >= grid->n_columns && !isdigit((unsigned char)cell[0]) &&
            strcmp(cell, "-") != 0) {
            *is_number = false;
        }
    }
    return (int)width;
}

int
grid_print(const struct grid *grid, FILE *out)
{
    int *widths = mem_alloc(grid->n_columns, sizeof(*widths));
    bool *are_numbers = mem_alloc(grid->n_columns, sizeof(*are_numbers));
    int rc = widths == NULL || are_numbers == NULL ? -1 : 0;

    for (size_t c = 0; c < grid->n_columns && rc == 0; c++) {
        widths[c] = measure(&are_numbers[c], grid, c);
    }
    for (size_t i = 0; i < grid->n_cells && rc == 0; i++) {
        size_t c = i % grid->n_columns;
        bool is_last = c + 1 == grid->n_columns;
        int width = are_numbers[c] ? widths[c] : is_last ? 0 : -widths[c];
        fprintf(out, "%*s%s", width, grid->cells[i], is_last ? "\n" : "  ");
    }
    mem_free(widths);
    mem_free(are_numbers);
    return rc;
}

void
grid_release(struct grid *grid)
{
    for (size_t i = 0; i < grid->n_cells; i++) {
        mem_free(grid->cells[i]);
    }
    mem_free(grid->cells);
    *grid = (struct grid){0};
}
