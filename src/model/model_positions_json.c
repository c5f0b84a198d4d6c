/*
 * model_positions_json.c
 *
 * Files written before transformers 5 have rope_theta and rope_scaling; new
 * ones have rope_parameters, for families with two rotations by the type of
 * the layer, and layer_types.
 */
#include "model/model_positions_json.h"

#include <jansson.h>
#include <string.h>

#include "base/report.h"
#include "model/model_config.h"
#include "model/model_family.h"
#include "model/model_json.h"

/* max_window_layers of the qwen families if it is missing. */
#define LATE_LAYERS 28

static int
read_rope_kind(struct model_rope *rope, const struct model_json *scaling)
{
    const char *key =
        model_json_value(scaling, "rope_type") != NULL ? "rope_type" : "type";
    const json_t *value = model_json_value(scaling, key);
    const char *kind = json_string_value(value);

    if (value == NULL) {
        kind = "default";
    } else if (kind == NULL) {
        return model_json_refuse(scaling, key, "a word");
    }
    if (strcmp(kind, "default") == 0) {
        rope->kind = MODEL_ROPE_PLAIN;
        return 0;
    }
    if (strcmp(kind, "linear") == 0) {
        rope->kind = MODEL_ROPE_LINEAR;
        return model_json_real(scaling, &rope->factor, "factor", true);
    }
    if (strcmp(kind, "llama3") == 0) {
        rope->kind = MODEL_ROPE_LLAMA3;
        if (model_json_real(scaling, &rope->factor, "factor", true) != 0 ||
            model_json_real(
                scaling, &rope->low_turns, "low_freq_factor", true) != 0 ||
            model_json_real(
                scaling, &rope->high_turns, "high_freq_factor", true) != 0) {
            return -1;
        }
        return model_json_real(scaling, &rope->original_positions,
            "original_max_position_embeddings", true);
    }
    report_error("%s: rotary scaling \"%.40s\" is not supported; known: "
                 "default, linear, llama3",
        scaling->path, kind);
    return -1;
}

/* One rotation: an object, or for NULL nothing but what is known before. */
static int
read_scaling(struct model_rope *rope, double *share,
    const struct model_json *json, const char *key)
{
    struct model_json scaling = {model_json_value(json, key), json->path};

    if (scaling.object == NULL) {
        return 0;
    }
    if (!json_is_object(scaling.object)) {
        return model_json_refuse(json, key, "an object");
    }
    if (model_json_real(&scaling, &rope->theta, "rope_theta", false) != 0 ||
        model_json_real(&scaling, share, "partial_rotary_factor", false) != 0) {
        return -1;
    }
    return read_rope_kind(rope, &scaling);
}

/* How much of a head turns. */
static int
set_share(struct model_config *config, double share, const char *path)
{
    if (!(share >= 0 && share <= 1)) {
        report_error("%s: partial_rotary_factor (rotary_pct) is %g, expected "
                     "0 to 1",
            path, share);
        return -1;
    }
    if (config->positions == MODEL_POSITIONS_ROTARY) {
        config->n_rotary = (size_t)((double)config->head_width * share);
    }
    return 0;
}

static int
read_rope(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    const char *share_key = family->keys->rotary_share;
    const char *theta_key = family->keys->rope_theta;
    double share = share_key == NULL ? 1 : 0.25;
    bool is_new = model_json_value(json, "rope_parameters") != NULL;
    const char *key = is_new ? "rope_parameters" : "rope_scaling";
    struct model_json by_type = {model_json_value(json, key), json->path};

    if (model_json_real(json, &config->rope.theta,
            theta_key == NULL ? "rope_theta" : theta_key, false) != 0 ||
        model_json_real(json, &share,
            share_key == NULL ? "partial_rotary_factor" : share_key,
            false) != 0 ||
        model_json_real(json, &config->local_rope.theta, "rope_local_base_freq",
            false) != 0) {
        return -1;
    }
    if (config->has_local_rope && json_is_object(by_type.object) &&
        (model_json_value(&by_type, "full_attention") != NULL ||
            model_json_value(&by_type, "sliding_attention") != NULL)) {
        double local_share = 1;
        if (read_scaling(&config->rope, &share, &by_type, "full_attention") !=
                0 ||
            read_scaling(&config->local_rope, &local_share, &by_type,
                "sliding_attention") != 0) {
            return -1;
        }
    } else if (read_scaling(&config->rope, &share, json, key) != 0) {
        return -1;
    }
    return set_share(config, share, json->path);
}

/* layer_types: which layers are local. */
static int
read_layer_types(struct model_config *config, const struct model_json *json)
{
    const json_t *types = model_json_value(json, "layer_types");

    if (!json_is_array(types) || json_array_size(types) != config->n_layers ||
        config->n_layers > MODEL_LAYERS_MAX) {
        return model_json_refuse(json, "layer_types", "a list of all layers");
    }
    for (size_t l = 0; l < config->n_layers; l++) {
        const char *type = json_string_value(json_array_get(types, l));
        if (type != NULL && strcmp(type, "sliding_attention") == 0) {
            model_config_set_local(config, l);
        } else if (type == NULL || strcmp(type, "full_attention") != 0) {
            report_error("%s: \"layer_types\" of layer %zu is \"%.40s\", "
                         "expected full_attention or sliding_attention",
                json->path, l, type == NULL ? "?" : type);
            return -1;
        }
    }
    return 0;
}

/* The size of the window, 0 if there is none. */
static int
read_window_size(
    struct model_config *config, const struct model_json *json, bool is_used)
{
    const char *key = "sliding_window";

    if (!is_used || model_json_is_null(json, key)) {
        config->window = 0;
    }
    if (!is_used || model_json_value(json, key) == NULL) {
        return 0;
    }
    if (model_json_size(json, &config->window, key) != 0) {
        return -1;
    }
    return config->window > 0 ? 0 : model_json_refuse(json, key, "at least 1");
}

/* Which layers have a window, and its size. */
static int
read_window(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    bool is_late = family->local == MODEL_LOCAL_LATE, is_used = !is_late;
    size_t first = is_late ? LATE_LAYERS : 0, pattern = family->local_pattern;

    if (family->local == MODEL_LOCAL_NONE) {
        return 0;
    }
    if (model_json_bool(json, &is_used, "use_sliding_window") != 0 ||
        read_window_size(config, json, is_used) != 0) {
        return -1;
    }
    if (family->local != MODEL_LOCAL_ALL &&
        model_json_value(json, "layer_types") != NULL) {
        return read_layer_types(config, json);
    }
    if (is_late && model_json_size(json, &first, "max_window_layers") != 0) {
        return -1;
    }
    if (config->has_local_rope &&
        model_json_size(json, &pattern, "sliding_window_pattern") != 0) {
        return -1;
    }
    if (pattern == 0 && family->local == MODEL_LOCAL_PATTERN) {
        return model_json_refuse(json, "sliding_window_pattern", "at least 1");
    }
    for (size_t l = first; l < config->n_layers && l < MODEL_LAYERS_MAX; l++) {
        if (pattern == 0 || (l + 1) % pattern != 0) {
            model_config_set_local(config, l);
        }
    }
    return 0;
}

/* Where positions enter, for the one family that leaves the choice. */
static int
read_positions(struct model_config *config, const struct model_json *json)
{
    const char *key = "position_embedding";
    const json_t *value = model_json_value(json, key);

    if (value == NULL || config->order != MODEL_ORDER_POST) {
        return 0;
    }
    if (json_is_string(value) &&
        strcmp(json_string_value(value), "rotary") == 0) {
        config->positions = MODEL_POSITIONS_ROTARY;
        return 0;
    }
    if (json_is_string(value) &&
        strcmp(json_string_value(value), "sinusoidal") == 0) {
        return 0;
    }
    return model_json_refuse(json, key, "\"rotary\" or \"sinusoidal\"");
}

int
model_positions_json(struct model_config *config, const struct model_json *json,
    const struct model_family *family)
{
    if (read_window(config, json, family) != 0 ||
        read_positions(config, json) != 0) {
        return -1;
    }
    return read_rope(config, json, family);
}
