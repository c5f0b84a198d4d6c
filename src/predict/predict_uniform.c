/*
 * predict_uniform.c - every byte is equally likely: 8 bits each.
 */
#include "base/report.h"
#include "predict/predictor.h"

static int
uniform_open(struct predictor *predictor,
    const struct predictor_options *options, const char *rest)
{
    if (rest != NULL) {
        report_error(
            "predictor \"%s\": uniform takes no argument", options->name);
        return -1;
    }
    predictor->info.description = "every byte equally likely";
    return 0;
}

static int
uniform_score(struct predictor_session *session, const uint8_t *chunk,
    size_t bytes, predict_emit *emit, void *user)
{
    (void)session;
    for (size_t i = 0; i < bytes; i++) {
        struct predict_symbol symbol = {
            .cumulative = chunk[i],
            .frequency = 1,
            .total = 256,
            .bits = 8.0,
            .n_bytes = 1,
        };
        if (emit(user, &symbol)) {
            return -1;
        }
    }
    return 0;
}

static int
uniform_walk(struct predictor_walk *walk, struct predict_path *path,
    predict_choose *choose)
{
    uint64_t frequency[256];

    (void)walk;
    for (size_t i = 0; i < 256; i++) {
        frequency[i] = 1;
    }
    for (size_t i = path->n_given; i < path->n_bytes; i++) {
        path->out[i] = (uint8_t)choose(path->chooser, frequency, 256, 256);
    }
    return 0;
}

const struct predict_kind predict_uniform = {
    .name = "uniform",
    .usage = "uniform",
    .open = uniform_open,
    .score = uniform_score,
    .walk_bytes = uniform_walk,
};
