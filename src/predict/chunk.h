/*
 * chunk.h - scoring chunks by parts, with many sessions at once.
 *
 * A chunk has parts: the windows of a model; for other predictors it is one
 * part.  Sessions score parts in any order, at the same time, several of them
 * together, also of different chunks.  The symbols of a chunk are emitted in
 * order.  None of this changes a bit.
 *
 * Threads: different parts of a chunk may be scored at once, by sessions of
 * their own; everything else is for one thread at a time.
 */
#ifndef PREDICT_CHUNK_H
#define PREDICT_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "predict/predict.h"

struct predictor_chunk;

/* How parts may be divided among sessions and the threads inside one. */
struct predictor_grain {
    size_t part_rows; /* of the largest part */
    size_t rows_max;  /* rows that a session takes together at most; 0: it
                         takes one part at a time */
    double flops;     /* between two points where the threads inside a session
                         wait for each other; 0: a session has one thread */
};

struct predictor_grain predictor_grain(
    const struct predictor *predictor, size_t chunk_bytes_max);

/*
 * Room for one chunk at a time, of which at most n_open_max parts are scored
 * and not emitted.  Symbols go to emit(user).  Owner: predictor_chunk_free().
 */
struct predictor_chunk *predictor_chunk_new(const struct predictor *predictor,
    size_t chunk_bytes_max, size_t n_open_max, predict_emit *emit, void *user);
void predictor_chunk_free(struct predictor_chunk *chunk);

/* Begin with data, which is kept until predictor_chunk_end(). */
int predictor_chunk_begin(
    struct predictor_chunk *chunk, const uint8_t *data, size_t bytes);

/* Of the chunk that was begun; an empty one may have none. */
size_t predictor_chunk_parts(const struct predictor_chunk *chunk);

/* Rows of a part. */
size_t predictor_chunk_rows(const struct predictor_chunk *chunk, size_t part);

/* Floating-point operations of a part; 0: not counted. */
double predictor_chunk_flops(const struct predictor_chunk *chunk, size_t part);

/*
 * Score parts.  A predictor that learns as it goes emits now.
 *
 * Requires: a part is less than n_open_max above those emitted.
 * Errors: -1; reported.
 */
struct predictor_part {
    struct predictor_chunk *chunk;
    size_t index;
};

int predictor_score_parts(struct predictor_session *session,
    const struct predictor_part *parts, size_t n);

/* Emit the next part, which has been scored. */
int predictor_chunk_emit(struct predictor_chunk *chunk);

/*
 * After the last part: check that the symbols stand for exactly the bytes of
 * the chunk (contract C3).
 */
int predictor_chunk_end(const struct predictor_chunk *chunk);

#endif /* PREDICT_CHUNK_H */
