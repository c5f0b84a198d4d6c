/*
 * predict.h - predictors: a distribution over the next symbol of a chunk.
 *
 * predictor_score() goes through a chunk and emits, for each symbol, its
 * interval among integer frequencies (what a range coder takes) and its ideal
 * code length.
 *
 * Threads: a predictor is shared; each thread has its own session.
 */
#ifndef PREDICT_PREDICT_H
#define PREDICT_PREDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/kernels.h"

struct model_place;
struct predictor;
struct predictor_session;

/* How a predictor is set up.  Strings are kept. */
struct predictor_options {
    const char *name;   /* KIND[:REST], e.g. "ngram:5", "model:DIR" */
    const char *corpus; /* name of the corpus, for "markov" */
    const char *start;  /* "model", "none" or a token id: before a chunk */
    uint64_t context;   /* tokens a model may see, start included, or bytes a
                            codec is given; 0: all */
    uint64_t stride;    /* tokens by which windows slide; 0: no overlap */
    bool generates;     /* for walks that sample: codecs are known too, and
                            windows overlap by half where there is no stride */
    uint64_t ahead;     /* bytes that a codec looks ahead */
    bool carry;         /* n-gram: keep what was learnt between chunks */
    const struct kernels *kernels;
    enum math_weights weights; /* as they lie in memory */
    int n_threads;             /* for loading, and inside a session */
    bool is_filled_later;      /* predictor_fill() follows; else it has weights
                             of its own at once */
    bool is_follower;          /* fills another part than 0: takes what that
                             one has read besides weights */
};

/* Facts for provenance and results; lives as long as the predictor. */
struct predictor_info {
    const char *kind;         /* "uniform", "ngram", "markov", "model" */
    const char *description;  /* one line */
    const char *tokenizer;    /* "bytes" or "bpe" */
    const char *model_sha256; /* "" if there is none */
    const char *tokenizer_sha256;
    uint32_t vocabulary;
    uint64_t n_parameters;
    uint64_t context; /* effective, in tokens; 0: unlimited */
    uint64_t stride;
    int64_t start_token; /* -1: none */
    bool is_sequential;  /* chunks depend on the ones before (carry) */
};

/* Errors: NULL; reported. */
struct predictor *predictor_open(const struct predictor_options *options);
void predictor_close(struct predictor *predictor);
const struct predictor_info *predictor_info(const struct predictor *predictor);

/*
 * Large tables in memory of the caller, which processes may share: bytes that
 * they take (0: there are none; where processes differ, the most count), and
 * this process's part of filling them, as in model/model.h.  When all parts
 * are filled, predictor_attach() makes the predictor usable.
 *
 * Requires: is_filled_later; each once, also for 0 bytes.
 */
size_t predictor_place_bytes(const struct predictor *predictor);
int predictor_fill(
    struct predictor *predictor, const struct model_place *place);
int predictor_attach(
    struct predictor *predictor, const struct model_place *place);

/*
 * Compute the hashes in the info, which reads the weight files.
 *
 * Threads: another one may fill meanwhile.
 */
int predictor_hash(struct predictor *predictor);

/* One symbol of a chunk, as it is coded. */
struct predict_symbol {
    uint64_t cumulative, frequency, total;
    double bits;      /* ideal: -log2 of the predictor's probability */
    uint32_t n_bytes; /* of the chunk that it stands for; 0: the first part
                         of an escape, whose byte follows */
};

/* Returns 0, or -1 to stop. */
typedef int predict_emit(void *user, const struct predict_symbol *symbol);

/* n_threads work inside one call.  Errors: NULL; reported. */
struct predictor_session *predictor_session_new(
    const struct predictor *predictor, size_t chunk_bytes_max, int n_threads);
void predictor_session_free(struct predictor_session *session);

/*
 * Emit the symbols of one chunk in order.  Checks that they stand for exactly
 * the bytes of the chunk (contract C3).
 *
 * Errors: -1; reported.
 */
int predictor_score(struct predictor_session *session, const uint8_t *chunk,
    size_t bytes, predict_emit *emit, void *user);

/* Floating-point operations of the last score. */
double predictor_flops(const struct predictor_session *session);

/* The same step by step, for many sessions: predict/chunk.h. */

#endif /* PREDICT_PREDICT_H */
