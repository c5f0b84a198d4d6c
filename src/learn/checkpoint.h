/*
 * checkpoint.h - all that a training run needs to go on as if it had not
 * been interrupted.
 *
 * One file: what decides the numbers (an attribute list, as for results), how
 * far the run is, and flat vectors (parameters, averages), each with a
 * checksum.  Layout: SCHEMA.md.  A run keeps its last two in its directory;
 * each appears under its name only when it is whole.
 */
#ifndef LEARN_CHECKPOINT_H
#define LEARN_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "results/attribute.h"

/* Parameters, two moments, an average. */
#define CHECKPOINT_VECTORS_MAX 4

/* Bytes of the text that says what is wrong with a file. */
#define CHECKPOINT_REASON_BYTES 256

/* How far a run is.  Fields of 8 bytes: this is also their layout on disk. */
struct checkpoint_state {
    uint64_t step;      /* steps done */
    uint64_t tokens;    /* seen, which is also the place in the stream */
    uint64_t bytes;     /* of text that these stand for */
    uint64_t log_bytes; /* of the log that belongs to these steps */
    uint64_t ranks, threads, engine; /* other rounding with others */
    uint64_t branch_step;            /* from where on a cooldown goes... */
    double branch_factor;            /* ...and the factor on the rates there */
    double factor;                   /* of the next step */
    uint64_t is_complete;
    double mean_loss;   /* running, nats per token */
    double lowest_loss; /* that it had so far */
    double seconds;     /* spent in steps */
};

struct checkpoint {
    struct attribute_list identity;
    struct checkpoint_state state;
    size_t size; /* numbers in a vector */
    size_t n_vectors;
    const float *vectors[CHECKPOINT_VECTORS_MAX];
    struct file_map map; /* what the vectors lie in, when read */
};

/* Write or replace path. */
int checkpoint_write(const char *path, const struct checkpoint *checkpoint);

/*
 * Map and check a file.  Owner: checkpoint_release(), also after an error.
 *
 * Errors: -1, not reported: reason says what is wrong.
 */
int checkpoint_read(struct checkpoint *checkpoint, const char *path,
    char reason[CHECKPOINT_REASON_BYTES]);
void checkpoint_release(struct checkpoint *checkpoint);

/* Write DIR/checkpoint-STEP and remove all but the last two. */
int checkpoint_save(const char *directory, const struct checkpoint *checkpoint);

/*
 * The last sound one of a directory.  Warns of later ones that are damaged
 * and sets *n_damaged to their number.
 *
 * Returns 1 if found, 0 if not; -1 if the directory cannot be read, reported.
 */
int checkpoint_last(
    struct checkpoint *checkpoint, size_t *n_damaged, const char *directory);

/* Remove all of a directory. */
int checkpoint_clear(const char *directory);

#endif /* LEARN_CHECKPOINT_H */
