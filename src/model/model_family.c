/*
 * model_family.c
 *
 * One row for each architecture.  What is not named is that of llama.
 */
#include "model/model_family.h"

#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "model/model_names.h"

#define COMMON_KEYS                                                            \
    .n_layers = "num_hidden_layers", .width = "hidden_size",                   \
    .n_heads = "num_attention_heads", .mlp_width = "intermediate_size",        \
    .positions_max = "max_position_embeddings", .rope_theta = "rope_theta"

static const struct model_keys keys_llama = {
    COMMON_KEYS,
    .epsilon = "rms_norm_eps",
    .activation = "hidden_act",
};

static const struct model_keys keys_gemma2 = {
    COMMON_KEYS,
    .epsilon = "rms_norm_eps",
    .activation = "hidden_activation",
};

static const struct model_keys keys_gpt_neox = {
    .n_layers = "num_hidden_layers",
    .width = "hidden_size",
    .n_heads = "num_attention_heads",
    .mlp_width = "intermediate_size",
    .positions_max = "max_position_embeddings",
    .epsilon = "layer_norm_eps",
    .activation = "hidden_act",
    .rotary_share = "rotary_pct",
    .rope_theta = "rotary_emb_base",
};

static const struct model_keys keys_gpt2 = {
    .n_layers = "n_layer",
    .width = "n_embd",
    .n_heads = "n_head",
    .mlp_width = "n_inner",
    .positions_max = "n_positions",
    .epsilon = "layer_norm_epsilon",
    .activation = "activation_function",
};

static const struct model_keys keys_lmic = {
    COMMON_KEYS,
    .epsilon = "layer_norm_eps",
    .activation = "hidden_act",
};

/* As the authors of the study call them; see golden files in tests. */
static const struct model_keys keys_deepmind = {
    .n_layers = "num_layers",
    .width = "embedding_dim",
    .n_heads = "num_heads",
    .mlp_width = "mlp_dim",
    .positions_max = "max_position_embeddings",
    .epsilon = "layer_norm_eps",
    .activation = "hidden_act",
};

#define ROPE(base)                                                             \
    {                                                                          \
        .theta = base                                                          \
    }

/* The byte Transformer of Deletang et al. 2023. */
#define LMIC                                                                   \
    .architecture = "lmic", .names = &model_names_lmic, .positions_max = 2048, \
    .start_token = 0, .norm = MODEL_NORM_LAYER, .order = MODEL_ORDER_POST,     \
    .epsilon = 1e-5, .positions = MODEL_POSITIONS_SINUSOIDAL,                  \
    .rope = ROPE(10000), .activation = ACTIVATION_GELU_TANH,                   \
    .is_ungated = true, .has_mlp_bias = true, .has_head_bias = true

#define GEMMA                                                                  \
    .start_token = 2, .epsilon = 1e-6, .has_unit_gain = true,                  \
    .head_width = 256, .is_tied = true, .activation = ACTIVATION_GELU_TANH

static const struct model_family families[] = {
    {
        .name = "gemma",
        .gguf = "gemma",
        .keys = &keys_llama,
        .base = {GEMMA, .names = &model_names_llama, .positions_max = 8192,
            .rope = ROPE(10000)},
        .may_have_attention_bias = true,
        .is_embedding_scaled = true,
    },
    {
        .name = "gemma2",
        .gguf = "gemma2",
        .keys = &keys_gemma2,
        .base = {GEMMA, .names = &model_names_gemma2, .positions_max = 8192,
            .order = MODEL_ORDER_SANDWICH, .rope = ROPE(10000), .n_kv_heads = 4,
            .window = 4096, .attention_scale = 1.0 / 16, .attention_cap = 50,
            .logit_cap = 30},
        .may_have_attention_bias = true,
        .local = MODEL_LOCAL_PATTERN,
        .local_pattern = 2,
        .n_layers_largest = 46,
        .is_embedding_scaled = true,
    },
    {
        .name = "gemma3_text",
        .gguf = "gemma3",
        .keys = &keys_gemma2,
        .base = {GEMMA, .names = &model_names_gemma2, .positions_max = 131072,
            .order = MODEL_ORDER_SANDWICH, .has_head_norms = true,
            .rope = ROPE(1e6), .local_rope = ROPE(10000),
            .has_local_rope = true, .n_kv_heads = 4, .window = 4096,
            .attention_scale = 1.0 / 16},
        .may_have_attention_bias = true,
        .local = MODEL_LOCAL_PATTERN,
        .local_pattern = 6,
        .n_layers_largest = 62,
        .is_embedding_scaled = true,
    },
    {
        .name = "gpt2",
        .gguf = "gpt2",
        .keys = &keys_gpt2,
        .base = {.names = &model_names_gpt2,
            .positions_max = 1024,
            .start_token = 50256,
            .norm = MODEL_NORM_LAYER,
            .epsilon = 1e-5,
            .positions = MODEL_POSITIONS_LEARNED,
            .activation = ACTIVATION_GELU_TANH,
            .is_ungated = true,
            .has_qkv_bias = true,
            .has_output_bias = true,
            .has_mlp_bias = true,
            .is_tied = true},
        .mlp_widening = 4,
    },
    {
        .name = "gpt_neox",
        .gguf = "gptneox",
        .keys = &keys_gpt_neox,
        .base = {.names = &model_names_gpt_neox,
            .positions_max = 2048,
            .norm = MODEL_NORM_LAYER,
            .order = MODEL_ORDER_PARALLEL,
            .epsilon = 1e-5,
            .rope = ROPE(10000),
            .activation = ACTIVATION_GELU,
            .is_ungated = true,
            .has_qkv_bias = true,
            .has_output_bias = true,
            .has_mlp_bias = true},
        .may_have_attention_bias = true,
    },
    {
        .name = "llama",
        .gguf = "llama",
        .keys = &keys_llama,
        .base = {.names = &model_names_llama,
            .positions_max = 2048,
            .start_token = 1,
            .epsilon = 1e-6,
            .rope = ROPE(10000)},
        .is_paired_in_gguf = true,
        .may_have_attention_bias = true,
        .may_have_mlp_bias = true,
    },
    {
        .name = "lmic",
        .keys = &keys_lmic,
        .base = {LMIC},
        .local = MODEL_LOCAL_ALL,
        .mlp_widening = 4,
        .is_embedding_scaled = true,
    },
    {
        .name = "deepmind_decoder",
        .keys = &keys_deepmind,
        .base = {LMIC},
        .local = MODEL_LOCAL_ALL,
        .mlp_widening = 4,
        .is_embedding_scaled = true,
    },
    {
        .name = "mistral",
        .keys = &keys_llama,
        .base = {.names = &model_names_llama,
            .positions_max = 131072,
            .start_token = 1,
            .epsilon = 1e-6,
            .rope = ROPE(10000),
            .n_kv_heads = 8,
            .window = 4096},
        .local = MODEL_LOCAL_ALL,
    },
    {
        .name = "qwen2",
        .gguf = "qwen2",
        .keys = &keys_llama,
        .base = {.names = &model_names_llama,
            .positions_max = 32768,
            .start_token = -1,
            .epsilon = 1e-6,
            .rope = ROPE(10000),
            .n_kv_heads = 32,
            .window = 4096,
            .has_qkv_bias = true},
        .local = MODEL_LOCAL_LATE,
    },
    {
        .name = "qwen3",
        .gguf = "qwen3",
        .keys = &keys_llama,
        .base = {.names = &model_names_llama,
            .positions_max = 32768,
            .start_token = -1,
            .epsilon = 1e-6,
            .rope = ROPE(10000),
            .n_kv_heads = 32,
            .head_width = 128,
            .window = 4096,
            .has_head_norms = true},
        .may_have_attention_bias = true,
        .local = MODEL_LOCAL_LATE,
    },
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

const struct model_family *
model_family_find(const char *name, bool is_gguf, const char *path)
{
    char known[256] = "";
    size_t n = 0;

    for (size_t i = 0; i < N_FAMILIES; i++) {
        const char *own = is_gguf ? families[i].gguf : families[i].name;

        if (own == NULL) {
            continue;
        }
        if (strcmp(own, name) == 0) {
            return &families[i];
        }
        n += (size_t)snprintf(
            known + n, sizeof(known) - n, "%s%s", n > 0 ? ", " : "", own);
    }
    report_error("%s: architecture \"%.64s\" is not supported; known: %s", path,
        name, known);
    return NULL;
}
