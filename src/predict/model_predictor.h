/*
 * model_predictor.h - "model:PATH" as predict_model.c opens it; private to
 * this folder.
 */
#ifndef PREDICT_MODEL_PREDICTOR_H
#define PREDICT_MODEL_PREDICTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels;
struct model;
struct tokenizer;

struct model_predictor {
    const struct kernels *kernels;
    int n_threads; /* that help to load */
    char *path;
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

#endif /* PREDICT_MODEL_PREDICTOR_H */
