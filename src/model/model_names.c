/*
 * model_names.c
 */
#include "model/model_names.h"

#include <stdio.h>
#include <string.h>

/* What all families that descend from llama share. */
#define LLAMA_STEMS                                                            \
    [ROLE_EMBEDDING] = "model.embed_tokens",                                   \
    [ROLE_OUTPUT_NORM] = "model.norm", [ROLE_OUTPUT] = "lm_head",              \
    [ROLE_ATTENTION_NORM] = "model.layers.%zu.input_layernorm",                \
    [ROLE_Q] = "model.layers.%zu.self_attn.q_proj",                            \
    [ROLE_K] = "model.layers.%zu.self_attn.k_proj",                            \
    [ROLE_V] = "model.layers.%zu.self_attn.v_proj",                            \
    [ROLE_Q_NORM] = "model.layers.%zu.self_attn.q_norm",                       \
    [ROLE_K_NORM] = "model.layers.%zu.self_attn.k_norm",                       \
    [ROLE_ATTENTION_OUTPUT] = "model.layers.%zu.self_attn.o_proj",             \
    [ROLE_GATE] = "model.layers.%zu.mlp.gate_proj",                            \
    [ROLE_UP] = "model.layers.%zu.mlp.up_proj",                                \
    [ROLE_DOWN] = "model.layers.%zu.mlp.down_proj"

const struct model_names model_names_llama = {
    .stem =
        {
            LLAMA_STEMS,
            [ROLE_MLP_NORM] = "model.layers.%zu.post_attention_layernorm",
        },
    .gain = ".weight",
    .bias = ".bias",
};

const struct model_names model_names_gemma2 = {
    .stem =
        {
            LLAMA_STEMS,
            [ROLE_ATTENTION_POST_NORM] =
                "model.layers.%zu.post_attention_layernorm",
            [ROLE_MLP_NORM] = "model.layers.%zu.pre_feedforward_layernorm",
            [ROLE_MLP_POST_NORM] =
                "model.layers.%zu.post_feedforward_layernorm",
        },
    .gain = ".weight",
    .bias = ".bias",
};

const struct model_names model_names_gpt2 = {
    .stem =
        {
            [ROLE_EMBEDDING] = "transformer.wte",
            [ROLE_POSITIONS] = "transformer.wpe",
            [ROLE_OUTPUT_NORM] = "transformer.ln_f",
            [ROLE_OUTPUT] = "lm_head",
            [ROLE_ATTENTION_NORM] = "transformer.h.%zu.ln_1",
            [ROLE_QKV] = "transformer.h.%zu.attn.c_attn",
            [ROLE_ATTENTION_OUTPUT] = "transformer.h.%zu.attn.c_proj",
            [ROLE_MLP_NORM] = "transformer.h.%zu.ln_2",
            [ROLE_UP] = "transformer.h.%zu.mlp.c_fc",
            [ROLE_DOWN] = "transformer.h.%zu.mlp.c_proj",
        },
    .prefix = "transformer.",
    .gain = ".weight",
    .bias = ".bias",
    .is_transposed = true,
};

const struct model_names model_names_gpt_neox = {
    .stem =
        {
            [ROLE_EMBEDDING] = "gpt_neox.embed_in",
            [ROLE_OUTPUT_NORM] = "gpt_neox.final_layer_norm",
            [ROLE_OUTPUT] = "embed_out",
            [ROLE_ATTENTION_NORM] = "gpt_neox.layers.%zu.input_layernorm",
            [ROLE_QKV] = "gpt_neox.layers.%zu.attention.query_key_value",
            [ROLE_ATTENTION_OUTPUT] = "gpt_neox.layers.%zu.attention.dense",
            [ROLE_MLP_NORM] = "gpt_neox.layers.%zu.post_attention_layernorm",
            [ROLE_UP] = "gpt_neox.layers.%zu.mlp.dense_h_to_4h",
            [ROLE_DOWN] = "gpt_neox.layers.%zu.mlp.dense_4h_to_h",
        },
    .other_output = "lm_head",
    .gain = ".weight",
    .bias = ".bias",
    .is_qkv_by_head = true,
};

const struct model_names model_names_lmic = {
    .stem =
        {
            [ROLE_EMBEDDING] = "embed",
            [ROLE_OUTPUT] = "head",
            [ROLE_Q] = "layer.%zu.attention.query",
            [ROLE_K] = "layer.%zu.attention.key",
            [ROLE_V] = "layer.%zu.attention.value",
            [ROLE_ATTENTION_OUTPUT] = "layer.%zu.attention.output",
            [ROLE_ATTENTION_POST_NORM] = "layer.%zu.attention_norm",
            [ROLE_UP] = "layer.%zu.mlp.up",
            [ROLE_DOWN] = "layer.%zu.mlp.down",
            [ROLE_MLP_POST_NORM] = "layer.%zu.mlp_norm",
        },
    .gain = ".scale",
    .bias = ".offset",
    .is_transposed = true,
    .is_output_transposed = true,
};

const struct model_names model_names_gguf = {
    .stem =
        {
            [ROLE_EMBEDDING] = "token_embd",
            [ROLE_POSITIONS] = "position_embd",
            [ROLE_OUTPUT_NORM] = "output_norm",
            [ROLE_OUTPUT] = "output",
            [ROLE_ATTENTION_NORM] = "blk.%zu.attn_norm",
            [ROLE_QKV] = "blk.%zu.attn_qkv",
            [ROLE_Q] = "blk.%zu.attn_q",
            [ROLE_K] = "blk.%zu.attn_k",
            [ROLE_V] = "blk.%zu.attn_v",
            [ROLE_Q_NORM] = "blk.%zu.attn_q_norm",
            [ROLE_K_NORM] = "blk.%zu.attn_k_norm",
            [ROLE_ATTENTION_OUTPUT] = "blk.%zu.attn_output",
            [ROLE_ATTENTION_POST_NORM] = "blk.%zu.post_attention_norm",
            [ROLE_MLP_NORM] = "blk.%zu.ffn_norm",
            [ROLE_GATE] = "blk.%zu.ffn_gate",
            [ROLE_UP] = "blk.%zu.ffn_up",
            [ROLE_DOWN] = "blk.%zu.ffn_down",
            [ROLE_MLP_POST_NORM] = "blk.%zu.post_ffw_norm",
        },
    .gain = ".weight",
    .bias = ".bias",
};

bool
model_role_is_norm(enum model_role role)
{
    switch (role) {
    case ROLE_OUTPUT_NORM:
    case ROLE_ATTENTION_NORM:
    case ROLE_Q_NORM:
    case ROLE_K_NORM:
    case ROLE_ATTENTION_POST_NORM:
    case ROLE_MLP_NORM:
    case ROLE_MLP_POST_NORM:
        return true;
    default:
        return false;
    }
}

bool
model_role_is_transposed(const struct model_names *names, enum model_role role)
{
    switch (role) {
    case ROLE_EMBEDDING:
    case ROLE_POSITIONS:
        return false;
    case ROLE_OUTPUT:
        return names->is_output_transposed;
    default:
        return names->is_transposed;
    }
}

bool
model_name(char out[MODEL_NAME_BYTES_MAX], const struct model_names *names,
    enum model_role role, bool is_bias, size_t layer)
{
    const char *stem = names->stem[role];
    const char *end = is_bias ? ".bias" : ".weight";

    if (stem == NULL) {
        return false;
    }
    if (model_role_is_norm(role)) {
        end = is_bias ? names->bias : names->gain;
    }
    const char *place = strstr(stem, "%zu");
    if (place == NULL) {
        snprintf(out, MODEL_NAME_BYTES_MAX, "%s%s", stem, end);
    } else {
        snprintf(out, MODEL_NAME_BYTES_MAX, "%.*s%zu%s%s", (int)(place - stem),
            stem, layer, place + 3, end);
    }
    return true;
}
