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

static const struct {
    const char *name;
    size_t offset;
    size_t max;
} limits[] = {
#define LIMIT(name, field, max)                                                \
    {                                                                          \
        name, offsetof(struct model_config, field), max                        \
    }
    LIMIT("num_hidden_layers (GGUF: block_count)", n_layers, MODEL_LAYERS_MAX),
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

void
model_config_set_local(struct model_config *config, size_t layer)
{
    config->local_layers[layer / 8] |= (uint8_t)(1 << layer % 8);
}

size_t
model_config_window(const struct model_config *config, size_t layer)
{
    return model_config_is_local(config, layer) ? config->window : 0;
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
    if (config->n_rotary % 2 != 0 || config->n_rotary > config->head_width) {
        report_error("%s: head_dim is %zu, of which %zu numbers turn; rotary "
                     "positions need an even number",
            path, config->head_width, config->n_rotary);
        return -1;
    }
    if (!(config->epsilon > 0 && config->epsilon < 1)) {
        report_error("%s: the epsilon of the norms (rms_norm_eps, "
                     "layer_norm_eps, layer_norm_epsilon) is %g, expected a "
                     "number between 0 and 1",
            path, config->epsilon);
        return -1;
    }
    if (config->has_local_rope && check_rope(&config->local_rope, path) != 0) {
        return -1;
    }
    return config->n_rotary > 0 ? check_rope(&config->rope, path) : 0;
}

/* "window 4096 in 13 of 26 layers", or nothing. */
static void
describe_window(
    const struct model_config *config, char *out, size_t out_bytes_max)
{
    size_t n = 0;

    for (size_t l = 0; l < config->n_layers; l++) {
        n += model_config_window(config, l) > 0;
    }
    if (n == config->n_layers) {
        snprintf(out, out_bytes_max, ", window %zu", config->window);
    } else if (n > 0) {
        snprintf(out, out_bytes_max, ", window %zu in %zu of %zu layers",
            config->window, n, config->n_layers);
    } else {
        out[0] = '\0';
    }
}

void
model_config_describe(
    const struct model_config *config, char *out, size_t out_bytes_max)
{
    static const char *const orders[] = {
        [MODEL_ORDER_PRE] = "",
        [MODEL_ORDER_SANDWICH] = " before and after",
        [MODEL_ORDER_POST] = " after the sum",
        [MODEL_ORDER_PARALLEL] = ", parallel",
    };
    static const char *const positions[] = {
        [MODEL_POSITIONS_ROTARY] = "rotary",
        [MODEL_POSITIONS_LEARNED] = "learned positions",
        [MODEL_POSITIONS_SINUSOIDAL] = "sinusoidal positions",
    };
    char window[96];

    describe_window(config, window, sizeof(window));
    snprintf(out, out_bytes_max, "%s norm%s, %s%s, %s%s%s%s",
        config->norm == MODEL_NORM_RMS ? "rms" : "layer", orders[config->order],
        activation_name(config->activation), config->is_ungated ? "" : " gated",
        positions[config->positions], window,
        config->has_head_norms ? ", q and k norms" : "",
        config->attention_cap > 0 || config->logit_cap > 0 ? ", soft caps"
                                                           : "");
}
