/*
 * shared_predictor.c
 *
 * The first rank of a node reads the tokenizer, all of its ranks pack the
 * weights, the first of all ranks computes the hash beside that.
 */
#include "cmd/shared_predictor.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "cmd/run_phases.h"
#include "model/model.h"
#include "par/par.h"
#include "predict/predict.h"

/* Hashing beside other work. */
struct hashing {
    struct predictor *predictor;
    pthread_t thread;
    bool is_beside;
    int rc;
};

static void *
hash(void *user)
{
    struct hashing *hashing = user;

    hashing->rc = predictor_hash(hashing->predictor);
    return NULL;
}

static void
begin_hash(struct hashing *hashing)
{
    hashing->is_beside =
        pthread_create(&hashing->thread, NULL, hash, hashing) == 0;
}

static int
end_hash(struct hashing *hashing)
{
    if (hashing->is_beside) {
        pthread_join(hashing->thread, NULL);
    } else {
        hash(hashing);
    }
    return hashing->rc;
}

static void
add_phase(struct run_phases *phases, enum run_phase phase, double *since)
{
    if (phases != NULL) {
        run_phase_add(phases, phase, since);
    }
}

/* Pack this rank's part of the weights, and hash. */
static int
fill(struct par *par, struct run_phases *phases, struct predictor *predictor,
    const struct model_place *place)
{
    struct hashing hashing = {.predictor = predictor};
    bool is_hashing = par_rank(par) == 0;
    double now = clock_now_s();

    if (is_hashing) {
        begin_hash(&hashing);
    }
    int rc = predictor_fill(predictor, place);
    add_phase(phases, RUN_SETUP_WEIGHTS, &now);
    if (is_hashing) {
        rc |= end_hash(&hashing);
        add_phase(phases, RUN_SETUP_HASH, &now);
    }
    return rc;
}

struct predictor *
shared_predictor_open(struct par_memory **memory, struct par *par,
    struct run_phases *phases, const struct predictor_options *options)
{
    struct predictor_options own = *options;
    struct model_place place;
    double now = clock_now_s();

    own.is_filled_later = true;
    own.is_follower = par_node_rank(par) > 0;
    struct predictor *predictor = predictor_open(&own);
    if (par_any_failed(par, predictor == NULL ? -1 : 0)) {
        goto fail;
    }
    *memory = par_memory_new(par, predictor_place_bytes(predictor));
    if (*memory == NULL) {
        goto fail;
    }
    add_phase(phases, RUN_SETUP_PREDICTOR, &now);
    place.memory = par_memory_data(*memory);
    place.part = par_memory_part(*memory, &place.n_parts);
    if (par_any_failed(par, fill(par, phases, predictor, &place))) {
        goto fail;
    }
    par_memory_settle(*memory);
    now = clock_now_s();
    if (par_any_failed(par, predictor_attach(predictor, &place))) {
        goto fail;
    }
    add_phase(phases, RUN_SETUP_PREDICTOR, &now);
    return predictor;

fail:
    predictor_close(predictor);
    return NULL;
}
