/*
 * table.h - rows of named values as CSV (RFC 4180) or JSON.
 *
 * Every row has the same columns in the same order; the names come with the
 * values and become the header line of a CSV file.
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Room for the first row of a CSV table, which waits for its header. */
#define TABLE_ROW_BYTES_MAX 8192

/* is_json and out are set by the caller, the rest is zero. */
struct table {
    bool is_json;
    FILE *out;
    uint64_t n_rows;
    size_t n_values; /* in this row */
    size_t header_bytes, row_bytes;
    char header[TABLE_ROW_BYTES_MAX], row[TABLE_ROW_BYTES_MAX];
};

/* Begin a row; the one before is written. */
void table_row(struct table *table);

/* The next value of the row. */
void table_text(struct table *table, const char *name, const char *value);
void table_u64(struct table *table, const char *name, uint64_t value);
void table_f64(struct table *table, const char *name, double value);

/* Write the last row and what ends the table. */
void table_end(struct table *table);

#endif /* CMD_TABLE_H */
