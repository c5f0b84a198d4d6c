/*
 * model_config.h - the numbers that describe a model, from config.json (old
 * and new spelling) or from GGUF metadata.
 *
 * One description for all families: the block is norm, attention with rotary
 * positions, norm, gated MLP; families differ in which biases exist.
 */
#ifndef MODEL_MODEL_CONFIG_H
#define MODEL_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model_rope.h"

struct weights;

struct model_config {
    const char *architecture; /* static */
    size_t n_layers, width, n_heads, n_kv_heads, head_width, mlp_width;
    size_t vocabulary;
    size_t positions_max; /* context the model was made for */
    double epsilon;       /* of the RMS norms */
    struct model_rope rope;
    bool has_qkv_bias, has_output_bias, has_mlp_bias;
    bool is_tied;         /* the output layer is the embedding */
    bool has_paired_rows; /* q, k rows: rotary pairs are neighbours */
    int64_t start_token;  /* -1: none */
};

/*
 * What a family fixes, and its values for keys that a config.json lacks, as
 * the configuration classes of transformers publish them.
 */
struct model_family {
    const char *name;
    bool is_in_gguf;      /* GGUF has an architecture of that name */
    bool has_paired_rows; /* in GGUF */
    bool has_qkv_bias;    /* always */
    bool may_have_bias;   /* attention_bias, mlp_bias are read */
    bool has_window;      /* sliding_window counts when missing */
    size_t n_kv_heads;    /* 0: as many as heads */
    size_t positions_max;
    int64_t start_token;
};

/* Errors: NULL; reported with the families known. */
const struct model_family *model_family_find(
    const char *name, bool is_gguf, const char *path);

/* Read and check a config.json. */
int model_config_json(struct model_config *config, const char *path);

/* The same for its text; messages say path. */
int model_config_text(struct model_config *config, const char *text,
    size_t bytes, const char *path);

/* Read and check the metadata of a GGUF file and what its tensors imply. */
int model_config_gguf(
    struct model_config *config, const struct weights *weights);

/* Are all values possible, and small enough to compute with sizes? */
int model_config_check(const struct model_config *config, const char *path);

#endif /* MODEL_MODEL_CONFIG_H */
