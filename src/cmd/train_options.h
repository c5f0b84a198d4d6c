/*
 * train_options.h - the settings of codelen train.
 */
#ifndef CMD_TRAIN_OPTIONS_H
#define CMD_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options_spec;

struct train_settings {
    const char *corpus;
    uint64_t first_byte, n_bytes; /* part of it; 0: all */
    const char *patch, *grey;     /* of images; NULL: not given */
    const char *config, *tokenizer, *out;
    bool overwrite;
    const char *context;
    uint64_t batch; /* tokens */
    uint64_t n_steps, max_bytes;
    double max_hours;
    uint64_t seed;
    const char *sampling;
    const char *optimizer;
    double rate, muon_rate;
    double beta1, beta2, epsilon, decay, muon_momentum, muon_decay, clip;
    const char *schedule;
    uint64_t warmup; /* 0: auto */
    double decay_share, last_rate, ema;
    const char *cooldown_from;
    const char *validate;
    uint64_t validate_every, validate_chunk;
    uint64_t checkpoint_every, log_every;
    const char *save_at, *store;
    const char *engine;
    bool recompute;
    uint64_t threads;
};

extern const struct options_spec train_spec;

#endif /* CMD_TRAIN_OPTIONS_H */
