/*
 * walk.c - what is the same for all kinds, and the loop of those that make
 * one chunk after the other.
 */
#include "predict/walk.h"

#include <assert.h>

#include "base/mem.h"
#include "predict/predictor.h"

bool
predictor_can_walk(const struct predictor *predictor)
{
    const struct predict_kind *kind = predictor->kind;

    return kind->walk_paths != NULL || kind->walk_bytes != NULL;
}

size_t
predictor_walk_paths(const struct predictor *predictor, size_t chunk_bytes_max)
{
    const struct predict_kind *kind = predictor->kind;

    return kind->walk_count == NULL
               ? 1
               : kind->walk_count(predictor, chunk_bytes_max);
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
predictor_walk(struct predictor_walk *walker, const struct predict_walk *walk)
{
    const struct predict_kind *kind = walker->predictor->kind;
    struct predict_path *path;

    assert(walk->n_paths > 0 && walk->n_paths <= walker->n_paths_max);
    if (kind->walk_paths != NULL) {
        return kind->walk_paths(walker, walk);
    }
    while ((path = walk->next(walk->user)) != NULL) {
        if (kind->walk_bytes(walker, path, walk->choose) != 0) {
            return -1;
        }
    }
    return 0;
}
