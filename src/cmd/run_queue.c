/*
 * run_queue.c
 *
 * Slots hold the chunks in work, in the order of their numbers, in a ring.
 * One mutex guards all of it; reading, scoring, emitting and appending happen
 * outside of it, reading under a mutex of its own.
 */
#include "cmd/run_queue.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/run_internal.h"
#include "cmd/run_phases.h"
#include "corpus/corpus.h"
#include "corpus/shard.h"
#include "par/par.h"
#include "results/results.h"

/* Chunks in work per thread at most; enough for a batch of short ones. */
#define SLOTS_MAX 32

/* A token has about so many bytes, or one: how many chunks make a batch. */
#define BYTES_PER_ROW 4

enum slot_state {
    SLOT_FREE,
    SLOT_OPENING, /* being read and begun by a thread */
    SLOT_OPEN,    /* has parts */
    SLOT_CLOSING  /* all parts are scored; somebody emits */
};

struct run_slot {
    enum slot_state state;
    void *item; /* of the kind */
    struct result_row row;
    uint8_t *scratch; /* for corpora that are not mapped as they are */
    size_t n_parts, n_taken, n_emitted;
    bool *is_scored; /* ring (n_open_max) */
    bool is_emitting;
};

struct run_queue {
    struct run *run;
    const struct run_kind *kind;
    int n_workers;
    size_t chunk_bytes_max, n_open_max, n_slots;
    struct run_slot *slots;

    pthread_mutex_t reading; /* of the corpus */
    pthread_mutex_t mutex;   /* of all that follows, and the slots */
    pthread_cond_t changed;
    uint64_t n_opened; /* chunks; the next goes to slot n_opened % n_slots */
    uint64_t n_oldest; /* chunks before this one are done */
    bool is_held;
    int n_busy;     /* threads that score */
    double taken_s; /* when the last of them began */
    double score_s; /* what the last batch took; 0: none yet */
};

/* Chunks in work: enough for a batch per thread and one more being filled. */
static size_t
count_slots(const struct run_queue *queue)
{
    const struct run *run = queue->run;
    size_t rows = queue->chunk_bytes_max / BYTES_PER_ROW + 1;
    size_t each = queue->kind->grain.rows_max / rows + 2;
    size_t n = (each < SLOTS_MAX ? each : SLOTS_MAX) * (size_t)queue->n_workers;

    if (queue->kind->is_sequential) {
        return 1;
    }
    return n < run->n_todo ? n : (size_t)run->n_todo;
}

/* Parts of a chunk that are scored and not emitted: a batch per thread, and
   as much that waits for the slowest. */
static size_t
count_open(const struct run_queue *queue)
{
    const struct predictor_grain *grain = &queue->kind->grain;
    size_t batch =
        grain->part_rows == 0 ? 1 : grain->rows_max / grain->part_rows;

    batch = batch < 1 ? 1 : batch < RUN_PARTS_MAX ? batch : RUN_PARTS_MAX;
    return 2 * batch * (size_t)queue->n_workers;
}

static int
init_slot(const struct run_queue *queue, struct run_slot *slot)
{
    const struct run_kind *kind = queue->kind;

    slot->item = kind->item_new(
        kind->user, queue->run, queue->chunk_bytes_max, queue->n_open_max);
    slot->scratch = mem_map(queue->chunk_bytes_max);
    slot->is_scored = mem_alloc(queue->n_open_max, sizeof(bool));
    return slot->item == NULL || slot->scratch == NULL ||
                   slot->is_scored == NULL
               ? -1
               : 0;
}

struct run_queue *
run_queue_new(struct run *run, const struct run_kind *kind, int n_workers)
{
    struct run_queue *queue = mem_alloc(1, sizeof(*queue));
    int rc = 0;

    if (queue == NULL) {
        return NULL;
    }
    queue->run = run;
    queue->kind = kind;
    queue->n_workers = n_workers;
    queue->chunk_bytes_max = (size_t)run_chunk_bytes_max(run);
    queue->n_open_max = count_open(queue);
    pthread_mutex_init(&queue->reading, NULL);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    queue->n_slots = count_slots(queue);
    queue->slots = mem_alloc(queue->n_slots, sizeof(*queue->slots));
    for (size_t i = 0; i < queue->n_slots && queue->slots != NULL; i++) {
        rc |= init_slot(queue, &queue->slots[i]);
    }
    if (queue->slots == NULL || rc != 0) {
        run_queue_free(queue);
        return NULL;
    }
    return queue;
}

void
run_queue_free(struct run_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    for (size_t i = 0; i < queue->n_slots && queue->slots != NULL; i++) {
        struct run_slot *slot = &queue->slots[i];
        queue->kind->item_free(slot->item);
        mem_unmap(slot->scratch, queue->chunk_bytes_max);
        mem_free(slot->is_scored);
    }
    mem_free(queue->slots);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    pthread_mutex_destroy(&queue->reading);
    mem_free(queue);
}

bool
run_queue_held(const struct run_queue *queue)
{
    return queue->is_held;
}

/* Read number k of this rank's chunks and begin it.  Without the mutex. */
static int
open_chunk(struct run_queue *queue, struct run_slot *slot, uint64_t k,
    struct run_phases *phases)
{
    struct run *run = queue->run;
    uint64_t i = run->todo ? run->todo[k] : run->todo_first + k;
    struct shard range =
        shard_chunk(corpus_bytes(run->corpus), run->settings->chunk_bytes, i);
    size_t bytes = (size_t)(range.end - range.first);
    const uint8_t *chunk = NULL;
    double start_s = clock_now_s(), now = start_s;

    slot->row = (struct result_row){
        .index = i,
        .offset = run->settings->first_byte + range.first,
        .raw_bytes = bytes,
    };
    slot->n_taken = slot->n_emitted = 0;
    pthread_mutex_lock(&queue->reading);
    run_phase_add(phases, RUN_WAIT, &now);
    if (corpus_check(run->corpus) == 0) {
        chunk = corpus_view(run->corpus, range.first, bytes, slot->scratch);
    }
    pthread_mutex_unlock(&queue->reading);
    run_phase_add(phases, RUN_READ, &now);
    if (chunk == NULL ||
        queue->kind->begin(slot->item, &slot->n_parts, chunk, bytes) != 0) {
        return -1;
    }
    run_phase_add(phases, RUN_TOKENIZE, &now);
    slot->row.seconds = now - start_s;
    return 0;
}

/* Whether another chunk can be opened now.  With the mutex. */
static bool
can_open(const struct run_queue *queue)
{
    const struct run *run = queue->run;

    return !run->is_stopping && queue->n_opened < run->n_todo &&
           queue->n_opened - queue->n_oldest < queue->n_slots;
}

/* Open the next chunk, letting others at the queue meanwhile. */
static void
open_next(struct run_queue *queue, struct run_phases *phases)
{
    uint64_t k = queue->n_opened++;
    struct run_slot *slot = &queue->slots[k % queue->n_slots];

    slot->state = SLOT_OPENING;
    pthread_mutex_unlock(&queue->mutex);
    int rc = open_chunk(queue, slot, k, phases);
    pthread_mutex_lock(&queue->mutex);
    slot->state = SLOT_OPEN;
    if (rc != 0) {
        slot->n_parts = 0;
        queue->run->rc = -1;
    }
    pthread_cond_broadcast(&queue->changed);
}

/* What is left to be taken. */
struct rest {
    uint64_t n_parts;   /* of open chunks */
    bool may_come_more; /* from chunks that are not open yet */
};

static struct rest
look_at_rest(const struct run_queue *queue)
{
    const struct run *run = queue->run;
    struct rest rest = {
        .may_come_more = !run->is_stopping && queue->n_opened < run->n_todo,
    };

    for (uint64_t k = queue->n_oldest; k < queue->n_opened; k++) {
        const struct run_slot *slot = &queue->slots[k % queue->n_slots];
        rest.may_come_more |= slot->state == SLOT_OPENING;
        if (slot->state == SLOT_OPEN) {
            rest.n_parts += slot->n_parts - slot->n_taken;
        }
    }
    return rest;
}

/* Add parts to a batch, as many as fit and are fair.  True: it is full. */
static bool
fill(struct run_queue *queue, struct run_batch *batch, size_t *n_rows)
{
    const struct run_kind *kind = queue->kind;
    struct rest rest = look_at_rest(queue);
    uint64_t n_left = batch->n + rest.n_parts;

    if (rest.may_come_more) {
        n_left += queue->run->n_todo - queue->n_opened;
    }
    uint64_t n_fair =
        (n_left + (uint64_t)queue->n_workers - 1) / (uint64_t)queue->n_workers;
    for (uint64_t k = queue->n_oldest; k < queue->n_opened; k++) {
        struct run_slot *slot = &queue->slots[k % queue->n_slots];
        while (slot->state == SLOT_OPEN && slot->n_taken < slot->n_parts &&
               slot->n_taken < slot->n_emitted + queue->n_open_max) {
            size_t rows = kind->rows ? kind->rows(slot->item, slot->n_taken)
                                     : kind->grain.rows_max + 1;
            if (batch->n > 0 &&
                (batch->n >= n_fair || batch->n == RUN_PARTS_MAX ||
                    *n_rows + rows > kind->grain.rows_max)) {
                return true;
            }
            *n_rows += rows;
            batch->slots[batch->n] = slot;
            batch->parts[batch->n++] =
                (struct run_part){slot->item, slot->n_taken++};
        }
    }
    return batch->n > 0 &&
           (*n_rows >= kind->grain.rows_max || batch->n >= n_fair);
}

/* Wait for a change, but not long: the first thread looks around. */
static void
wait_for_change(struct run_queue *queue, struct run_phases *phases)
{
    double now = clock_now_s();
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += RUN_LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&queue->changed, &queue->mutex, &until);
    pthread_mutex_unlock(&queue->mutex);
    run_phase_add(phases, RUN_WAIT, &now);
    run_look_around(queue->run);
    pthread_mutex_lock(&queue->mutex);
}

/*
 * Whether all threads would sooner be done with n_parts together, after those
 * that score now, than some of them each with a part from now on.
 */
static bool
is_better_held(const struct run_queue *queue, uint64_t n_parts)
{
    double together =
        (double)n_parts / (RUN_PRODUCT_EFFICIENCY * (double)queue->n_workers);

    if (queue->n_busy == 0 || together >= 1) {
        return together < 1;
    }
    double wait_s = queue->taken_s + queue->score_s - clock_now_s();
    wait_s = wait_s < 0 ? 0 : wait_s;
    return wait_s + together * queue->score_s < queue->score_s;
}

bool
run_queue_take(struct run_queue *queue, struct run_batch *batch, bool may_hold,
    struct run_phases *phases)
{
    size_t n_rows = 0;
    bool is_full = false;

    batch->n = 0;
    pthread_mutex_lock(&queue->mutex);
    while (queue->run->rc == 0 && !is_full) {
        struct rest rest = look_at_rest(queue);
        if (may_hold && batch->n == 0 && !rest.may_come_more &&
            rest.n_parts > 0 &&
            (queue->is_held || is_better_held(queue, rest.n_parts))) {
            queue->is_held = true;
            break;
        }
        is_full = fill(queue, batch, &n_rows);
        if (is_full) {
            break;
        }
        if (can_open(queue)) {
            open_next(queue, phases);
        } else if (batch->n > 0 || (rest.n_parts == 0 && !rest.may_come_more)) {
            break;
        } else {
            wait_for_change(queue, phases);
        }
    }
    if (batch->n > 0) {
        queue->n_busy++;
        queue->taken_s = clock_now_s();
    }
    pthread_mutex_unlock(&queue->mutex);
    return batch->n > 0 && queue->run->rc == 0;
}

/* Emit what is next and scored.  With the mutex, which is let go meanwhile. */
static void
emit_scored(
    struct run_queue *queue, struct run_slot *slot, struct run_phases *phases)
{
    const struct run_kind *kind = queue->kind;

    slot->is_emitting = true;
    while (slot->is_scored[slot->n_emitted % queue->n_open_max] &&
           slot->n_emitted < slot->n_parts && queue->run->rc == 0) {
        double now = clock_now_s(), start_s = now;
        pthread_mutex_unlock(&queue->mutex);
        int rc = kind->emit == NULL ? 0 : kind->emit(slot->item);
        run_phase_add(phases, RUN_CODE, &now);
        pthread_mutex_lock(&queue->mutex);
        if (rc != 0) {
            queue->run->rc = -1;
        }
        slot->row.seconds += now - start_s;
        slot->is_scored[slot->n_emitted++ % queue->n_open_max] = false;
        pthread_cond_broadcast(&queue->changed);
    }
    slot->is_emitting = false;
}

/* All parts are emitted: the row.  With the mutex, which is let go. */
static void
close_chunk(
    struct run_queue *queue, struct run_slot *slot, struct run_phases *phases)
{
    struct run *run = queue->run;
    double now = clock_now_s();

    slot->state = SLOT_CLOSING;
    pthread_mutex_unlock(&queue->mutex);
    int rc = queue->kind->finish(slot->item, &slot->row) != 0 ||
             corpus_check(run->corpus) != 0;
    run_phase_add(phases, RUN_CODE, &now);
    if (rc == 0) {
        rc = run_take_row(run, &slot->row);
        run_phase_add(phases, RUN_JOURNAL, &now);
    }
    pthread_mutex_lock(&queue->mutex);
    if (rc != 0) {
        run->rc = -1;
    }
    slot->state = SLOT_FREE;
    while (queue->n_oldest < queue->n_opened &&
           queue->slots[queue->n_oldest % queue->n_slots].state == SLOT_FREE) {
        queue->n_oldest++;
    }
    pthread_cond_broadcast(&queue->changed);
}

void
run_queue_bring(struct run_queue *queue, const struct run_batch *batch,
    struct run_phases *phases)
{
    pthread_mutex_lock(&queue->mutex);
    queue->n_busy--;
    queue->score_s = batch->seconds;
    for (size_t i = 0; i < batch->n; i++) {
        struct run_slot *slot = batch->slots[i];
        slot->row.seconds += batch->seconds / (double)batch->n;
        slot->is_scored[batch->parts[i].index % queue->n_open_max] = true;
        if (!slot->is_emitting) {
            emit_scored(queue, slot, phases);
            if (slot->state == SLOT_OPEN && slot->n_emitted == slot->n_parts &&
                queue->run->rc == 0) {
                close_chunk(queue, slot, phases);
            }
        }
    }
    pthread_mutex_unlock(&queue->mutex);
}
