/*
 * model_config_gguf.c
 *
 * Keys are "ARCHITECTURE.name".  What the metadata does not say follows from
 * the tensors: the vocabulary, a tied output layer, biases.
 */
#include "model/model_config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "format/gguf.h"
#include "format/weights.h"
#include "model/model_family.h"
#include "model/model_names.h"

#define KEY_BYTES_MAX 96

struct source {
    const struct gguf *gguf;
    const char *architecture;
    const char *path;
};

static void
full_key(char key[KEY_BYTES_MAX], const struct source *s, const char *name)
{
    snprintf(key, KEY_BYTES_MAX, "%s.%s", s->architecture, name);
}

/* Leaves *out alone if the key is missing; a size of 0 then means required. */
static int
read_size(const struct source *s, size_t *out, const char *name)
{
    char key[KEY_BYTES_MAX];
    uint64_t value;

    full_key(key, s, name);
    if (!gguf_has(s->gguf, key) && *out != 0) {
        return 0;
    }
    if (gguf_u64(s->gguf, &value, key) != 0) {
        report_error("%s: metadata %s: expected one whole number%s", s->path,
            key, gguf_has(s->gguf, key) ? "" : ", found nothing");
        return -1;
    }
    *out = value;
    return 0;
}

/* Leaves *out alone if the key is missing. */
static int
read_real(const struct source *s, double *out, const char *name)
{
    char key[KEY_BYTES_MAX];

    full_key(key, s, name);
    if (gguf_has(s->gguf, key) && gguf_f64(s->gguf, out, key) != 0) {
        report_error("%s: metadata %s: expected a number", s->path, key);
        return -1;
    }
    return 0;
}

/* A text of the metadata as a string, cut to 63 bytes; "" if missing. */
static void
read_word(const struct gguf *gguf, char out[64], const char *key)
{
    const char *text;
    size_t bytes;

    out[0] = '\0';
    if (gguf_text(gguf, &text, &bytes, key) == 0) {
        snprintf(out, 64, "%.*s", bytes < 63 ? (int)bytes : 63, text);
    }
}

/*
 * A factor without a type means linear.  llama3 scaling has no key: its
 * factors are the tensor rope_freqs.weight.
 */
static int
read_rope(struct model_config *config, const struct source *s)
{
    struct model_rope *rope = &config->rope;
    char key[KEY_BYTES_MAX], kind[64];

    if (read_real(s, &rope->theta, "rope.freq_base") != 0 ||
        read_real(s, &config->local_rope.theta, "rope.freq_base_swa") != 0 ||
        read_real(s, &rope->factor, "rope.scale_linear") != 0 ||
        read_real(s, &rope->factor, "rope.scaling.factor") != 0) {
        return -1;
    }
    full_key(key, s, "rope.scaling.type");
    read_word(s->gguf, kind, key);
    if (kind[0] != '\0' && strcmp(kind, "none") != 0 &&
        strcmp(kind, "linear") != 0) {
        report_error("%s: rotary scaling \"%s\" is not supported; known: "
                     "none, linear",
            s->path, kind);
        return -1;
    }
    if (strcmp(kind, "none") != 0 && rope->factor != 0) {
        rope->kind = MODEL_ROPE_LINEAR;
    }
    return 0;
}

static int
read_head_width(struct model_config *config, const struct source *s)
{
    if (config->n_heads == 0) {
        report_error("%s: no attention heads", s->path);
        return -1;
    }
    config->head_width = config->width / config->n_heads;
    if (config->head_width == 0) {
        config->head_width = 1; /* refused unless key_length is given */
    }
    if (read_size(s, &config->head_width, "attention.key_length") != 0) {
        return -1;
    }
    size_t value_width = config->head_width;
    size_t n_rotary = config->head_width;
    if (read_size(s, &value_width, "attention.value_length") != 0 ||
        read_size(s, &n_rotary, "rope.dimension_count") != 0) {
        return -1;
    }
    if (value_width != config->head_width) {
        report_error("%s: heads of %zu with values of %zu are not supported",
            s->path, config->head_width, value_width);
        return -1;
    }
    if (config->positions != MODEL_POSITIONS_ROTARY) {
        return 0;
    }
    if (config->has_paired_rows && n_rotary != config->head_width) {
        report_error("%s: heads of %zu with %zu rotary dimensions are not "
                     "supported",
            s->path, config->head_width, n_rotary);
        return -1;
    }
    config->n_rotary = n_rotary;
    return 0;
}

/* Layers of a list of truth values are local where it says so. */
static int
read_window_list(
    struct model_config *config, const struct source *s, const char *key)
{
    size_t n = gguf_array_count(s->gguf, key);

    if (n != config->n_layers || n > MODEL_LAYERS_MAX) {
        report_error("%s: metadata %s: %zu values for %zu layers", s->path, key,
            n, config->n_layers);
        return -1;
    }
    for (size_t l = 0; l < n; l++) {
        uint64_t is_local;
        if (gguf_array_u64(s->gguf, &is_local, key, l) != 0) {
            report_error(
                "%s: metadata %s: expected truth values", s->path, key);
            return -1;
        }
        if (is_local != 0) {
            model_config_set_local(config, l);
        }
    }
    return 0;
}

/* Which layers have a window, and its size; without the key none has. */
static int
read_window(struct model_config *config, const struct source *s,
    const struct model_family *family)
{
    const char *name = "attention.sliding_window";
    size_t pattern = family->local_pattern;
    char key[KEY_BYTES_MAX];

    full_key(key, s, name);
    config->window = 0;
    if (gguf_has(s->gguf, key)) {
        config->window = 1;
        if (read_size(s, &config->window, name) != 0) {
            return -1;
        }
    }
    full_key(key, s, "attention.sliding_window_pattern");
    if (gguf_array_count(s->gguf, key) > 0) {
        return read_window_list(config, s, key);
    }
    if (gguf_has(s->gguf, key)) {
        pattern = 1;
        if (read_size(s, &pattern, "attention.sliding_window_pattern") != 0) {
            return -1;
        }
    }
    for (size_t l = 0; l < config->n_layers && l < MODEL_LAYERS_MAX; l++) {
        if (pattern == 0 || (l + 1) % pattern != 0) {
            model_config_set_local(config, l);
        }
    }
    return 0;
}

static int
read_scales(struct model_config *config, const struct source *s,
    const struct model_family *family)
{
    if (family->is_embedding_scaled) {
        config->embedding_scale = sqrt((double)config->width);
    }
    config->attention_scale = 0;
    if (config->n_layers == family->n_layers_largest) {
        config->attention_scale =
            1 / sqrt((double)(config->width / config->n_heads));
    }
    if (read_real(s, &config->attention_cap, "attn_logit_softcapping") != 0 ||
        read_real(s, &config->logit_cap, "final_logit_softcapping") != 0) {
        return -1;
    }
    if (!(config->attention_cap >= 0 && config->logit_cap >= 0)) {
        report_error("%s: soft caps are %g and %g, expected numbers above 0",
            s->path, config->attention_cap, config->logit_cap);
        return -1;
    }
    return 0;
}

/* Whether attention and MLP have the same input, where that is open. */
static int
read_order(struct model_config *config, const struct source *s)
{
    char key[KEY_BYTES_MAX];
    bool is_parallel = true;

    full_key(key, s, "use_parallel_residual");
    if (config->order != MODEL_ORDER_PARALLEL || !gguf_has(s->gguf, key)) {
        return 0;
    }
    if (gguf_bool(s->gguf, &is_parallel, key) != 0) {
        report_error("%s: metadata %s: expected a truth value", s->path, key);
        return -1;
    }
    config->order = is_parallel ? MODEL_ORDER_PARALLEL : MODEL_ORDER_PRE;
    return 0;
}

/* Refuse what would change the numbers and is not computed here. */
static int
refuse_unknown(const struct source *s)
{
    size_t n_experts = 1;

    if (read_size(s, &n_experts, "expert_count") != 0) {
        return -1;
    }
    if (n_experts > 1) {
        report_error(
            "%s: %zu experts: mixtures are not supported", s->path, n_experts);
        return -1;
    }
    return 0;
}

static int
read_tensors(struct model_config *config, const struct weights *weights,
    const struct source *s)
{
    const struct tensor *embedding = weights_find(weights, "token_embd.weight");

    if (embedding == NULL) {
        report_error("%s: tensor token_embd.weight is missing", s->path);
        return -1;
    }
    config->vocabulary = embedding->shape[0];
    config->is_tied = weights_find(weights, "output.weight") == NULL;
    if (config->is_ungated) {
        return 0; /* its biases are known */
    }
    config->has_qkv_bias |= weights_find(weights, "blk.0.attn_q.bias") != NULL;
    config->has_output_bias =
        weights_find(weights, "blk.0.attn_output.bias") != NULL;
    config->has_mlp_bias = weights_find(weights, "blk.0.ffn_gate.bias") != NULL;
    return 0;
}

static int
read_start_token(struct model_config *config, const struct source *s)
{
    const char *key = "tokenizer.ggml.bos_token_id";
    uint64_t value;

    config->start_token = -1;
    if (!gguf_has(s->gguf, key)) {
        return 0;
    }
    if (gguf_u64(s->gguf, &value, key) != 0 || value > INT32_MAX) {
        report_error("%s: metadata %s: expected a token number", s->path, key);
        return -1;
    }
    config->start_token = (int64_t)value;
    return 0;
}

int
model_config_gguf(struct model_config *config, const struct weights *weights)
{
    const struct gguf *gguf = weights_gguf(weights);
    char name[64];

    read_word(gguf, name, "general.architecture");
    const struct model_family *family =
        model_family_find(name, true, gguf_path(gguf));
    if (family == NULL) {
        return -1;
    }
    const struct source s = {gguf, family->gguf, gguf_path(gguf)};
    const char *epsilon = family->base.norm == MODEL_NORM_RMS
                              ? "attention.layer_norm_rms_epsilon"
                              : "attention.layer_norm_epsilon";
    *config = family->base;
    config->architecture = family->gguf;
    config->names = &model_names_gguf;
    config->has_paired_rows = family->is_paired_in_gguf;
    config->has_unit_gain = false; /* the 1 is already added */
    config->positions_max = config->n_kv_heads = 0;
    config->epsilon = 0;
    if (refuse_unknown(&s) != 0 ||
        read_size(&s, &config->n_layers, "block_count") != 0 ||
        read_size(&s, &config->width, "embedding_length") != 0 ||
        read_size(&s, &config->mlp_width, "feed_forward_length") != 0 ||
        read_size(&s, &config->n_heads, "attention.head_count") != 0 ||
        read_size(&s, &config->positions_max, "context_length") != 0) {
        return -1;
    }
    config->n_kv_heads = config->n_heads;
    if (read_size(&s, &config->n_kv_heads, "attention.head_count_kv") != 0 ||
        read_real(&s, &config->epsilon, epsilon) != 0 ||
        read_head_width(config, &s) != 0 || read_rope(config, &s) != 0 ||
        read_window(config, &s, family) != 0 ||
        read_scales(config, &s, family) != 0 || read_order(config, &s) != 0 ||
        read_start_token(config, &s) != 0 ||
        read_tensors(config, weights, &s) != 0) {
        return -1;
    }
    return model_config_check(config, s.path);
}
