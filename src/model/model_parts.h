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

/* h += output(attention(qkv(norm(h)))); h += down(swiglu(gate_up(norm(h)))) */
struct model_layer {
    float *attention_norm;       /* gain (C) */
    struct model_linear qkv;     /* ((H + 2 G) D, C): all q, all k, all v */
    struct model_linear output;  /* (C, H D) */
    float *mlp_norm;             /* gain (C) */
    struct model_linear gate_up; /* (2 F, C): all gate, all up */
    struct model_linear down;    /* (C, F) */
};

struct model {
    struct model_config config;
    struct model_info info;
    const struct kernels *kernels;
    enum math_weights packing;
    char *path;                     /* as given */
    struct weights *weights;        /* open: names of files, embedding */
    const struct tensor *embedding; /* (V, C); NULL: rows of output */
    struct model_layer *layers;     /* config.n_layers */
    float *output_norm;             /* gain (C) */
    struct gemm_weights *output;    /* (V, C) */
    double *frequency;              /* rotary, (D / 2) */
    struct model_matrix *matrices;  /* all that is packed or checked */
    size_t n_matrices;
    void *own; /* memory of the packed weights if it is not the caller's */
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
