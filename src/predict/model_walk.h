/*
 * model_walk.h - a model goes through many chunks in lock-step; private to
 * this folder.
 */
#ifndef PREDICT_MODEL_WALK_H
#define PREDICT_MODEL_WALK_H

#include <stddef.h>

#include "predict/walk.h"

struct model_predictor;
struct model_walk;

struct model_walk *model_walk_new(const struct model_predictor *predictor,
    size_t chunk_bytes_max, size_t n_paths_max, int n_threads);
void model_walk_free(struct model_walk *walk);

/* As predictor_walk(). */
int model_walk(struct model_walk *walker, const struct predict_walk *walk);

#endif /* PREDICT_MODEL_WALK_H */
