/*
 * model_parts.h - what a model consists of, shared by the files of this
 * folder.
 *
 * Shapes: C width, H heads, G key heads, D head width, F MLP width, V
 * vocabulary.
 */
#ifndef MODEL_MODEL_PARTS_H
#define MODEL_MODEL_PARTS_H

#include "base/hash.h"
#include "model/model.h"
#include "model/model_config.h"

struct gemm_weights;
struct model_matrix;
struct tensor;
struct weights;

/* out = in * weights^T + bias. */
struct model_linear {
    struct gemm_weights *weights;
    float *bias; /* NULL: none */
};

/* NULL: there is no such norm, or none with a bias. */
struct model_norm_weights {
    float *gain, *bias;
};

/* What the names of the parts mean together: enum model_order. */
struct model_layer {
    struct model_norm_weights attention_norm, attention_post_norm; /* (C) */
    struct model_linear qkv;    /* ((H + 2 G) D, C): all q, all k, all v */
    float *q_norm, *k_norm;     /* gain (D) or NULL */
    size_t window;              /* positions seen; 0: all */
    size_t rope;                /* 1 if it turns by frequency[1] */
    struct model_linear output; /* (C, H D) */
    struct model_norm_weights mlp_norm, mlp_post_norm; /* (C) */
    struct model_linear
        gate_up;              /* (2 F, C): all gate, all up; ungated (F, C) */
    struct model_linear down; /* (C, F) */
};

struct model {
    struct model_config config;
    struct model_info info;
    const struct kernels *kernels;
    enum math_weights packing;
    char *path;                            /* as given */
    struct weights *weights;               /* open: names of files, embedding */
    const struct tensor *embedding;        /* (V, C); NULL: rows of output */
    const struct tensor *positions;        /* (positions_max, C); NULL: none */
    struct model_layer *layers;            /* config.n_layers */
    struct model_norm_weights output_norm; /* (C) */
    struct model_linear output;            /* (V, C) */
    double *frequency[2];          /* rotary, (n_rotary / 2): of all, of local
                                       layers; or NULL */
    struct model_matrix *matrices; /* all that is packed or checked */
    size_t n_matrices;
    void *own; /* memory of the packed weights if it is not the caller's */
    char block[192]; /* what a block consists of, in words */
    char weight_type[96];
    char sha256[HASH_HEX_BYTES];
};

/*
 * Fill layers, norms and embedding from model->weights, list the matrices,
 * divide the rotary frequencies by rope_freqs.weight if there is one, and set
 * the parameter counts and the weight type.
 *
 * Errors: -1, model can be closed.
 */
int model_load_plan(struct model *model, const char *path);

/* Release what model_load_plan() made. */
void model_unload(struct model *model);

#endif /* MODEL_MODEL_PARTS_H */
