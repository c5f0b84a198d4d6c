/*
 * model_config_json.c
 *
 * Sizes must be given; keys that have a published default may be missing or
 * null.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "model/model_config.h"
#include "model/model_family.h"
#include "model/model_json.h"
#include "model/model_positions_json.h"

#define CONFIG_BYTES_MAX ((size_t)4 << 20)

/* bos_token_id: a number, a list of which the first counts, or null. */
static int
read_start_token(struct model_config *config, const struct model_json *json)
{
    const json_t *value = json_object_get(json->object, "bos_token_id");

    if (value == NULL) {
        return 0;
    }
    config->start_token = -1;
    if (json_is_array(value) && json_array_size(value) > 0) {
        value = json_array_get(value, 0);
    }
    if (json_is_null(value)) {
        return 0;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return model_json_refuse(json, "bos_token_id", "a token number");
    }
    config->start_token = json_integer_value(value);
    return 0;
}

static int
read_mlp_width(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    size_t widening = family->mlp_widening;

    if (widening == 0 ||
        model_json_value(json, family->keys->mlp_width) != NULL) {
        return model_json_size(
            json, &config->mlp_width, family->keys->mlp_width);
    }
    if (model_json_size(json, &widening, "widening_factor") != 0) {
        return -1;
    }
    if (__builtin_mul_overflow(config->width, widening, &config->mlp_width)) {
        return model_json_refuse(json, "widening_factor", "a small number");
    }
    return 0;
}

static int
read_head_width(struct model_config *config, const struct model_json *json)
{
    if (model_json_value(json, "head_dim") == NULL && config->head_width == 0) {
        config->head_width = config->width / config->n_heads;
        if (config->width % config->n_heads != 0) {
            report_error("%s: hidden_size %zu is not a multiple of %zu heads",
                json->path, config->width, config->n_heads);
            return -1;
        }
        if (config->head_width == 0) {
            return model_json_refuse(json, "hidden_size", "at least 1");
        }
        return 0;
    }
    return model_json_size(json, &config->head_width, "head_dim");
}

static int
read_sizes(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    const struct model_keys *keys = family->keys;

    if (model_json_size(json, &config->n_layers, keys->n_layers) != 0 ||
        model_json_size(json, &config->width, keys->width) != 0 ||
        model_json_size(json, &config->n_heads, keys->n_heads) != 0 ||
        read_mlp_width(config, json, family) != 0 ||
        model_json_size(json, &config->vocabulary, "vocab_size") != 0 ||
        model_json_size(json, &config->positions_max, keys->positions_max) !=
            0) {
        return -1;
    }
    if (config->n_heads == 0) {
        return model_json_refuse(json, keys->n_heads, "at least 1");
    }
    if (config->n_kv_heads == 0 ||
        model_json_is_null(json, "num_key_value_heads")) {
        config->n_kv_heads = config->n_heads;
    }
    if (model_json_size(json, &config->n_kv_heads, "num_key_value_heads") !=
        0) {
        return -1;
    }
    return read_head_width(config, json);
}

static int
read_biases(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    if (family->may_have_attention_bias) {
        if (model_json_bool(json, &config->has_qkv_bias, "attention_bias") !=
            0) {
            return -1;
        }
        config->has_output_bias = config->has_qkv_bias;
    }
    if (!family->may_have_mlp_bias) {
        return 0;
    }
    return model_json_bool(json, &config->has_mlp_bias, "mlp_bias");
}

/*
 * Gemma's first files say "gelu" and mean the approximation by tanh, as do
 * those which say both; all others mean what they say.
 */
static int
read_activation(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    static const struct {
        const char *name;
        enum activation activation;
    } known[] = {
        {"silu", ACTIVATION_SILU},
        {"swish", ACTIVATION_SILU},
        {"gelu", ACTIVATION_GELU},
        {"gelu_new", ACTIVATION_GELU_TANH},
        {"gelu_fast", ACTIVATION_GELU_TANH},
        {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
    };
    const char *key = family->keys->activation;
    const json_t *value = model_json_value(json, key);

    if (value == NULL) {
        return 0;
    }
    for (size_t i = 0;
         json_is_string(value) && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(json_string_value(value), known[i].name) == 0) {
            bool is_meant =
                config->has_unit_gain && known[i].activation == ACTIVATION_GELU;
            config->activation =
                is_meant ? ACTIVATION_GELU_TANH : known[i].activation;
            return 0;
        }
    }
    return model_json_refuse(
        json, key, "\"silu\", \"gelu\", \"gelu_new\" or \"gelu_pytorch_tanh\"");
}

/* A cap; null: none. */
static int
read_cap(double *cap, const struct model_json *json, const char *key)
{
    if (model_json_is_null(json, key)) {
        *cap = 0;
        return 0;
    }
    if (model_json_real(json, cap, key, false) != 0) {
        return -1;
    }
    if (model_json_value(json, key) != NULL && !(*cap >= 1e-3 && *cap <= 1e6)) {
        return model_json_refuse(json, key, "0.001 to 1000000, or null");
    }
    return 0;
}

/* What scores, logits and embeddings are multiplied by, and their caps. */
static int
read_scales(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    const char *key = "query_pre_attn_scalar";
    double scalar = 0;

    if (family->is_embedding_scaled) {
        config->embedding_scale = sqrt((double)config->width);
    }
    if (config->attention_scale == 0) {
        return 0;
    }
    if (model_json_value(json, key) != NULL) {
        if (model_json_real(json, &scalar, key, true) != 0) {
            return -1;
        }
        if (!(scalar > 0 && scalar <= 1e9)) {
            return model_json_refuse(json, key, "a number above 0");
        }
        config->attention_scale = 1 / sqrt(scalar);
    }
    if (read_cap(&config->attention_cap, json, "attn_logit_softcapping") != 0) {
        return -1;
    }
    return read_cap(&config->logit_cap, json, "final_logit_softcapping");
}

/* Whether attention and MLP have the same input. */
static int
read_order(struct model_config *config, const struct model_json *json)
{
    bool is_parallel = true;

    if (config->order != MODEL_ORDER_PARALLEL) {
        return 0;
    }
    if (model_json_bool(json, &is_parallel, "use_parallel_residual") != 0) {
        return -1;
    }
    config->order = is_parallel ? MODEL_ORDER_PARALLEL : MODEL_ORDER_PRE;
    return 0;
}

/* Refuse what would change the numbers and is not computed here. */
static int
refuse_unknown(const struct model_json *json)
{
    static const struct {
        const char *key;
        bool wanted;
    } keys[] = {
        {"scale_attn_weights", true},
        {"scale_attn_by_inverse_layer_idx", false},
        {"add_cross_attention", false},
        {"use_bidirectional_attention", false},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bool value = keys[i].wanted;
        if (model_json_bool(json, &value, keys[i].key) != 0) {
            return -1;
        }
        if (value != keys[i].wanted) {
            return model_json_refuse(
                json, keys[i].key, keys[i].wanted ? "true" : "false");
        }
    }
    return 0;
}

static int
read_config(struct model_config *config, const struct model_json *json)
{
    const char *name = json_string_value(model_json_value(json, "model_type"));

    if (name == NULL) {
        return model_json_refuse(
            json, "model_type", "the name of an architecture");
    }
    const struct model_family *family =
        model_family_find(name, false, json->path);
    if (family == NULL) {
        return -1;
    }
    *config = family->base;
    if (config->architecture == NULL) {
        config->architecture = family->name;
    }
    if (refuse_unknown(json) != 0 || read_sizes(config, json, family) != 0 ||
        model_json_real(json, &config->epsilon, family->keys->epsilon, false) !=
            0 ||
        model_json_bool(json, &config->is_tied, "tie_word_embeddings") != 0 ||
        read_order(config, json) != 0 ||
        read_biases(config, json, family) != 0 ||
        read_activation(config, json, family) != 0 ||
        read_scales(config, json, family) != 0 ||
        model_positions_json(config, json, family) != 0 ||
        read_start_token(config, json) != 0) {
        return -1;
    }
    return model_config_check(config, json->path);
}

int
model_config_text(struct model_config *config, const char *text, size_t bytes,
    const char *path)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, 0, &error);
    int rc = -1;

    if (root == NULL) {
        report_error("%s: line %d: %s", path, error.line, error.text);
    } else if (!json_is_object(root)) {
        report_error("%s: not a JSON object", path);
    } else {
        rc = read_config(config, &(struct model_json){root, path});
    }
    json_decref(root);
    return rc;
}

int
model_config_json(struct model_config *config, const char *path)
{
    size_t bytes;
    char *text = file_read_text(path, &bytes, CONFIG_BYTES_MAX);
    int rc = text == NULL ? -1 : model_config_text(config, text, bytes, path);

    mem_free(text);
    return rc;
}
