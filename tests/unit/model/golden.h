/*
 * golden.h - what PyTorch says about a sequence, and what a model says.
 */
#ifndef TESTS_MODEL_GOLDEN_H
#define TESTS_MODEL_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

#include "math/kernels.h"
#include "model/model.h"

/* What PyTorch says about a sequence. */
struct golden {
    uint32_t *tokens;
    size_t n; /* tokens; one less log2p */
    double *log2p;
    double logits_sum, logits_abs_sum; /* 0: not said */
};

/* -1 and a failed assertion if the file cannot be read. */
int golden_read(struct golden *golden, const char *path);
void golden_free(struct golden *golden);

/*
 * Logits (n, vocabulary) of tokens fed in pieces of at most piece tokens.
 * Makes no assertion: CUnit is not for several threads.
 * Owner: the caller frees with mem_free().
 */
float *golden_logits(const struct model *model, const uint32_t *tokens,
    size_t n, size_t piece, int n_threads);

/* Largest and mean difference to golden->log2p, and that of the total. */
struct golden_error {
    double max, mean, total;
};
struct golden_error golden_compare(const struct golden *golden,
    const struct kernels *kernels, const float *logits, size_t vocabulary);

/*
 * Load a model, feed it in pieces, and assert that it gives what the golden
 * file expected says.
 */
void golden_check(const char *model, const char *expected, const char *label,
    enum math_mode mode, size_t piece);

#endif /* TESTS_MODEL_GOLDEN_H */
