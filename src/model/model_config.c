/*
 * model_config.c
 *
 * The limits are far above any published model and so low that no product of
 * two of them, or of three in floats, overflows 64 bits.
 */
#include "model/model_config.h"

#include <stdio.h>
#include <string.h>

#include "base/report.h"

/* Positions up to this keep rotary angles inside elementary_sin's range. */
#define POSITIONS_MAX ((size_t)1 << 26)

static const struct model_family families[] = {
    {
        .name = "llama",
        .is_in_gguf = true,
        .has_paired_rows = true,
        .may_have_bias = true,
        .positions_max = 2048,
        .start_token = 1,
    },
    {
        .name = "mistral",
        .has_window = true,
        .n_kv_heads = 8,
        .positions_max = 131072,
        .start_token = 1,
    },
    {
        .name = "qwen2",
        .is_in_gguf = true,
        .has_qkv_bias = true,
        .n_kv_heads = 32,
        .positions_max = 32768,
        .start_token = -1,
    },
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

static const struct {
    const char *name;
    size_t offset;
    size_t max;
} limits[] = {
#define LIMIT(name, field, max)                                                \
    {                                                                          \
        name, offsetof(struct model_config, field), max                        \
    }
    LIMIT("num_hidden_layers (GGUF: block_count)", n_layers, 4096),
    LIMIT("hidden_size (GGUF: embedding_length)", width, 1 << 18),
    LIMIT("num_attention_heads (GGUF: head_count)", n_heads, 1 << 12),
    LIMIT("num_key_value_heads (GGUF: head_count_kv)", n_kv_heads, 1 << 12),
    LIMIT("head_dim (GGUF: attention.key_length)", head_width, 1 << 12),
    LIMIT("intermediate_size (GGUF: feed_forward_length)", mlp_width, 1 << 20),
    LIMIT("vocab_size", vocabulary, 1 << 22),
    LIMIT("max_position_embeddings (GGUF: context_length)", positions_max,
        POSITIONS_MAX),
#undef LIMIT
};

const struct model_family *
model_family_find(const char *name, bool is_gguf, const char *path)
{
    char known[64] = "";
    size_t n = 0;

    for (size_t i = 0; i < N_FAMILIES; i++) {
        if (is_gguf && !families[i].is_in_gguf) {
            continue;
        }
        if (strcmp(families[i].name, name) == 0) {
            return &families[i];
        }
        n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s",
            n > 0 ? ", " : "", families[i].name);
    }
    report_error("%s: architecture \"%.64s\" is not supported; known: %s", path,
        name, known);
    return NULL;
}

static int
check_rope(const struct model_rope *rope, const char *path)
{
    if (!(rope->theta >= 1 && rope->theta <= 1e15)) {
        report_error(
            "%s: rope_theta is %g, expected 1 to 1e15", path, rope->theta);
        return -1;
    }
    if (rope->kind == MODEL_ROPE_PLAIN) {
        return 0;
    }
    if (!(rope->factor >= 1 && rope->factor <= 1e6)) {
        report_error("%s: factor of the rotary scaling is %g, expected 1 to "
                     "1e6",
            path, rope->factor);
        return -1;
    }
    if (rope->kind == MODEL_ROPE_LLAMA3 &&
        !(rope->low_turns > 0 && rope->high_turns > rope->low_turns &&
            rope->high_turns <= 1e6 && rope->original_positions >= 1 &&
            rope->original_positions <= (double)POSITIONS_MAX)) {
        report_error("%s: rotary scaling llama3: low_freq_factor %g, "
                     "high_freq_factor %g, original_max_position_embeddings "
                     "%g do not make sense",
            path, rope->low_turns, rope->high_turns, rope->original_positions);
        return -1;
    }
    return 0;
}

int
model_config_check(const struct model_config *config, const char *path)
{
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        size_t value;
        memcpy(&value, (const char *)config + limits[i].offset, sizeof(value));
        if (value < 1 || value > limits[i].max) {
            report_error("%s: %s is %zu, expected 1 to %zu", path,
                limits[i].name, value, limits[i].max);
            return -1;
        }
    }
    if (config->n_heads % config->n_kv_heads != 0) {
        report_error("%s: %zu attention heads cannot share %zu key heads", path,
            config->n_heads, config->n_kv_heads);
        return -1;
    }
    if (config->head_width % 2 != 0) {
        report_error("%s: head_dim is %zu; rotary positions need an even one",
            path, config->head_width);
        return -1;
    }
    if (!(config->epsilon > 0 && config->epsilon < 1)) {
        report_error("%s: rms_norm_eps (GGUF: layer_norm_rms_epsilon) is %g, "
                     "expected a number between 0 and 1",
            path, config->epsilon);
        return -1;
    }
    return check_rope(&config->rope, path);
}
