/*
 * train_validate.c - the held-out part, measured as codelen measure does: by
 * the model that was saved, chunk by chunk.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/meter.h"
#include "cmd/train.h"
#include "corpus/corpus.h"
#include "corpus/shard.h"
#include "par/par.h"
#include "predict/predict.h"
#include "results/results.h"

/* What the threads of a rank share. */
struct walk {
    struct train *train;
    struct predictor *predictor;
    uint64_t next, end; /* chunks */
    double bits, bytes;
    int rc;
};

/* The next chunk of the held-out part, or NULL. */
static const uint8_t *
next_chunk(struct walk *w, size_t *bytes, uint8_t *scratch)
{
    struct train *t = w->train;
    const uint8_t *chunk = NULL;

#pragma omp critical(train_chunk)
    if (w->rc == 0 && w->next < w->end) {
        struct shard range = shard_chunk(t->held_out.end - t->held_out.first,
            t->settings->validate_chunk, w->next++);
        *bytes = (size_t)(range.end - range.first);
        chunk = corpus_view(
            t->corpus, t->held_out.first + range.first, *bytes, scratch);
        w->rc = chunk == NULL ? -1 : 0;
    }
    return chunk;
}

/* One thread. */
static void
work(struct walk *w)
{
    size_t bytes, bytes_max = (size_t)w->train->settings->validate_chunk;
    struct predictor_session *session =
        predictor_session_new(w->predictor, bytes_max, 1);
    struct meter *meter = meter_new(NULL, bytes_max, 0, false);
    uint8_t *scratch = mem_alloc(bytes_max, 1);
    const uint8_t *chunk;
    int rc = session == NULL || meter == NULL || scratch == NULL ? -1 : 0;

    while (rc == 0 && (chunk = next_chunk(w, &bytes, scratch)) != NULL) {
        struct result_row row;
        meter_start(meter);
        rc = predictor_score(session, chunk, bytes, meter_take, meter) != 0 ||
                     meter_finish(meter, &row) != 0
                 ? -1
                 : 0;
        if (rc == 0) {
#pragma omp critical(train_sum)
            {
                w->bits += row.ideal_bits;
                w->bytes += (double)bytes;
            }
        }
    }
    if (rc != 0) {
#pragma omp critical(train_chunk)
        w->rc = -1;
    }
    predictor_session_free(session);
    meter_free(meter);
    mem_free(scratch);
}

/* This rank's chunks. */
static int
measure(struct walk *w, const char *directory)
{
    struct train *t = w->train;
    char *name = mem_printf("model:%s", directory);
    struct predictor_options options = {
        .name = name,
        .corpus = t->settings->corpus,
        .start = "model",
        .kernels = t->kernels,
        .n_threads = t->n_threads,
    };

    w->rc = -1;
    w->predictor = name == NULL ? NULL : predictor_open(&options);
    if (w->predictor != NULL) {
        w->rc = 0;
#pragma omp parallel num_threads(t->n_threads)
        work(w);
    }
    predictor_close(w->predictor);
    mem_free(name);
    return w->rc;
}

int
train_validate(
    struct train *t, struct train_measure *result, const char *directory)
{
    double start_s = clock_now_s();
    uint64_t n = shard_chunk_count(
        t->held_out.end - t->held_out.first, t->settings->validate_chunk);
    struct shard mine = shard_of(n, par_rank(t->par), par_size(t->par));
    struct walk w = {.train = t, .next = mine.first, .end = mine.end};

    if (par_any_failed(t->par, measure(&w, directory))) {
        return -1;
    }
    double sums[] = {w.bits, w.bytes};
    par_sum_f64(t->par, sums, 2);
    *result = (struct train_measure){
        .bits = sums[0],
        .bytes = sums[1],
        .seconds = clock_now_s() - start_s,
    };
    return 0;
}
