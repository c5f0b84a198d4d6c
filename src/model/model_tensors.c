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

#define ROPE_FACTORS "rope_freqs.weight"

int
model_tensors_init(struct model_tensors *tensors, const struct weights *weights,
    const struct model_names *names, const char *path)
{
    *tensors = (struct model_tensors){
        .weights = weights,
        .path = path,
        .names = names,
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

/* Count a tensor, once. */
static void
use(struct model_tensors *tensors, const struct tensor *tensor)
{
    size_t i = 0;

    while (weights_at(tensors->weights, i) != tensor) {
        i++;
    }
    if (!tensors->is_used[i]) {
        tensors->is_used[i] = true;
        tensors->n_parameters += tensor_count(tensor);
        if (tensor->n_axes > 1) {
            tensors->n_by_type[tensor->type] += tensor_count(tensor);
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

/* The tensor of that name, or without the prefix that files may lack. */
static const struct tensor *
find_name(const struct model_tensors *tensors, const char *name)
{
    const char *prefix = tensors->names->prefix;
    const struct tensor *tensor = weights_find(tensors->weights, name);

    if (tensor == NULL && prefix != NULL &&
        strncmp(name, prefix, strlen(prefix)) == 0) {
        tensor = weights_find(tensors->weights, name + strlen(prefix));
    }
    return tensor;
}

/* Sets name to that of the tensor, "" if the spelling has no such role. */
static const struct tensor *
find(const struct model_tensors *tensors, char name[MODEL_NAME_BYTES_MAX],
    enum model_role role, bool is_bias, size_t layer)
{
    const char *other = tensors->names->other_output;
    const struct tensor *tensor;

    name[0] = '\0';
    if (!model_name(name, tensors->names, role, is_bias, layer)) {
        return NULL;
    }
    tensor = find_name(tensors, name);
    if (tensor == NULL && role == ROLE_OUTPUT && other != NULL) {
        char again[MODEL_NAME_BYTES_MAX];
        snprintf(
            again, sizeof(again), "%s%s", other, is_bias ? ".bias" : ".weight");
        tensor = find_name(tensors, again);
    }
    return tensor;
}

static const struct tensor *
take(struct model_tensors *tensors, enum model_role role, bool is_bias,
    size_t layer, size_t rows, size_t columns)
{
    char name[MODEL_NAME_BYTES_MAX];
    const struct tensor *tensor = find(tensors, name, role, is_bias, layer);

    if (tensor == NULL) {
        report_error("%s: tensor %s is missing", tensors->path, name);
        return NULL;
    }
    if (columns > 0 && model_role_is_transposed(tensors->names, role)) {
        if (check_tensor(tensors, tensor, columns, rows) != 0) {
            return NULL;
        }
        if (tensor_block_count(tensor->type) > 1) {
            report_error("%s: tensor %s: %s blocks of a matrix stored (in, "
                         "out) are not supported",
                tensors->path, tensor->name, tensor->stored_as);
            return NULL;
        }
    } else if (check_tensor(tensors, tensor, rows, columns) != 0) {
        return NULL;
    }
    use(tensors, tensor);
    return tensor;
}

bool
model_tensors_has(
    const struct model_tensors *tensors, enum model_role role, size_t layer)
{
    char name[MODEL_NAME_BYTES_MAX];

    return find(tensors, name, role, false, layer) != NULL;
}

const struct tensor *
model_tensors_weight(struct model_tensors *tensors, enum model_role role,
    size_t layer, size_t rows, size_t columns)
{
    return take(tensors, role, false, layer, rows, columns);
}

const struct tensor *
model_tensors_bias(struct model_tensors *tensors, enum model_role role,
    size_t layer, size_t rows)
{
    return take(tensors, role, true, layer, rows, 0);
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

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/*
 * Buffers that old checkpoints carry and that are computed here (angles,
 * causal masks), and the output layer of a tied model, which is the embedding
 * again.
 */
static bool
is_buffer(const char *name)
{
    static const char *const ends[] = {
        "rotary_emb.inv_freq",
        ".attn.bias",
        ".attn.masked_bias",
        ".attention.bias",
        ".attention.masked_bias",
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (ends_with(name, ends[i])) {
            return true;
        }
    }
    return strcmp(name, ROPE_FACTORS) == 0 ||
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
