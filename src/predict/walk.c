/*
 * walk.c - what is the same for all kinds, and the loop of those that make
 * one chunk after the other.
 */
#include "predict/walk.h"

#include "base/mem.h"
#include "predict/predictor.h"

/* Streams of a model with small caches, and rows that use products fully. */
#define PATHS 16

bool
predictor_can_walk(const struct predictor *predictor)
{
    const struct predict_kind *kind = predictor->kind;

    return kind->walk_paths != NULL || kind->walk_bytes != NULL;
}

size_t
predictor_walk_paths(const struct predictor *predictor)
{
    return predictor->kind->walk_paths != NULL ? PATHS : 1;
}

struct predictor_walk *
predictor_walk_new(const struct predictor *predictor, size_t chunk_bytes_max,
    size_t n_paths_max, int n_threads)
{
    struct predictor_walk *walk = mem_alloc(1, sizeof(*walk));

    if (walk == NULL) {
        return NULL;
    }
    walk->predictor = predictor;
    walk->chunk_bytes_max = chunk_bytes_max;
    walk->n_paths_max = n_paths_max;
    if (predictor->kind->walk_init != NULL &&
        predictor->kind->walk_init(walk, n_threads) != 0) {
        predictor_walk_free(walk);
        return NULL;
    }
    return walk;
}

void
predictor_walk_free(struct predictor_walk *walk)
{
    if (walk != NULL) {
        if (walk->predictor->kind->walk_release != NULL) {
            walk->predictor->kind->walk_release(walk);
        }
        mem_free(walk);
    }
}

int
predictor_walk(struct predictor_walk *walk, predict_choose *choose,
    predict_next *next, void *user)
{
    const struct predict_kind *kind = walk->predictor->kind;

    if (kind->walk_paths != NULL) {
        return kind->walk_paths(walk, choose, next, user);
    }
    for (struct predict_path *path = next(user); path != NULL;
         path = next(user)) {
        if (kind->walk_bytes(walk, path, choose) != 0) {
            return -1;
        }
    }
    return 0;
}
