/*
 * results_file.h - reading an output: for export, info and resuming.
 *
 * Reads one HDF5 file in one process, with any build of HDF5.  What is not an
 * output of codelen, of a newer version, or damaged is refused.
 */
#ifndef RESULTS_RESULTS_FILE_H
#define RESULTS_RESULTS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/results.h"

/* Root attributes "format" and "format_version". */
#define RESULTS_FILE_FORMAT  "codelen results"
#define RESULTS_FILE_VERSION 1

struct results_file;

/* Owner: the caller closes with results_file_close(). */
struct results_file *results_file_open(const char *path);
void results_file_close(struct results_file *file);

/* Whether all rows are there; false for a file cut off while written. */
bool results_file_is_complete(const struct results_file *file);

uint64_t results_file_chunk_count(const struct results_file *file);

/* Buckets of bits_by_position; 0: it is not in the file. */
size_t results_file_bucket_count(const struct results_file *file);

/* Values of /token/bits; 0 also if it is not in the file. */
uint64_t results_file_token_count(const struct results_file *file);

/*
 * All attributes of all groups, groups and names in alphabetical order, the
 * root's as group "".  Defaults are marked.  Valid until close.
 */
const struct attribute *results_file_attributes(
    const struct results_file *file, size_t *n);

/* One of them; NULL: absent. */
const struct attribute *results_file_attribute(
    const struct results_file *file, const char *group, const char *name);

/*
 * Values [first, first + n) of the dataset /chunk/NAME, as integers or reals;
 * names and units: SCHEMA.md.
 *
 * Requires: first + n <= results_file_chunk_count().
 */
int results_file_read_u64(struct results_file *file, const char *name,
    uint64_t *out, uint64_t first, uint64_t n);
int results_file_read_f64(struct results_file *file, const char *name,
    double *out, uint64_t first, uint64_t n);

/* Rows [first, first + n) of bits_by_position, n * n_buckets floats. */
int results_file_read_positions(
    struct results_file *file, float *out, uint64_t first, uint64_t n);

/* Sums of bits_by_position over all chunks, in order, n_buckets values. */
int results_file_sum_positions(struct results_file *file, double *sums);

/* Bounds [first, end) of each bucket in bytes, n_buckets values each. */
int results_file_read_buckets(
    struct results_file *file, uint64_t *first, uint64_t *end);

/* Values [first, first + n) of /token/bits. */
int results_file_read_token_bits(
    struct results_file *file, float *out, uint64_t first, uint64_t n);

#endif /* RESULTS_RESULTS_FILE_H */
