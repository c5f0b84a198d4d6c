/*
 * preset.c
 */
#include "learn/preset.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"

/*
 * Positions of models with windows in all layers, whatever they were trained
 * with: what a query sees never depends on where it is.  With more than the
 * usual chunk of 2,048 bytes, no chunk is cut.
 */
#define WINDOWED_POSITIONS 16385

#define CONFIG_BYTES_MAX ((size_t)4 << 20)

/* A model of either family. */
struct preset {
    const char *name;
    const char *type; /* model_type */
    size_t layers, width, heads, mlp;
    /* qwen3 only; window: of all layers, 0: none */
    size_t key_heads, head_width, window;
};

/* lmic has mlp = 4 * width, a head's width is width / heads. */
static const struct preset presets[] = {
    {"byte-200k", "qwen3", 5, 64, 2, 156, 1, 32, 128},
    {"byte-800k", "qwen3", 6, 128, 4, 224, 2, 32, 256},
    {"byte-3m", "qwen3", 5, 256, 8, 624, 2, 32, 256},
    {"lmic-200k", "lmic", 4, 64, 4, 256, 0, 0, 0},
    {"lmic-800k", "lmic", 4, 128, 4, 512, 0, 0, 0},
    {"lmic-3m", "lmic", 4, 256, 8, 1024, 0, 0, 0},
    {"lmic-64x4", "lmic", 4, 64, 4, 256, 0, 0, 0},
    {"lmic-64x6", "lmic", 6, 64, 4, 256, 0, 0, 0},
    {"lmic-64x8", "lmic", 8, 64, 4, 256, 0, 0, 0},
    {"lmic-128x4", "lmic", 4, 128, 4, 512, 0, 0, 0},
    {"lmic-128x6", "lmic", 6, 128, 4, 512, 0, 0, 0},
    {"lmic-128x8", "lmic", 8, 128, 4, 512, 0, 0, 0},
    {"lmic-256x4", "lmic", 4, 256, 8, 1024, 0, 0, 0},
    {"lmic-256x6", "lmic", 6, 256, 8, 1024, 0, 0, 0},
    {"lmic-256x8", "lmic", 8, 256, 8, 1024, 0, 0, 0},
    {"lmic-256x12", "lmic", 12, 256, 8, 1024, 0, 0, 0},
    {"lmic-512x8", "lmic", 8, 512, 8, 2048, 0, 0, 0},
    {"lmic-512x12", "lmic", 12, 512, 8, 2048, 0, 0, 0},
};

#define N_PRESETS (sizeof(presets) / sizeof(presets[0]))

/* Keys of a config.json that src/model reads for some family, or that mean
   nothing for the numbers. */
static const char *const keys[] = {"activation_function", "architectures",
    "attention_bias", "attention_dropout", "attn_logit_softcapping",
    "attn_pdrop", "bos_token_id", "dtype", "embd_pdrop", "embedding_dim",
    "eos_token_id", "final_logit_softcapping", "head_dim", "hidden_act",
    "hidden_activation", "hidden_dropout", "hidden_size", "initializer_range",
    "intermediate_size", "layer_norm_eps", "layer_norm_epsilon", "layer_types",
    "max_position_embeddings", "max_window_layers", "mlp_bias", "model_type",
    "n_embd", "n_head", "n_inner", "n_layer", "n_positions",
    "num_attention_heads", "num_heads", "num_hidden_layers",
    "num_key_value_heads", "num_layers", "pad_token_id",
    "partial_rotary_factor", "position_embedding", "pretraining_tp",
    "query_pre_attn_scalar", "resid_pdrop", "rms_norm_eps",
    "rope_local_base_freq", "rope_parameters", "rope_scaling", "rope_theta",
    "rotary_emb_base", "rotary_pct", "sliding_window", "sliding_window_pattern",
    "tie_word_embeddings", "torch_dtype", "transformers_version", "use_cache",
    "use_parallel_residual", "use_sliding_window", "vocab_size",
    "widening_factor"};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct preset *
find_preset(const char *name)
{
    const char *names[N_PRESETS];

    for (size_t i = 0; i < N_PRESETS; i++) {
        if (strcmp(presets[i].name, name) == 0) {
            return &presets[i];
        }
        names[i] = presets[i].name;
    }
    const char *nearest = options_nearest(name, names, N_PRESETS);
    if (nearest != NULL) {
        report_error(
            "--config %s: no such preset; did you mean %s?", name, nearest);
    } else {
        report_error("--config %s: no such preset, nor a file NAME.json; "
                     "presets: byte-200k, byte-800k, byte-3m, lmic-64x4 to "
                     "lmic-512x12",
            name);
    }
    return NULL;
}

/* What a preset of the study has besides its sizes. */
static json_t *
lmic_keys(void)
{
    return json_pack("{s:[s],s:s,s:f,s:b}", "architectures", "LmicForCausalLM",
        "position_embedding", "rotary", "layer_norm_eps", 1e-5,
        "tie_word_embeddings", 0);
}

static json_t *
qwen3_keys(const struct preset *p)
{
    json_t *config = json_pack("{s:[s],s:I,s:I,s:s,s:f,s:f,s:b,s:b}",
        "architectures", "Qwen3ForCausalLM", "num_key_value_heads",
        (json_int_t)p->key_heads, "head_dim", (json_int_t)p->head_width,
        "hidden_act", "silu", "rms_norm_eps", 1e-6, "rope_theta", 10000.0,
        "tie_word_embeddings", 1, "attention_bias", 0);
    json_t *types = json_array();
    int rc = config == NULL || types == NULL;

    for (size_t l = 0; rc == 0 && l < p->layers; l++) {
        rc = json_array_append_new(types,
            json_string(p->window ? "sliding_attention" : "full_attention"));
    }
    if (rc == 0 && p->window) {
        rc =
            json_object_set_new(config, "use_sliding_window", json_true()) ||
            json_object_set_new(config, "max_window_layers", json_integer(0)) ||
            json_object_set_new(config, "sliding_window",
                json_integer((json_int_t)p->window)) ||
            json_object_set_new(config, "max_position_embeddings",
                json_integer(WINDOWED_POSITIONS)) ||
            json_object_set(config, "layer_types", types);
    }
    json_decref(types);
    if (rc != 0) {
        json_decref(config);
        return NULL;
    }
    return config;
}

static json_t *
make_preset(const struct preset *p)
{
    json_t *config = json_pack("{s:s,s:I,s:I,s:I,s:I}", "model_type", p->type,
        "num_hidden_layers", (json_int_t)p->layers, "hidden_size",
        (json_int_t)p->width, "num_attention_heads", (json_int_t)p->heads,
        "intermediate_size", (json_int_t)p->mlp);
    json_t *more = strcmp(p->type, "lmic") == 0 ? lmic_keys() : qwen3_keys(p);

    if (config == NULL || more == NULL || json_object_update(config, more)) {
        report_error("no memory for a configuration");
        json_decref(config);
        config = NULL;
    }
    json_decref(more);
    return config;
}

/* A file whose keys are all known. */
static json_t *
read_file(const char *path)
{
    size_t bytes;
    json_error_t error;
    const char *key;
    json_t *value;
    char *text = file_read_text(path, &bytes, CONFIG_BYTES_MAX);

    if (text == NULL) {
        return NULL;
    }
    json_t *config = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    mem_free(text);
    if (config == NULL) {
        report_error("%s: line %d: %s", path, error.line, error.text);
        return NULL;
    }
    if (!json_is_object(config)) {
        report_error("%s: not a JSON object", path);
        goto fail;
    }
    json_object_foreach(config, key, value)
    {
        size_t i = 0;
        while (i < N_KEYS && strcmp(keys[i], key) != 0) {
            i++;
        }
        if (i == N_KEYS) {
            const char *nearest = options_nearest(key, keys, N_KEYS);
            report_error("%s: unknown key \"%s\"%s%s%s", path, key,
                nearest == NULL ? "" : "; did you mean \"",
                nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
            goto fail;
        }
    }
    return config;
fail:
    json_decref(config);
    return NULL;
}

/* Set key to a number unless it is there. */
static void
fill(json_t *config, const char *key, json_int_t value)
{
    if (json_object_get(config, key) == NULL) {
        json_object_set_new(config, key, json_integer(value));
    }
}

/* The key that holds the number of positions. */
static const char *
positions_key(const json_t *config)
{
    const char *type = json_string_value(json_object_get(config, "model_type"));

    return type != NULL && strcmp(type, "gpt2") == 0
               ? "n_positions"
               : "max_position_embeddings";
}

/* Does the configuration suit what is trained? */
static int
check(const json_t *config, const char *name, const struct preset_needs *needs)
{
    static const char *const dropouts[] = {"attention_dropout",
        "hidden_dropout", "embd_pdrop", "attn_pdrop", "resid_pdrop"};
    const char *key = positions_key(config);
    json_int_t vocabulary =
        json_integer_value(json_object_get(config, "vocab_size"));
    json_int_t positions = json_integer_value(json_object_get(config, key));
    if (needs->is_bytes ? vocabulary != needs->vocabulary
                        : vocabulary < needs->vocabulary) {
        report_error("%s: \"vocab_size\" is %" JSON_INTEGER_FORMAT
                     ", the tokenizer has %" PRIu32 " tokens",
            name, vocabulary, needs->vocabulary);
        return -1;
    }
    if (positions < 0 || (size_t)positions < needs->context) {
        report_error("%s: \"%s\" is %" JSON_INTEGER_FORMAT
                     ", less than the context of %zu",
            name, key, positions, needs->context);
        return -1;
    }
    for (size_t i = 0; i < sizeof(dropouts) / sizeof(dropouts[0]); i++) {
        double share = json_number_value(json_object_get(config, dropouts[i]));
        if (share > 0) {
            report_error("%s: \"%s\" is %g; only 0 is supported", name,
                dropouts[i], share);
            return -1;
        }
    }
    return 0;
}

/* As indented text, freed with mem_free(). */
static char *
dump(const json_t *config)
{
    char *text = json_dumps(
        config, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(16));
    char *copy = text == NULL ? NULL : mem_printf("%s\n", text);

    free(text);
    return copy;
}

char *
preset_config(const char *name, const struct preset_needs *needs)
{
    size_t n = strlen(name);
    json_t *config = NULL;
    char *text = NULL;

    if (n > 5 && strcmp(name + n - 5, ".json") == 0) {
        config = read_file(name);
    } else {
        const struct preset *preset = find_preset(name);
        config = preset == NULL ? NULL : make_preset(preset);
    }
    if (config == NULL) {
        return NULL;
    }
    /* A window of the context's tokens and the start token before them. */
    fill(config, positions_key(config), (json_int_t)needs->context + 1);
    fill(config, "vocab_size", needs->vocabulary);
    fill(config, "bos_token_id", 0);
    if (json_object_get(config, "eos_token_id") == NULL) {
        json_object_set_new(config, "eos_token_id", json_null());
    }
    if (check(config, name, needs) == 0) {
        text = dump(config);
    }
    json_decref(config);
    return text;
}

char *
preset_with_type(const char *config, const char *dtype)
{
    json_t *root = json_loads(config, 0, NULL);
    char *text = NULL;

    if (root != NULL &&
        json_object_set_new(root, "dtype", json_string(dtype)) == 0) {
        text = dump(root);
    }
    json_decref(root);
    return text;
}
