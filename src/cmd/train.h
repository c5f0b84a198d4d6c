/*
 * train.h - a training run; private to train*.c.
 *
 * Each rank holds all parameters and computes its part of every batch; sums
 * of gradients make the ranks equal again after each step.
 */
#ifndef CMD_TRAIN_H
#define CMD_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/progress.h"
#include "cmd/train_options.h"
#include "format/tensor.h"
#include "learn/checkpoint.h"
#include "learn/curriculum.h"
#include "learn/net.h"
#include "learn/sampler.h"
#include "learn/schedule.h"
#include "learn/text.h"
#include "model/model_config.h"

struct options;
struct par;
struct train_log;

/* Values of --save-at. */
#define TRAIN_SAVES_MAX 64

struct train {
    struct par *par;
    struct options *options;
    const struct train_settings *settings;
    const struct kernels *kernels; /* exact */
    int n_threads;
    int lock; /* of the output directory, on rank 0; -1: none */

    struct corpus *corpus;
    struct tokenizer *tokenizer;
    struct text_hole held_out; /* of the corpus */
    struct text *text;
    struct par_memory *text_memory;
    double bytes_per_token;
    bool has_start; /* sequences begin with the start token */
    struct sampler sampler;
    struct curriculum curriculum;

    char *config_text; /* of config.json */
    struct model_config config;
    struct net *net;
    const struct net_parameter *table; /* n_table, of the net */
    size_t n_table, size;
    enum net_engine engine;
    struct optimizer *optimizer;
    struct par_sums *sums;
    float *parameters, *gradients; /* size numbers */
    float *average;                /* NULL: none */
    uint32_t *tokens, *targets;    /* this rank's part of a batch */

    struct schedule schedule;
    bool is_branch;   /* cools down from state.branch_step on */
    uint64_t n_steps; /* 0: open */
    uint64_t save_at[TRAIN_SAVES_MAX];
    size_t n_saves;
    double peak_flops; /* per second, of all ranks */

    struct attribute_list identity; /* what decides the numbers */
    struct checkpoint_state state;
    struct train_log *log; /* on rank 0 */
    int rc;                /* -1: this rank failed between two steps */
    double checkpoint_s;   /* when the last checkpoint was written */
    struct progress progress;
};

/* What a step was. */
struct train_step {
    double nats, n_targets; /* over all ranks */
    double norm;            /* of the gradient, before clipping */
    double factor;          /* on the rates */
    double flops, seconds;
    bool is_stopping; /* some rank was asked to */
    bool is_failing;  /* some rank could not write its log */
    bool is_checkpoint_due;
};

/* train_setup.c */

/* Text, configuration, length of the run.  Collective. */
int train_open(struct train *train);

/* Net, optimizer, vectors; a resumed run keeps state.engine.  Collective. */
int train_open_model(struct train *train, bool is_resumed);
void train_close(struct train *train);

/* train_step.c */

/* The factor on the rates in a step. */
double train_factor(const struct train *train, uint64_t step);

/*
 * One step.
 *
 * Collective: yes.
 * Errors: -1: the loss is not a number or diverges; reported.
 */
int train_step(struct train *train, struct train_step *step);

/* train_resume.c */

/*
 * Make or find the output directory; go on from its last checkpoint, from
 * another run's, or begin.  Returns 1 if the run is complete, 0, or -1.
 *
 * Collective: yes; calls train_open_model().
 */
int train_begin(struct train *train);

/* The steps so far, as a checkpoint in the output directory.  Collective. */
int train_checkpoint(struct train *train);

/* Model and checkpoint in OUT/at-BYTES.  Collective. */
int train_keep(struct train *train, uint64_t bytes);

/* train_output.c */

/* Make a directory unless it is there. */
int train_make_directory(const char *path);

/* The weights that are the result: the average, if there is one. */
const float *train_weights(const struct train *train);

/* Write config.json, model.safetensors and the tokenizer; rank 0 only. */
int train_save_model(
    const struct train *train, const char *directory, enum tensor_type type);

/* The type of --store. */
enum tensor_type train_store(const struct train *train);

/* train_validate.c */

struct train_measure {
    double bits, bytes;
    double seconds;
};

/*
 * Bits of the held-out part by the model in directory, as codelen measure
 * counts them.
 *
 * Collective: yes.
 */
int train_validate(
    struct train *train, struct train_measure *measure, const char *directory);

#endif /* CMD_TRAIN_H */
