/*
 * model_config_json.c
 *
 * Files written before transformers 5 have rope_theta and rope_scaling and
 * lack keys that were added later; new ones have rope_parameters.  Sizes must
 * be given; keys that have a published default may be missing or null.
 */
#include "model/model_config.h"

#include <jansson.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

#define CONFIG_BYTES_MAX ((size_t)4 << 20)

/* An object of the file and the name of the file, for messages. */
struct source {
    const json_t *object;
    const char *path;
};

/* The value of a key, NULL if it is missing or null. */
static const json_t *
value_of(const struct source *source, const char *key)
{
    const json_t *value = json_object_get(source->object, key);

    return json_is_null(value) ? NULL : value;
}

static int
refuse(const struct source *source, const char *key, const char *wanted)
{
    const json_t *value = value_of(source, key);

    if (value == NULL) {
        report_error(
            "%s: \"%s\" is missing, expected %s", source->path, key, wanted);
        return -1;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    report_error("%s: \"%s\" is %.40s, expected %s", source->path, key,
        text == NULL ? "?" : text, wanted);
    free(text);
    return -1;
}

/* Leaves *out alone if the key is missing; a size of 0 then means required. */
static int
read_size(const struct source *source, size_t *out, const char *key)
{
    const json_t *value = value_of(source, key);

    if (value == NULL && *out != 0) {
        return 0;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return refuse(source, key, "a whole number");
    }
    *out = (size_t)json_integer_value(value);
    return 0;
}

/* Leaves *out alone if the key is missing; NaN-free: JSON has no NaN. */
static int
read_real(
    const struct source *source, double *out, const char *key, bool required)
{
    const json_t *value = value_of(source, key);

    if (value == NULL && !required) {
        return 0;
    }
    if (!json_is_number(value)) {
        return refuse(source, key, "a number");
    }
    *out = json_number_value(value);
    return 0;
}

static int
read_bool(const struct source *source, bool *out, const char *key)
{
    const json_t *value = value_of(source, key);

    if (value == NULL) {
        return 0;
    }
    if (!json_is_boolean(value)) {
        return refuse(source, key, "true or false");
    }
    *out = json_is_true(value);
    return 0;
}

static int
read_rope_kind(struct model_rope *rope, const struct source *scaling)
{
    const char *key =
        value_of(scaling, "rope_type") != NULL ? "rope_type" : "type";
    const json_t *value = value_of(scaling, key);
    const char *kind = json_string_value(value);

    if (value == NULL) {
        kind = "default";
    } else if (kind == NULL) {
        return refuse(scaling, key, "a word");
    }
    if (strcmp(kind, "default") == 0) {
        rope->kind = MODEL_ROPE_PLAIN;
        return 0;
    }
    if (strcmp(kind, "linear") == 0) {
        rope->kind = MODEL_ROPE_LINEAR;
        return read_real(scaling, &rope->factor, "factor", true);
    }
    if (strcmp(kind, "llama3") == 0) {
        rope->kind = MODEL_ROPE_LLAMA3;
        if (read_real(scaling, &rope->factor, "factor", true) != 0 ||
            read_real(scaling, &rope->low_turns, "low_freq_factor", true) !=
                0 ||
            read_real(scaling, &rope->high_turns, "high_freq_factor", true) !=
                0) {
            return -1;
        }
        return read_real(scaling, &rope->original_positions,
            "original_max_position_embeddings", true);
    }
    report_error("%s: rotary scaling \"%.40s\" is not supported; known: "
                 "default, linear, llama3",
        scaling->path, kind);
    return -1;
}

static int
read_rope(struct model_config *config, const struct source *source)
{
    const char *key = value_of(source, "rope_parameters") != NULL
                          ? "rope_parameters"
                          : "rope_scaling";
    struct source scaling = {value_of(source, key), source->path};
    double share = 1;

    config->rope.theta = 10000;
    if (read_real(source, &config->rope.theta, "rope_theta", false) != 0 ||
        read_real(source, &share, "partial_rotary_factor", false) != 0) {
        return -1;
    }
    if (scaling.object != NULL) {
        if (!json_is_object(scaling.object)) {
            return refuse(source, key, "an object");
        }
        if (read_real(&scaling, &config->rope.theta, "rope_theta", false) !=
                0 ||
            read_real(&scaling, &share, "partial_rotary_factor", false) != 0 ||
            read_rope_kind(&config->rope, &scaling) != 0) {
            return -1;
        }
    }
    if (share != 1) {
        report_error("%s: partial_rotary_factor is %g, only 1 is supported",
            source->path, share);
        return -1;
    }
    return 0;
}

/* bos_token_id: a number, a list of which the first counts, or null. */
static int
read_start_token(struct model_config *config, const struct source *source)
{
    const json_t *value = json_object_get(source->object, "bos_token_id");

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
        return refuse(source, "bos_token_id", "a token number");
    }
    config->start_token = json_integer_value(value);
    return 0;
}

static int
read_sizes(struct model_config *config, const struct source *source,
    const struct model_family *family)
{
    config->positions_max = family->positions_max;
    if (read_size(source, &config->n_layers, "num_hidden_layers") != 0 ||
        read_size(source, &config->width, "hidden_size") != 0 ||
        read_size(source, &config->n_heads, "num_attention_heads") != 0 ||
        read_size(source, &config->mlp_width, "intermediate_size") != 0 ||
        read_size(source, &config->vocabulary, "vocab_size") != 0 ||
        read_size(source, &config->positions_max, "max_position_embeddings") !=
            0) {
        return -1;
    }
    bool is_null =
        json_is_null(json_object_get(source->object, "num_key_value_heads"));
    config->n_kv_heads = family->n_kv_heads == 0 || is_null
                             ? config->n_heads
                             : family->n_kv_heads;
    if (config->n_heads == 0) {
        return refuse(source, "num_attention_heads", "at least 1");
    }
    config->head_width = config->width / config->n_heads;
    if (value_of(source, "head_dim") == NULL &&
        config->width % config->n_heads != 0) {
        report_error("%s: hidden_size %zu is not a multiple of %zu heads",
            source->path, config->width, config->n_heads);
        return -1;
    }
    if (config->head_width == 0) {
        config->head_width = 1; /* odd, so refused unless head_dim is given */
    }
    if (read_size(source, &config->n_kv_heads, "num_key_value_heads") != 0) {
        return -1;
    }
    return read_size(source, &config->head_width, "head_dim");
}

static int
read_biases(struct model_config *config, const struct source *source,
    const struct model_family *family)
{
    config->has_qkv_bias = family->has_qkv_bias;
    if (!family->may_have_bias) {
        return 0;
    }
    if (read_bool(source, &config->has_qkv_bias, "attention_bias") != 0) {
        return -1;
    }
    config->has_output_bias = config->has_qkv_bias;
    return read_bool(source, &config->has_mlp_bias, "mlp_bias");
}

/* Refuse what would change the numbers and is not computed here. */
static int
refuse_unknown(const struct source *source, const struct model_family *family)
{
    const json_t *act = value_of(source, "hidden_act");
    const json_t *window = json_object_get(source->object, "sliding_window");
    bool has_window = family->has_window;

    if (act != NULL &&
        (!json_is_string(act) || strcmp(json_string_value(act), "silu") != 0)) {
        return refuse(source, "hidden_act", "\"silu\"");
    }
    if (read_bool(source, &has_window, "use_sliding_window") != 0) {
        return -1;
    }
    if (has_window && !json_is_null(window)) {
        report_error(
            "%s: sliding_window is not supported; expected null", source->path);
        return -1;
    }
    return 0;
}

static int
read_config(struct model_config *config, const struct source *source)
{
    const char *name = json_string_value(value_of(source, "model_type"));

    if (name == NULL) {
        return refuse(source, "model_type", "the name of an architecture");
    }
    const struct model_family *family =
        model_family_find(name, false, source->path);
    if (family == NULL) {
        return -1;
    }
    *config = (struct model_config){
        .architecture = family->name,
        .epsilon = 1e-6,
        .start_token = family->start_token,
    };
    if (refuse_unknown(source, family) != 0 ||
        read_sizes(config, source, family) != 0 ||
        read_real(source, &config->epsilon, "rms_norm_eps", false) != 0 ||
        read_bool(source, &config->is_tied, "tie_word_embeddings") != 0 ||
        read_biases(config, source, family) != 0 ||
        read_rope(config, source) != 0 ||
        read_start_token(config, source) != 0) {
        return -1;
    }
    return model_config_check(config, source->path);
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
        rc = read_config(config, &(struct source){root, path});
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
