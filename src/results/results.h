/*
 * results.h - rows of a run: journal while it runs, HDF5 at the end.
 *
 * Each rank appends its rows to a journal beside the output; at the end all
 * ranks write one HDF5 file together.  A run that was stopped is continued
 * from its journals by any number of ranks (contract C2).  Layout: SCHEMA.md.
 */
#ifndef RESULTS_RESULTS_H
#define RESULTS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct par;
struct results;

/* What is known about one chunk.  Arrays are borrowed. */
struct result_row {
    uint64_t index;       /* number of the chunk in the corpus */
    uint64_t offset;      /* of its first byte */
    uint64_t raw_bytes;   /* its length */
    uint64_t tokens;      /* symbols of the predictor; 0 for codecs */
    double ideal_bits;    /* sum of -log2 p; codecs: 8 * coded_bytes */
    uint64_t coded_bytes; /* length of its code, ended and in whole bytes */
    double seconds;       /* of one thread's or one rank's time */
    double flops;         /* floating-point operations; 0: not counted */
    uint64_t lost_bits;   /* of the chunk, that its code does not tell */
    const float *bits_by_position; /* n_buckets; NULL for codecs */
    const float *token_bits;       /* tokens values, or NULL */
};

/* An attribute of the output: which group, name, and one value. */
enum attribute_type { ATTRIBUTE_TEXT, ATTRIBUTE_U64, ATTRIBUTE_F64 };

struct attribute {
    const char *group; /* "run", "build", "input", "predictor", "options" */
    const char *name;
    enum attribute_type type;
    const char *text;
    uint64_t u64;
    double f64;
    bool is_default; /* options: the value was not given by the user */
};

struct results_options {
    const char *path;
    bool overwrite;
    uint64_t n_chunks;
    uint64_t corpus_bytes;
    uint64_t chunk_bytes; /* 0: whole */
    size_t n_buckets;     /* of bits_by_position; 0 for codecs */
    bool has_token_bits;
    /* What decides the numbers: a journal or an output is continued only if
     * all of these are equal; the first that differs is named. */
    const struct attribute *identity;
    size_t n_identity;
};

enum results_outcome {
    RESULTS_READY,    /* go on: some or all chunks are missing */
    RESULTS_COMPLETE, /* the output exists, complete and equal: nothing to do */
    RESULTS_FAILED,   /* reported */
};

/*
 * Begin or continue an output.
 *
 * Collective: yes; the outcome is the same on every rank.
 * Errors: the directory is missing, the output exists and is complete but was
 * made with other options (named) and overwrite is not set, a journal that
 * belongs to other options, no permission, no space.
 */
enum results_outcome results_open(struct results **results, struct par *par,
    const struct results_options *options);

/* Chunks that are already on disk. */
uint64_t results_done_count(const struct results *results);

/* Whether chunk index was on disk when the output was opened. */
bool results_has(const struct results *results, uint64_t index);

/*
 * Chunks still missing that rank r of n is to do: the r-th contiguous part of
 * the missing ones, in order.  *list has *n_list numbers, valid until close.
 */
void results_todo(
    const struct results *results, const uint64_t **list, uint64_t *n_list);

/* Append a row to this rank's journal: it survives the process when this
   returns, the machine within about a second. */
int results_append(struct results *results, const struct result_row *row);

/*
 * Write the HDF5 file under a temporary name, mark it complete, rename it,
 * remove the journals.
 *
 * Collective: yes; all ranks return the same.
 * Requires: every chunk is in a journal.
 */
int results_finish(struct results *results, const struct attribute *attributes,
    size_t n_attributes);

/* Close; journals of an unfinished run stay. */
void results_close(struct results *results);

/* "HDF5 1.10.8": the library that writes the outputs. */
const char *results_library(void);

/*
 * Position buckets: two per octave.  Bucket b holds the bytes of a chunk at
 * [results_bucket_first(b), results_bucket_first(b + 1)): 0, 1, 2, 3, 4-5,
 * 6-7, 8-11, 12-15, ...
 */
uint64_t results_bucket_first(size_t bucket);
size_t results_bucket_of(uint64_t position);
size_t results_bucket_count(uint64_t chunk_bytes_max);

#endif /* RESULTS_RESULTS_H */
