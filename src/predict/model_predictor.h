/*
 * model_predictor.h - "model:PATH": what predict_model.c opens and
 * model_session.c goes through a chunk with; private to this folder.
 *
 * A window is the start token, if there is one, and up to capacity tokens of
 * the chunk.  Window w holds the tokens from w * step on; of all windows but
 * the first only the last step tokens are new, the others are their context.
 */
#ifndef PREDICT_MODEL_PREDICTOR_H
#define PREDICT_MODEL_PREDICTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "predict/predict.h"

struct kernels;
struct model;
struct tokenizer;

struct model_predictor {
    const struct kernels *kernels;
    int n_threads; /* that help to load */
    struct model *model;
    struct tokenizer *tokenizer;
    char *description;
    uint32_t vocabulary;   /* of the model: what the softmax is over */
    uint32_t first_escape; /* tokens from here on are escaped bytes */
    bool has_escapes;
    int64_t start_token; /* -1: none */
    size_t context;      /* positions of a window */
    size_t capacity;     /* tokens of the chunk in a window */
    size_t step;         /* tokens by which windows advance */
};

struct model_session;

struct model_session *model_session_new(const struct model_predictor *predictor,
    size_t chunk_bytes_max, int n_threads);
void model_session_free(struct model_session *session);

/* As predictor_score(); adds to *flops. */
int model_session_score(struct model_session *session, double *flops,
    const uint8_t *chunk, size_t bytes, predict_emit *emit, void *user);

#endif /* PREDICT_MODEL_PREDICTOR_H */
