/*
 * run_queue.h - the chunks of a rank and their parts, given out to threads.
 *
 * A chunk is opened (read, begun) by the thread that runs out of parts; its
 * parts go to whoever asks; their results are emitted in order by whoever
 * brings the next one.  So threads share a long chunk, and take several short
 * ones at once.
 *
 * Which threads do what, the cost model: a part (a window) is work for one
 * thread, which needs nothing from others for seconds; that is best as long
 * as there are parts for all.  The last parts, when there are fewer than
 * threads, are held back (run_queue_held()) for one worker with all threads
 * inside its products if these meet seldom enough (RUN_PRODUCT_FLOPS) and if
 * that ends sooner: after the parts that are being scored, which take as long
 * as the one before, all threads together reach RUN_PRODUCT_EFFICIENCY of
 * their speed.  Reading weights does not enter: a worker takes enough rows at
 * once (predictor_grain) to need a byte of them in 100 operations, and
 * threads that share a cache share them there.
 */
#ifndef CMD_RUN_QUEUE_H
#define CMD_RUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/run_kind.h"

struct run_phases;
struct run_queue;
struct run_slot;

/*
 * Operations between two points where threads meet that make it pay to divide
 * them: they take 0.1 ms of a core, meeting some microseconds.
 */
#define RUN_PRODUCT_FLOPS 2e7

/*
 * Speed of threads inside products, of what they reach alone: assumed for a
 * machine of its own, as nothing but products' edges and meetings is lost.
 * Where other programs kept one of two cores busy it was 0.15 to 0.57 (256 rows,
 * SmolLM2's matrices, best of many).  Lower: windows are preferred.
 */
#define RUN_PRODUCT_EFFICIENCY 0.8

/* What a thread works on. */
struct run_batch {
    size_t n;
    struct run_part parts[RUN_PARTS_MAX];
    struct run_slot *slots[RUN_PARTS_MAX]; /* of the parts */
    double seconds;                        /* that scoring took */
};

/* For n_workers threads that take.  Errors: NULL; reported. */
struct run_queue *run_queue_new(
    struct run *run, const struct run_kind *kind, int n_workers);
void run_queue_free(struct run_queue *queue);

/*
 * The next parts to score; waits if there may be some later.  may_hold: parts
 * may be held back.  False: there are none for this thread, or the run stops
 * or has failed.
 */
bool run_queue_take(struct run_queue *queue, struct run_batch *batch,
    bool may_hold, struct run_phases *phases);

/* Bring scored parts back: emits and appends what is complete. */
void run_queue_bring(struct run_queue *queue, const struct run_batch *batch,
    struct run_phases *phases);

/* Whether parts were held back; then a single thread may take again. */
bool run_queue_held(const struct run_queue *queue);

#endif /* CMD_RUN_QUEUE_H */
