/*
 * model_config.h - what a model is, from config.json (old and new spelling)
 * or from GGUF metadata.
 *
 * One description for all families, by the parts of a block: norms and where
 * they stand, positions, windows, scales and caps, the MLP, biases.  A part
 * that is all zeros is that of llama.
 */
#ifndef MODEL_MODEL_CONFIG_H
#define MODEL_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/activation.h"
#include "model/model_rope.h"

struct model_names;
struct weights;

#define MODEL_LAYERS_MAX 4096

enum model_norm {
    MODEL_NORM_RMS,   /* x / rms(x) * gain */
    MODEL_NORM_LAYER, /* (x - mean) / deviation * gain + bias */
};

/* A block is attention a and MLP m, with norms n between. */
enum model_order {
    MODEL_ORDER_PRE,      /* h += a(n(h)); h += m(n(h)) */
    MODEL_ORDER_SANDWICH, /* h += n(a(n(h))); h += n(m(n(h))) */
    MODEL_ORDER_POST, /* h = n(h + a(h)); h = n(h + m(h)); none at the end */
    MODEL_ORDER_PARALLEL, /* h += a(n(h)) + m(n'(h)) */
};

enum model_positions {
    MODEL_POSITIONS_ROTARY,
    MODEL_POSITIONS_LEARNED,    /* a table, added to the embedding */
    MODEL_POSITIONS_SINUSOIDAL, /* sines, then cosines, added likewise */
};

struct model_config {
    const char *architecture; /* static */
    const struct model_names *names;
    size_t n_layers, width, n_heads, n_kv_heads, head_width, mlp_width;
    size_t vocabulary;
    size_t positions_max; /* context the model was made for */
    int64_t start_token;  /* -1: none */

    enum model_norm norm;
    enum model_order order;
    double epsilon;      /* of the norms */
    bool has_unit_gain;  /* norms multiply by 1 + the stored gain */
    bool has_head_norms; /* RMS norms of each head of q and of k */

    enum model_positions positions;
    size_t n_rotary; /* numbers of a head that turn; 0 unless rotary */
    struct model_rope rope, local_rope;
    bool has_local_rope;  /* local layers turn by local_rope */
    bool has_paired_rows; /* q, k rows: rotary pairs are neighbours */

    /* Local layers see this many positions, their own among them; 0: all. */
    size_t window;
    uint8_t local_layers[MODEL_LAYERS_MAX / 8]; /* see model_config_is_local */

    double attention_scale;          /* of scores; 0: 1 / sqrt(head_width) */
    double attention_cap, logit_cap; /* c tanh(x / c); 0: none */
    double embedding_scale;          /* 0: 1 */

    enum activation activation;
    bool is_ungated; /* down(f(up(x))), not down(f(gate(x)) * up(x)) */
    bool has_qkv_bias, has_output_bias, has_mlp_bias; /* output: of attention */
    bool has_head_bias;                               /* of the output layer */
    bool is_tied; /* the output layer is the embedding */
};

static inline bool
model_config_is_local(const struct model_config *config, size_t layer)
{
    return config->local_layers[layer / 8] >> layer % 8 & 1;
}

/* Mark a layer as local.  Requires: layer < MODEL_LAYERS_MAX. */
void model_config_set_local(struct model_config *config, size_t layer);

/* Positions that a layer sees at most; 0: all. */
size_t model_config_window(const struct model_config *config, size_t layer);

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

/*
 * The parts of a block in words, "rms norm, silu gated, rotary, window 4096 in
 * 13 of 26 layers".
 */
void model_config_describe(
    const struct model_config *config, char *out, size_t out_bytes_max);

#endif /* MODEL_MODEL_CONFIG_H */
