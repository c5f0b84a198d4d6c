/*
 * model_family.h - the architectures that are known.
 *
 * What a family fixes, and its values for keys that a config.json lacks, as
 * the configuration classes of transformers publish them.
 */
#ifndef MODEL_MODEL_FAMILY_H
#define MODEL_MODEL_FAMILY_H

#include "model/model_config.h"

/* The keys of a config.json that have several spellings. */
struct model_keys {
    const char *n_layers, *width, *n_heads, *mlp_width, *positions_max;
    const char *epsilon, *activation;
    const char *rotary_share; /* of a head; NULL: all of it */
    const char *rope_theta;
};

/* Which layers are local. */
enum model_local {
    MODEL_LOCAL_NONE,    /* sliding_window is not read */
    MODEL_LOCAL_ALL,     /* if sliding_window is not null */
    MODEL_LOCAL_LATE,    /* from max_window_layers on, if use_sliding_window */
    MODEL_LOCAL_PATTERN, /* all but each n-th, or by layer_types */
};

struct model_family {
    const char *name;              /* model_type */
    const char *gguf;              /* general.architecture; NULL: none */
    const struct model_keys *keys; /* of a config.json; NULL: only in GGUF */
    struct model_config base;      /* sizes of 0 are required, or follow */
    bool is_embedding_scaled;      /* by sqrt(width) */
    bool is_paired_in_gguf;        /* rotary pairs of q, k rows */
    bool may_have_attention_bias;  /* attention_bias is read */
    bool may_have_mlp_bias;        /* mlp_bias is read */
    enum model_local local;
    size_t local_pattern; /* every so many layers one is not local */
    size_t mlp_widening;  /* default of MLP width / width; 0: none */
    /*
     * GGUF does not say how scores are scaled: by 1 / sqrt(head_width), but in
     * a model of this many layers by 1 / sqrt(width / n_heads).
     */
    size_t n_layers_largest;
};

/* Errors: NULL; reported with the architectures known. */
const struct model_family *model_family_find(
    const char *name, bool is_gguf, const char *path);

#endif /* MODEL_MODEL_FAMILY_H */
