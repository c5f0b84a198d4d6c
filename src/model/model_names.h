/*
 * model_names.h - what the tensors of a model are called, by what they are
 * for.
 */
#ifndef MODEL_MODEL_NAMES_H
#define MODEL_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* What a tensor is for.  Roles up to ROLE_OUTPUT exist once. */
enum model_role {
    ROLE_EMBEDDING, /* (V, C) */
    ROLE_POSITIONS, /* (positions, C): added to the embedding */
    ROLE_OUTPUT_NORM,
    ROLE_OUTPUT,         /* (V, C) */
    ROLE_ATTENTION_NORM, /* before attention */
    ROLE_QKV,            /* all of the next three */
    ROLE_Q,
    ROLE_K,
    ROLE_V,
    ROLE_Q_NORM, /* of each head */
    ROLE_K_NORM,
    ROLE_ATTENTION_OUTPUT,
    ROLE_ATTENTION_POST_NORM, /* after attention */
    ROLE_MLP_NORM,
    ROLE_GATE,
    ROLE_UP,
    ROLE_DOWN,
    ROLE_MLP_POST_NORM,
    N_ROLES,
};

/* The tensors of one spelling; a role that it lacks is NULL. */
struct model_names {
    const char *stem[N_ROLES]; /* %zu stands for the layer */
    const char *other_output;  /* another stem of ROLE_OUTPUT, or NULL */
    const char *prefix;        /* that may be missing from a stem, or NULL */
    /* Ends of the names of norms; of others ".weight" and ".bias". */
    const char *gain, *bias;
    bool is_transposed;        /* matrices of layers are (in, out) */
    bool is_output_transposed; /* that of the output layer likewise */
    bool is_qkv_by_head; /* ROLE_QKV: q, k, v of head 0, then of head 1 ... */
};

extern const struct model_names model_names_llama;  /* and qwen, mistral */
extern const struct model_names model_names_gemma2; /* and gemma3 */
extern const struct model_names model_names_gpt2;
extern const struct model_names model_names_gpt_neox;
extern const struct model_names model_names_lmic;
extern const struct model_names model_names_gguf;

/* Whether it is the gain (and bias) of a norm. */
bool model_role_is_norm(enum model_role role);

/* Whether its matrix is stored as (in, out), not (out, in). */
bool model_role_is_transposed(
    const struct model_names *names, enum model_role role);

#define MODEL_NAME_BYTES_MAX 128

/*
 * The name of the weight (or gain), or of the bias, of a role.  layer is
 * ignored for roles outside layers.  False if the spelling has no such role.
 */
bool model_name(char out[MODEL_NAME_BYTES_MAX], const struct model_names *names,
    enum model_role role, bool is_bias, size_t layer);

#endif /* MODEL_MODEL_NAMES_H */
