/*
 * writer.h - the HDF5 file of a run, written by all ranks together.
 *
 * All functions are collective.  Return values may differ between ranks
 * (but for writer_create()): the caller asks par_any_failed() after each, and
 * after a failure calls only writer_close().
 */
#ifndef RESULTS_WRITER_H
#define RESULTS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/fields.h"

struct attribute;
struct par;
struct writer;

/*
 * Rows in one HDF5 chunk of a dataset under /chunk, and values in one of
 * /token/bits: units of compression and of what one rank writes.  Larger:
 * fewer pieces (HDF5 1.10 fails with more than 32,768 in one collective
 * call), more to read for one row.
 */
#define WRITER_ROWS_PER_PIECE   ((uint64_t)1 << 12)
#define WRITER_TOKENS_PER_PIECE ((uint64_t)1 << 20)

struct writer_options {
    const char *path; /* replaced if it exists */
    uint64_t n_chunks;
    uint64_t n_tokens; /* values of /token/bits */
    size_t n_buckets;
    bool has_token_bits;
    size_t attribute_bytes; /* about, of all attributes to come */
};

/*
 * Make the file with empty datasets.
 *
 * Errors: NULL on all ranks; what was made of the file is closed.
 */
struct writer *writer_create(
    struct par *par, const struct writer_options *options);

/*
 * Write items [first, first + n) of a dataset; n may be 0 on any rank.  Items
 * are rows, for /token/bits values, for /position/... buckets.
 *
 * Requires: no other rank writes into the same HDF5 chunk in this call.
 */
int writer_put(struct writer *writer, enum field_id id, uint64_t first,
    uint64_t n, const void *data);

/*
 * Attributes of groups, which are made where needed; the same on all ranks.
 * A group with defaults has an attribute "defaults" with their names.  Of two
 * with the same group and name the first counts.
 */
int writer_attributes(
    struct writer *writer, const struct attribute *items, size_t n);

/* Everything to the file, and last the mark that it is complete. */
int writer_complete(struct writer *writer);

/* Errors: -1 if something could not be written.  Accepts NULL. */
int writer_close(struct writer *writer);

#endif /* RESULTS_WRITER_H */
