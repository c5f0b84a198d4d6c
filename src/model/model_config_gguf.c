/*
 * model_config_gguf.c
 *
 * Keys are "ARCHITECTURE.name".  What the metadata does not say follows from
 * the tensors: the vocabulary, a tied output layer, biases.
 */
#include "model/model_config.h"

#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "format/gguf.h"
#include "format/weights.h"

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

    rope->theta = 10000;
    if (read_real(s, &rope->theta, "rope.freq_base") != 0 ||
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
        config->head_width = 1; /* odd: refused unless key_length is given */
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
    if (value_width != config->head_width || n_rotary != config->head_width) {
        report_error("%s: heads of %zu with values of %zu and %zu rotary "
                     "dimensions are not supported",
            s->path, config->head_width, value_width, n_rotary);
        return -1;
    }
    return 0;
}

/* Refuse what would change the numbers and is not computed here. */
static int
refuse_unknown(const struct source *s)
{
    size_t n_experts = 1, window = 1;

    if (read_size(s, &n_experts, "expert_count") != 0 ||
        read_size(s, &window, "attention.sliding_window") != 0) {
        return -1;
    }
    if (n_experts > 1) {
        report_error(
            "%s: %zu experts: mixtures are not supported", s->path, n_experts);
        return -1;
    }
    if (window > 1) {
        report_error("%s: attention.sliding_window is not supported", s->path);
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
    const struct source s = {gguf, family->name, gguf_path(gguf)};
    *config = (struct model_config){
        .architecture = family->name,
        .has_qkv_bias = family->has_qkv_bias,
        .has_paired_rows = family->has_paired_rows,
    };
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
        read_real(&s, &config->epsilon, "attention.layer_norm_rms_epsilon") !=
            0 ||
        read_head_width(config, &s) != 0 || read_rope(config, &s) != 0 ||
        read_start_token(config, &s) != 0 ||
        read_tensors(config, weights, &s) != 0) {
        return -1;
    }
    return model_config_check(config, s.path);
}
