/*
 * collect.h - the symbols of a chunk, checked and coded.
 */
#ifndef TESTS_PREDICT_COLLECT_H
#define TESTS_PREDICT_COLLECT_H

#include <stddef.h>
#include <stdint.h>

#include "predict/predict.h"

struct collected {
    struct predict_symbol *symbols;
    size_t n, n_max;
    size_t n_tokens;
    double bits;        /* sum of the ideal ones */
    size_t coded_bytes; /* what a range coder makes of them */
};

/*
 * Score a chunk and assert what holds for every predictor: sound intervals,
 * ideal bits that belong to them, a range coder within 0.01 % + 16 bits, which
 * is decoded again.
 *
 * Owner: the caller frees with collect_free().
 */
struct collected collect(
    struct predictor_session *session, const uint8_t *chunk, size_t bytes);
void collect_free(struct collected *collected);

/* Whether two sequences of symbols are equal to the bit. */
int collect_equal(const struct collected *a, const struct collected *b);

/* A session of its own for one predictor name and chunk. */
struct collected collect_named(const struct predictor_options *options,
    const uint8_t *chunk, size_t bytes);

#endif /* TESTS_PREDICT_COLLECT_H */
