/*
 * model_tensors.c
 */
#include "model/model_tensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "format/weights.h"

#define NAME_BYTES_MAX 128

/* %zu stands for the layer. */
static const char *const names_hub[N_ROLES] = {
    [ROLE_EMBEDDING] = "model.embed_tokens",
    [ROLE_OUTPUT_NORM] = "model.norm",
    [ROLE_OUTPUT] = "lm_head",
    [ROLE_ATTENTION_NORM] = "model.layers.%zu.input_layernorm",
    [ROLE_Q] = "model.layers.%zu.self_attn.q_proj",
    [ROLE_K] = "model.layers.%zu.self_attn.k_proj",
    [ROLE_V] = "model.layers.%zu.self_attn.v_proj",
    [ROLE_ATTENTION_OUTPUT] = "model.layers.%zu.self_attn.o_proj",
    [ROLE_MLP_NORM] = "model.layers.%zu.post_attention_layernorm",
    [ROLE_GATE] = "model.layers.%zu.mlp.gate_proj",
    [ROLE_UP] = "model.layers.%zu.mlp.up_proj",
    [ROLE_DOWN] = "model.layers.%zu.mlp.down_proj",
};

static const char *const names_gguf[N_ROLES] = {
    [ROLE_EMBEDDING] = "token_embd",
    [ROLE_OUTPUT_NORM] = "output_norm",
    [ROLE_OUTPUT] = "output",
    [ROLE_ATTENTION_NORM] = "blk.%zu.attn_norm",
    [ROLE_Q] = "blk.%zu.attn_q",
    [ROLE_K] = "blk.%zu.attn_k",
    [ROLE_V] = "blk.%zu.attn_v",
    [ROLE_ATTENTION_OUTPUT] = "blk.%zu.attn_output",
    [ROLE_MLP_NORM] = "blk.%zu.ffn_norm",
    [ROLE_GATE] = "blk.%zu.ffn_gate",
    [ROLE_UP] = "blk.%zu.ffn_up",
    [ROLE_DOWN] = "blk.%zu.ffn_down",
};

#define ROPE_FACTORS "rope_freqs.weight"

int
model_tensors_init(struct model_tensors *tensors, const struct weights *weights,
    const char *path)
{
    *tensors = (struct model_tensors){
        .weights = weights,
        .path = path,
        .names = weights_gguf(weights) != NULL ? names_gguf : names_hub,
        .is_used = mem_alloc(weights_count(weights), sizeof(bool)),
    };
    return tensors->is_used == NULL ? -1 : 0;
}

void
model_tensors_release(struct model_tensors *tensors)
{
    mem_free(tensors->is_used);
    tensors->is_used = NULL;
}

static void
mark_used(struct model_tensors *tensors, const struct tensor *tensor)
{
    for (size_t i = 0; i < weights_count(tensors->weights); i++) {
        if (weights_at(tensors->weights, i) == tensor) {
            tensors->is_used[i] = true;
        }
    }
}

/* "[300, 64]" */
static void
format_shape(char out[96], unsigned n_axes, const uint64_t *shape)
{
    size_t n = (size_t)snprintf(out, 96, "[");

    for (unsigned i = 0; i < n_axes; i++) {
        n += (size_t)snprintf(
            out + n, 96 - n, "%s%" PRIu64, i > 0 ? ", " : "", shape[i]);
    }
    snprintf(out + n, 96 - n, "]");
}

static int
check_tensor(const struct model_tensors *tensors, const struct tensor *tensor,
    size_t rows, size_t columns)
{
    const uint64_t wanted[2] = {rows, columns};
    unsigned n_axes = columns == 0 ? 1 : 2;
    size_t n_inner = columns == 0 ? rows : columns;

    if (tensor->n_axes != n_axes ||
        memcmp(tensor->shape, wanted, n_axes * sizeof(wanted[0])) != 0) {
        char found_text[96], wanted_text[96];
        format_shape(found_text, tensor->n_axes, tensor->shape);
        format_shape(wanted_text, n_axes, wanted);
        report_error("%s: tensor %s has shape %s, expected %s", tensors->path,
            tensor->name, found_text, wanted_text);
        return -1;
    }
    if (tensor->type >= TENSOR_TYPES) {
        report_error("%s: tensor %s is of type %s, which is not supported",
            tensors->path, tensor->name, tensor->stored_as);
        return -1;
    }
    if (n_inner % tensor_block_count(tensor->type) != 0) {
        report_error("%s: tensor %s: rows of %zu are not whole %s blocks",
            tensors->path, tensor->name, n_inner, tensor->stored_as);
        return -1;
    }
    return 0;
}

static const struct tensor *
find(struct model_tensors *tensors, const char *pattern, const char *suffix,
    size_t layer)
{
    char name[NAME_BYTES_MAX];
    const char *place = strstr(pattern, "%zu");

    if (place == NULL) {
        snprintf(name, sizeof(name), "%s%s", pattern, suffix);
    } else {
        snprintf(name, sizeof(name), "%.*s%zu%s%s", (int)(place - pattern),
            pattern, layer, place + 3, suffix);
    }
    const struct tensor *tensor = weights_find(tensors->weights, name);
    if (tensor == NULL) {
        report_error("%s: tensor %s is missing", tensors->path, name);
    }
    return tensor;
}

const struct tensor *
model_tensors_weight(struct model_tensors *tensors, enum model_role role,
    size_t layer, size_t rows, size_t columns)
{
    const struct tensor *tensor =
        find(tensors, tensors->names[role], ".weight", layer);

    if (tensor == NULL || check_tensor(tensors, tensor, rows, columns) != 0) {
        return NULL;
    }
    mark_used(tensors, tensor);
    tensors->n_parameters += tensor_count(tensor);
    if (columns > 0) {
        tensors->n_by_type[tensor->type] += tensor_count(tensor);
    }
    return tensor;
}

const struct tensor *
model_tensors_bias(struct model_tensors *tensors, enum model_role role,
    size_t layer, size_t rows)
{
    const struct tensor *tensor =
        find(tensors, tensors->names[role], ".bias", layer);

    if (tensor == NULL || check_tensor(tensors, tensor, rows, 0) != 0) {
        return NULL;
    }
    mark_used(tensors, tensor);
    tensors->n_parameters += tensor_count(tensor);
    return tensor;
}

int
model_tensors_rope_factors(
    struct model_tensors *tensors, const struct tensor **out, size_t n)
{
    *out = weights_gguf(tensors->weights) == NULL
               ? NULL
               : weights_find(tensors->weights, ROPE_FACTORS);
    return *out == NULL ? 0 : check_tensor(tensors, *out, n, 0);
}

void
model_tensors_types(
    const struct model_tensors *tensors, char *out, size_t out_bytes_max)
{
    uint64_t n_left[TENSOR_TYPES];
    size_t used = 0;

    memcpy(n_left, tensors->n_by_type, sizeof(n_left));
    out[0] = '\0';
    for (;;) {
        enum tensor_type most = TENSOR_F32;
        for (int type = 0; type < TENSOR_TYPES; type++) {
            if (n_left[type] > n_left[most]) {
                most = (enum tensor_type)type;
            }
        }
        if (n_left[most] == 0 || used >= out_bytes_max) {
            return;
        }
        used += (size_t)snprintf(out + used, out_bytes_max - used, "%s%s",
            used > 0 ? " + " : "", tensor_type_name(most));
        n_left[most] = 0;
    }
}

/*
 * Buffers that old checkpoints carry and that are computed here, and the
 * output layer of a tied model, which is the embedding again.
 */
static bool
is_buffer(const char *name)
{
    return strstr(name, "rotary_emb.inv_freq") != NULL ||
           strcmp(name, ROPE_FACTORS) == 0 ||
           strcmp(name, "lm_head.weight") == 0;
}

void
model_tensors_warn_unused(const struct model_tensors *tensors)
{
    const char *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < weights_count(tensors->weights); i++) {
        const char *name = weights_at(tensors->weights, i)->name;
        if (!tensors->is_used[i] && !is_buffer(name)) {
            first = first == NULL ? name : first;
            n++;
        }
    }
    if (n > 0) {
        report_warning("%s: %zu tensors have no use in this architecture, "
                       "the first is %s",
            tensors->path, n, first);
    }
}
