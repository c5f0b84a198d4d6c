/*
 * predict_ngram.c - "ngram:K": adaptive contexts of up to K bytes.
 *
 * Begins with no knowledge at each chunk, or, with carry, goes on where the
 * chunk before ended.
 */
#include "base/mem.h"
#include "base/report.h"
#include "base/units.h"
#include "math/elementary.h"
#include "predict/ngram.h"
#include "predict/predictor.h"

struct ngram_settings {
    unsigned order;
    char *description;
};

static int
ngram_open(struct predictor *predictor, const struct predictor_options *options,
    const char *rest)
{
    uint64_t order;

    if (rest == NULL || units_parse_u64(&order, rest) ||
        order > NGRAM_ORDER_MAX) {
        report_error("predictor \"%s\": want ngram:K with K from 0 to %d",
            options->name, NGRAM_ORDER_MAX);
        return -1;
    }
    struct ngram_settings *settings = mem_alloc(1, sizeof(*settings));
    predictor->data = settings;
    if (settings == NULL) {
        return -1;
    }
    settings->order = (unsigned)order;
    settings->description =
        mem_printf("interpolated contexts of 0 to %u bytes, %s",
            settings->order, options->carry ? "carried on" : "reset");
    predictor->info.description = settings->description;
    predictor->info.context = order;
    predictor->info.is_sequential = options->carry;
    return settings->description == NULL ? -1 : 0;
}

static void
ngram_close(struct predictor *predictor)
{
    struct ngram_settings *settings = predictor->data;

    if (settings != NULL) {
        mem_free(settings->description);
        mem_free(settings);
    }
}

static int
ngram_session_init(
    struct predictor_session *session, size_t chunk_bytes_max, int n_threads)
{
    const struct ngram_settings *settings = session->predictor->data;

    (void)chunk_bytes_max;
    (void)n_threads;
    session->data = ngram_new(settings->order, NGRAM_CONTEXTS_MAX);
    return session->data == NULL ? -1 : 0;
}

static void
ngram_session_release(struct predictor_session *session)
{
    ngram_free(session->data);
}

static int
ngram_score(struct predictor_session *session, const uint8_t *chunk,
    size_t bytes, predict_emit *emit, void *user)
{
    struct ngram *ngram = session->data;

    if (!session->predictor->info.is_sequential) {
        ngram_reset(ngram);
    }
    for (size_t i = 0; i < bytes; i++) {
        struct ngram_interval interval = ngram_find(ngram, chunk[i]);
        struct predict_symbol symbol = {
            .cumulative = interval.cumulative,
            .frequency = interval.frequency,
            .total = interval.total,
            .bits = elementary_log2((double)interval.total) -
                    elementary_log2((double)interval.frequency),
            .n_bytes = 1,
        };
        if (emit(user, &symbol) || ngram_learn(ngram, chunk[i])) {
            return -1;
        }
    }
    return 0;
}

static int
ngram_walk_init(struct predictor_walk *walk, int n_threads)
{
    const struct ngram_settings *settings = walk->predictor->data;

    (void)n_threads;
    walk->data = ngram_new(settings->order, NGRAM_CONTEXTS_MAX);
    return walk->data == NULL ? -1 : 0;
}

static void
ngram_walk_release(struct predictor_walk *walk)
{
    ngram_free(walk->data);
}

static int
ngram_walk(struct predictor_walk *walk, struct predict_path *path,
    predict_choose *choose)
{
    struct ngram *ngram = walk->data;
    uint64_t frequency[256];

    if (!walk->predictor->info.is_sequential) {
        ngram_reset(ngram);
    }
    for (size_t i = 0; i < path->n_bytes; i++) {
        if (i >= path->n_given) {
            uint64_t total = ngram_frequencies(ngram, frequency);
            path->out[i] =
                (uint8_t)choose(path->chooser, frequency, 256, total);
        }
        /* Learning takes up what finding found. */
        (void)ngram_find(ngram, path->out[i]);
        if (ngram_learn(ngram, path->out[i]) != 0) {
            return -1;
        }
    }
    return 0;
}

const struct predict_kind predict_ngram = {
    .name = "ngram",
    .usage = "ngram:K",
    .open = ngram_open,
    .close = ngram_close,
    .session_init = ngram_session_init,
    .session_release = ngram_session_release,
    .score = ngram_score,
    .walk_init = ngram_walk_init,
    .walk_release = ngram_walk_release,
    .walk_bytes = ngram_walk,
};
