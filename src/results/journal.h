/*
 * journal.h - rows on disk while a run goes on.
 *
 * An append-only file of records, each with its length and a checksum; the
 * first record says what run the rows belong to.  Layout: SCHEMA.md.
 */
#ifndef RESULTS_JOURNAL_H
#define RESULTS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "results/attribute.h"

struct result_row;

/* Written into each journal; a journal of another version is not read. */
#define JOURNAL_VERSION 2

/* What every row of a run looks like. */
struct journal_shape {
    uint64_t n_chunks;
    size_t n_buckets;
    bool has_token_bits;
};

/* Bytes of a row's record payload. */
size_t journal_row_bytes(const struct journal_shape *shape, uint64_t n_tokens);

/*
 * Writing.
 */
struct journal;

/*
 * Make a new file at path, which must not exist.
 *
 * Errors: also if the disk is full.
 */
struct journal *journal_create(const char *path,
    const struct journal_shape *shape, const struct attribute_list *identity);

/*
 * Append one row.  When it returns, the whole record was given to the kernel
 * in one write; it is on the disk within about a second.
 *
 * Errors: -1; what was written of the record is cut off again, so that the
 * file ends with a whole record.
 */
int journal_append(struct journal *journal, const struct result_row *row);

/* Everything to the disk, and close.  Accepts NULL. */
int journal_close(struct journal *journal);

/*
 * Reading.
 */
enum journal_outcome {
    JOURNAL_OK,
    JOURNAL_WITHOUT_HEADER, /* the process ended before it was written */
    JOURNAL_OTHER,          /* belongs to another run: see reader->problem */
    JOURNAL_FAILED,         /* reported */
};

struct journal_reader {
    const char *path; /* kept */
    struct journal_shape shape;
    struct file_map map;
    size_t at; /* offset of the next record */
    uint64_t n_rows;
    bool is_damaged;   /* the record at offset at is cut off or altered */
    char problem[600]; /* for JOURNAL_OTHER: what differs, with values */
};

/*
 * Open and compare the header with the identity of this run.
 *
 * Owner: journal_reader_close() whatever the outcome; path is kept.
 */
enum journal_outcome journal_reader_open(struct journal_reader *reader,
    const char *path, const struct journal_shape *shape,
    const struct attribute_list *identity);

/*
 * The payload of the next row: the packed row fields, then bits by position,
 * then token bits.  Valid until close; at any alignment.  NULL: no more whole
 * rows; then is_damaged tells whether bytes are left.
 */
const uint8_t *journal_reader_next(struct journal_reader *reader);

/* Take the pages out of this process; they come back when a row is read. */
void journal_reader_rest(const struct journal_reader *reader);
void journal_reader_close(struct journal_reader *reader);

#endif /* RESULTS_JOURNAL_H */
