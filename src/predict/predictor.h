/*
 * predictor.h - what a kind of predictor provides; private to this folder.
 */
#ifndef PREDICT_PREDICTOR_H
#define PREDICT_PREDICTOR_H

#include <stddef.h>
#include <stdint.h>

#include "predict/chunk.h"
#include "predict/predict.h"
#include "predict/walk.h"

/* One row of the table in predict.c.  Functions that do nothing are NULL. */
struct predict_kind {
    const char *name;
    const char *usage; /* as the user writes it, e.g. "ngram:K" */

    /* Set predictor->info and ->data; rest is what follows "KIND:" or NULL. */
    int (*open)(struct predictor *predictor,
        const struct predictor_options *options, const char *rest);
    void (*close)(struct predictor *predictor);
    int (*hash)(struct predictor *predictor);

    /* All or none; as in predict.h. */
    size_t (*place_bytes)(const struct predictor *predictor);
    int (*fill)(struct predictor *predictor, const struct model_place *place);
    int (*attach)(struct predictor *predictor, const struct model_place *place);

    /* Set session->data. */
    int (*session_init)(struct predictor_session *session,
        size_t chunk_bytes_max, int n_threads);
    void (*session_release)(struct predictor_session *session);

    /* Either: all of a chunk at once. */
    int (*score)(struct predictor_session *session, const uint8_t *chunk,
        size_t bytes, predict_emit *emit, void *user);

    /* Or by parts, as in chunk.h; chunk_init sets chunk->data. */
    int (*chunk_init)(struct predictor_chunk *chunk, size_t chunk_bytes_max,
        size_t n_open_max);
    void (*chunk_release)(struct predictor_chunk *chunk);
    int (*chunk_begin)(
        struct predictor_chunk *chunk, const uint8_t *bytes, size_t n_bytes);
    size_t (*chunk_rows)(const struct predictor_chunk *chunk, size_t part);
    double (*chunk_flops)(const struct predictor_chunk *chunk, size_t part);
    struct predictor_grain (*grain)(
        const struct predictor *predictor, size_t chunk_bytes_max);
    int (*score_parts)(struct predictor_session *session,
        const struct predictor_part *parts, size_t n);
    int (*emit_part)(
        struct predictor_chunk *chunk, predict_emit *emit, void *user);

    /* As in walk.h; walk_init sets walk->data.  Neither: it cannot walk. */
    int (*walk_init)(struct predictor_walk *walk, int n_threads);
    void (*walk_release)(struct predictor_walk *walk);
    size_t (*walk_count)(
        const struct predictor *predictor, size_t chunk_bytes_max);
    int (*walk_paths)(
        struct predictor_walk *walker, const struct predict_walk *walk);
    int (*walk_bytes)(struct predictor_walk *walk, struct predict_path *path,
        predict_choose *choose); /* one path; symbols are bytes */
};

struct predictor {
    const struct predict_kind *kind;
    struct predictor_info info;
    void *data; /* of the kind */
};

struct predictor_session {
    const struct predictor *predictor;
    size_t chunk_bytes_max;
    struct predictor_chunk *chunk; /* for predictor_score(); NULL: not yet */
    double flops;                  /* of the last score */
    void *data;                    /* of the kind */
};

struct predictor_chunk {
    const struct predictor *predictor;
    size_t chunk_bytes_max;
    predict_emit *emit;
    void *user;
    const uint8_t *bytes; /* being scored */
    size_t n_bytes;
    size_t n_parts; /* set by chunk_begin */
    uint64_t n_emitted_bytes;
    void *data; /* of the kind */
};

struct predictor_walk {
    const struct predictor *predictor;
    size_t chunk_bytes_max, n_paths_max;
    void *data; /* of the kind */
};

extern const struct predict_kind predict_uniform;
extern const struct predict_kind predict_markov;
extern const struct predict_kind predict_ngram;
extern const struct predict_kind predict_model;
extern const struct predict_kind predict_codec; /* only to generate */

#endif /* PREDICT_PREDICTOR_H */
