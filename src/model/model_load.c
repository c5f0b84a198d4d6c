/*
 * model_load.c
 *
 * Loading in two steps.  The plan finds and checks every tensor, loads the
 * vectors and lists the matrices; filling packs them into memory that may be
 * shared with other processes, each of which has the same plan.
 */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "format/tensor.h"
#include "format/weights.h"
#include "math/gemm.h"
#include "model/model_matrix.h"
#include "model/model_parts.h"
#include "model/model_tensors.h"

/* Matrices of a layer, and besides them. */
#define LAYER_MATRICES 4
#define END_MATRICES   2

struct loader {
    struct model *model;
    struct model_tensors tensors;
    const char *path;
};

/* A gain vector (n) as floats; NULL, reported, if it cannot be had. */
static float *
load_norm(struct loader *loader, enum model_role role, size_t layer, size_t n)
{
    const struct tensor *tensor =
        model_tensors_weight(&loader->tensors, role, layer, n, 0);
    const struct model_piece piece = {.n_rows = n};
    float *gain = tensor == NULL ? NULL : mem_alloc(n, sizeof(float));

    if (gain != NULL &&
        model_matrix_vector(gain, tensor, &piece, loader->path) != 0) {
        mem_free(gain);
        gain = NULL;
    }
    return gain;
}

/* One more matrix; there is room for all. */
static struct model_matrix *
add_matrix(struct loader *loader, size_t n_columns)
{
    struct model *model = loader->model;
    struct model_matrix *matrix = &model->matrices[model->n_matrices++];

    matrix->n_columns = n_columns;
    return matrix;
}

/* Find the tensors of one more piece of a matrix. */
static int
add_piece(struct loader *loader, struct model_matrix *matrix,
    enum model_role role, size_t layer, size_t n_rows, bool has_bias)
{
    const struct model_config *config = &loader->model->config;
    struct model_piece *piece = &matrix->piece[matrix->n_pieces++];
    bool is_rotated = role == ROLE_Q || role == ROLE_K;

    matrix->n_rows += n_rows;
    piece->n_rows = n_rows;
    piece->paired_width =
        is_rotated && config->has_paired_rows ? config->head_width : 0;
    piece->weight = model_tensors_weight(
        &loader->tensors, role, layer, n_rows, matrix->n_columns);
    if (piece->weight == NULL) {
        return -1;
    }
    if (has_bias) {
        piece->bias = model_tensors_bias(&loader->tensors, role, layer, n_rows);
    }
    return has_bias && piece->bias == NULL ? -1 : 0;
}

/* Plan the packed weights of a matrix whose pieces are known. */
static struct gemm_weights *
plan_weights(const struct loader *loader, struct model_matrix *matrix)
{
    const struct model *model = loader->model;

    matrix->packed = model_matrix_plan(matrix, model->kernels, model->packing);
    return matrix->packed;
}

/* The same, and the biases of the pieces joined. */
static int
load_linear(const struct loader *loader, struct model_linear *linear,
    struct model_matrix *matrix)
{
    linear->weights = plan_weights(loader, matrix);
    if (linear->weights == NULL) {
        return -1;
    }
    if (matrix->piece[0].bias == NULL) {
        return 0;
    }
    linear->bias = mem_alloc(matrix->n_rows, sizeof(float));
    if (linear->bias == NULL) {
        return -1;
    }
    float *out = linear->bias;
    for (size_t i = 0; i < matrix->n_pieces; i++) {
        const struct model_piece *piece = &matrix->piece[i];
        if (model_matrix_vector(out, piece->bias, piece, loader->path) != 0) {
            return -1;
        }
        out += piece->n_rows;
    }
    return 0;
}

static int
load_attention(struct loader *loader, struct model_layer *layer, size_t l)
{
    const struct model_config *c = &loader->model->config;
    size_t q_rows = c->n_heads * c->head_width;
    size_t kv_rows = c->n_kv_heads * c->head_width;
    bool has_bias = c->has_qkv_bias;
    struct model_matrix *qkv = add_matrix(loader, c->width);
    struct model_matrix *output = add_matrix(loader, q_rows);

    layer->attention_norm = load_norm(loader, ROLE_ATTENTION_NORM, l, c->width);
    if (layer->attention_norm == NULL ||
        add_piece(loader, qkv, ROLE_Q, l, q_rows, has_bias) != 0 ||
        add_piece(loader, qkv, ROLE_K, l, kv_rows, has_bias) != 0 ||
        add_piece(loader, qkv, ROLE_V, l, kv_rows, has_bias) != 0 ||
        add_piece(loader, output, ROLE_ATTENTION_OUTPUT, l, c->width,
            c->has_output_bias) != 0) {
        return -1;
    }
    if (load_linear(loader, &layer->qkv, qkv) != 0) {
        return -1;
    }
    return load_linear(loader, &layer->output, output);
}

static int
load_mlp(struct loader *loader, struct model_layer *layer, size_t l)
{
    const struct model_config *c = &loader->model->config;
    struct model_matrix *gate_up = add_matrix(loader, c->width);
    struct model_matrix *down = add_matrix(loader, c->mlp_width);
    size_t F = c->mlp_width;
    bool has_bias = c->has_mlp_bias;

    layer->mlp_norm = load_norm(loader, ROLE_MLP_NORM, l, c->width);
    if (layer->mlp_norm == NULL ||
        add_piece(loader, gate_up, ROLE_GATE, l, F, has_bias) != 0 ||
        add_piece(loader, gate_up, ROLE_UP, l, F, has_bias) != 0 ||
        add_piece(loader, down, ROLE_DOWN, l, c->width, has_bias) != 0) {
        return -1;
    }
    if (load_linear(loader, &layer->gate_up, gate_up) != 0) {
        return -1;
    }
    return load_linear(loader, &layer->down, down);
}

/*
 * The output layer, which is the embedding if tied; an embedding of its own
 * stays in the file and is only checked.
 */
static int
load_ends(struct loader *loader)
{
    struct model *model = loader->model;
    const struct model_config *c = &model->config;
    size_t V = c->vocabulary;
    struct model_matrix *output = add_matrix(loader, c->width);

    model->output_norm = load_norm(loader, ROLE_OUTPUT_NORM, 0, c->width);
    if (model->output_norm == NULL) {
        return -1;
    }
    if (c->is_tied) {
        if (add_piece(loader, output, ROLE_EMBEDDING, 0, V, false) != 0) {
            return -1;
        }
    } else {
        struct model_matrix *embedding = add_matrix(loader, c->width);
        if (add_piece(loader, embedding, ROLE_EMBEDDING, 0, V, false) != 0 ||
            add_piece(loader, output, ROLE_OUTPUT, 0, V, false) != 0) {
            return -1;
        }
        model->embedding = embedding->piece[0].weight;
    }
    model->output = plan_weights(loader, output);
    return model->output == NULL ? -1 : 0;
}

static int
load_frequencies(struct loader *loader)
{
    struct model *model = loader->model;
    size_t n_pairs = model->config.head_width / 2;
    const struct tensor *tensor;

    model->frequency = mem_alloc(n_pairs, sizeof(double));
    if (model->frequency == NULL ||
        model_tensors_rope_factors(&loader->tensors, &tensor, n_pairs) != 0) {
        return -1;
    }
    model_rope_frequencies(model->frequency, &model->config.rope, n_pairs);
    if (tensor == NULL) {
        return 0;
    }
    for (size_t i = 0; i < n_pairs; i++) {
        float factor;
        tensor_widen(&factor, tensor, i, 1);
        if (!(factor >= 1e-1f && factor <= 1e6f)) {
            report_error("%s: tensor %s: factor %g of pair %zu, expected 0.1 "
                         "to 1e6",
                loader->path, tensor->name, (double)factor, i);
            return -1;
        }
        model->frequency[i] /= (double)factor;
    }
    return 0;
}

/* Facts that are known once all tensors are found. */
static void
fill_info(struct model *model, const struct model_tensors *tensors)
{
    struct model_info *info = &model->info;
    const struct model_config *c = &model->config;

    model_tensors_types(
        tensors, model->weight_type, sizeof(model->weight_type));
    info->weight_type = model->weight_type;
    info->n_parameters = tensors->n_parameters;
    for (size_t type = 0; type < TENSOR_TYPES; type++) {
        info->n_matrix_parameters += tensors->n_by_type[type];
    }
    if (!c->is_tied) {
        info->n_matrix_parameters -= (uint64_t)c->vocabulary * c->width;
    }
}

int
model_load_plan(struct model *model, const char *path)
{
    const struct model_config *c = &model->config;
    struct loader loader = {.model = model, .path = path};
    int rc = -1;

    model->layers = mem_alloc(c->n_layers, sizeof(model->layers[0]));
    model->matrices = mem_alloc(LAYER_MATRICES * c->n_layers + END_MATRICES,
        sizeof(model->matrices[0]));
    if (model->layers == NULL || model->matrices == NULL ||
        model_tensors_init(&loader.tensors, model->weights, path) != 0) {
        goto done;
    }
    if (load_ends(&loader) != 0 || load_frequencies(&loader) != 0) {
        goto done;
    }
    for (size_t l = 0; l < c->n_layers; l++) {
        if (load_attention(&loader, &model->layers[l], l) != 0 ||
            load_mlp(&loader, &model->layers[l], l) != 0) {
            goto done;
        }
    }
    fill_info(model, &loader.tensors);
    model_tensors_warn_unused(&loader.tensors);
    rc = 0;
done:
    model_tensors_release(&loader.tensors);
    return rc;
}

static void
release_linear(struct model_linear *linear)
{
    gemm_weights_free(linear->weights);
    mem_free(linear->bias);
}

void
model_unload(struct model *model)
{
    for (size_t l = 0; model->layers != NULL && l < model->config.n_layers;
         l++) {
        struct model_layer *layer = &model->layers[l];
        mem_free(layer->attention_norm);
        mem_free(layer->mlp_norm);
        release_linear(&layer->qkv);
        release_linear(&layer->output);
        release_linear(&layer->gate_up);
        release_linear(&layer->down);
    }
    mem_free(model->layers);
    mem_free(model->matrices);
    mem_free(model->output_norm);
    mem_free(model->frequency);
    gemm_weights_free(model->output);
}
