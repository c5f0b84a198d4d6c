/*
 * net_sample.h - small models of every kind that can be trained, with a batch
 * and parameters, for the tests of net.
 */
#ifndef TESTS_LEARN_NET_SAMPLE_H
#define TESTS_LEARN_NET_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/net.h"
#include "model/model_config.h"

/* Keys of a small configuration. */
#define SAMPLE_COMMON                                                          \
    "\"hidden_size\": 24, \"num_hidden_layers\": 2, \"vocab_size\": 37, "      \
    "\"intermediate_size\": 20, \"max_position_embeddings\": 256, "            \
    "\"rms_norm_eps\": 1e-5, "

/* A model and the shape of its batch. */
struct sample_kind {
    const char *name;
    size_t B, T;
    const char *config;
    float loudness; /* of queries and keys: large scores, and errors */
};

#define SAMPLE_KINDS 7

extern const struct sample_kind sample_kinds[SAMPLE_KINDS];

/* A net with parameters, a batch and room for gradients. */
struct sample {
    struct model_config config;
    struct net *net;
    struct net_batch batch;
    uint32_t *tokens, *targets;
    float *parameters, *gradients;
    double *exact; /* the parameters in double */
    size_t n;
    double nats;
};

/* False if there is no such net; release all the same. */
bool sample_init(struct sample *s, const struct sample_kind *kind,
    const struct net_options *options);
void sample_release(struct sample *s);

/* Parameters of a size that lets every part matter. */
void sample_fill(struct sample *s, const struct sample_kind *kind);

/* Gradients and nats of the batch. */
void sample_learn(struct sample *s);

#endif /* TESTS_LEARN_NET_SAMPLE_H */
