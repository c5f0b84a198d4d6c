/*
 * walk.h - chunks from choices: the way back from predict/chunk.h.
 *
 * A walk goes through many chunks in lock-step, a symbol of each at a time,
 * because what comes next depends on what was chosen: by a decoder, which
 * finds the symbols that predictor_score() emitted, or by a sampler.  The
 * frequencies are those of the scoring pass, bit by bit (contract C1),
 * whichever chunks are on the way together.
 *
 * Threads: a predictor is shared; each thread has its own walk.
 */
#ifndef PREDICT_WALK_H
#define PREDICT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct predictor;
struct predictor_walk;

/*
 * Choose one of n symbols with these frequencies, whose sum is total; none is
 * 0 but those that is_sampled excludes.
 */
typedef uint32_t predict_choose(
    void *chooser, const uint64_t *frequency, size_t n, uint64_t total);

/* A chunk to make. */
struct predict_path {
    uint8_t *out;    /* n_bytes; kept until the walk returns */
    size_t n_bytes;  /* that the symbols stand for, exactly */
    size_t n_given;  /* of them, which are there: choices begin after them */
    bool is_sampled; /* tokens without bytes are not offered, and the last one
                        is cut where it has more bytes than are left */
    void *chooser;   /* for choose */
    bool is_refused; /* set: a choice that predictor_score() never emits */
};

/* Whether the kind can: it says its frequencies before it knows the symbol. */
bool predictor_can_walk(const struct predictor *predictor);

/*
 * Chunks of at most chunk_bytes_max, n_paths_max of them on the way at once;
 * n_threads work on a step.
 *
 * Requires: predictor_can_walk().
 * Owner: predictor_walk_free().
 */
struct predictor_walk *predictor_walk_new(const struct predictor *predictor,
    size_t chunk_bytes_max, size_t n_paths_max, int n_threads);
void predictor_walk_free(struct predictor_walk *walk);

/*
 * How many paths a thread should have on the way: enough that weights are
 * read seldom; keys and values of more would only leave the caches.
 */
size_t predictor_walk_paths(
    const struct predictor *predictor, size_t chunk_bytes_max);

/* The next path to begin with; NULL: there are no more. */
typedef struct predict_path *predict_next(void *user);

/* Where paths come from, and what is chosen on them. */
struct predict_walk {
    predict_choose *choose;
    predict_next *next;
    void *user;     /* of next */
    size_t n_paths; /* on the way at once, at most; not above n_paths_max */
};

/*
 * Walk all paths that there are to their ends.
 *
 * Errors: -1; reported.  A refused path is not an error here.
 */
int predictor_walk(
    struct predictor_walk *walker, const struct predict_walk *walk);

#endif /* PREDICT_WALK_H */
