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
#define END_MATRICES   3

struct loader {
    struct model *model;
    struct model_tensors tensors;
    const char *path;
};

/* A vector (n) as floats; NULL, reported, if it cannot be had. */
static float *
load_vector(const struct loader *loader, const struct tensor *tensor, size_t n)
{
    const struct model_piece piece = {.n_rows = n};
    float *vector = tensor == NULL ? NULL : mem_alloc(n, sizeof(float));

    if (vector != NULL &&
        model_matrix_vector(vector, tensor, &piece, loader->path) != 0) {
        mem_free(vector);
        vector = NULL;
    }
    return vector;
}

/* The gain (n) of a norm; NULL, reported, if it cannot be had. */
static float *
load_gain(struct loader *loader, enum model_role role, size_t layer, size_t n)
{
    float *gain = load_vector(
        loader, model_tensors_weight(&loader->tensors, role, layer, n, 0), n);

    for (size_t i = 0; gain != NULL && i < n; i++) {
        gain[i] += loader->model->config.has_unit_gain ? 1.0f : 0.0f;
    }
    return gain;
}

/* A norm over the width; nothing if it is not there. */
static int
load_norm(struct loader *loader, struct model_norm_weights *norm, bool is_there,
    enum model_role role, size_t layer)
{
    const struct model_config *c = &loader->model->config;

    if (!is_there) {
        return 0;
    }
    norm->gain = load_gain(loader, role, layer, c->width);
    if (norm->gain == NULL || c->norm == MODEL_NORM_RMS) {
        return norm->gain == NULL ? -1 : 0;
    }
    norm->bias = load_vector(loader,
        model_tensors_bias(&loader->tensors, role, layer, c->width), c->width);
    return norm->bias == NULL ? -1 : 0;
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

/* Find the tensors of a piece, which have n_rows rows. */
static int
find_piece(struct loader *loader, struct model_piece *piece,
    const struct model_matrix *matrix, enum model_role role, size_t layer,
    size_t n_rows, bool has_bias)
{
    piece->is_transposed =
        model_role_is_transposed(loader->tensors.names, role);
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

/* One more piece of a matrix, a tensor of its own. */
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
    return find_piece(loader, piece, matrix, role, layer, n_rows, has_bias);
}

/* q, k and v from one tensor that has them head by head. */
static int
add_by_head(struct loader *loader, struct model_matrix *qkv, size_t layer)
{
    const struct model_config *c = &loader->model->config;
    size_t rows = c->n_heads * c->head_width;

    if (c->n_kv_heads != c->n_heads) {
        report_error("%s: %zu heads that share %zu key heads are not "
                     "supported in %s",
            loader->path, c->n_heads, c->n_kv_heads, c->architecture);
        return -1;
    }
    for (size_t i = 0; i < 3; i++) {
        struct model_piece *piece = &qkv->piece[qkv->n_pieces++];
        qkv->n_rows += rows;
        piece->n_rows = rows;
        piece->first_row = i * c->head_width;
        piece->group_rows = c->head_width;
        piece->group_stride = 3 * c->head_width;
        if (find_piece(loader, piece, qkv, ROLE_QKV, layer, 3 * rows,
                c->has_qkv_bias) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The pieces of q, k and v. */
static int
add_qkv(struct loader *loader, struct model_matrix *qkv, size_t layer)
{
    const struct model_config *c = &loader->model->config;
    const struct model_names *names = loader->tensors.names;
    size_t q_rows = c->n_heads * c->head_width;
    size_t kv_rows = c->n_kv_heads * c->head_width;
    bool has_bias = c->has_qkv_bias;

    if (names->is_qkv_by_head) {
        return add_by_head(loader, qkv, layer);
    }
    if (names->stem[ROLE_Q] == NULL ||
        model_tensors_has(&loader->tensors, ROLE_QKV, layer)) {
        return add_piece(
            loader, qkv, ROLE_QKV, layer, q_rows + 2 * kv_rows, has_bias);
    }
    if (add_piece(loader, qkv, ROLE_Q, layer, q_rows, has_bias) != 0 ||
        add_piece(loader, qkv, ROLE_K, layer, kv_rows, has_bias) != 0) {
        return -1;
    }
    return add_piece(loader, qkv, ROLE_V, layer, kv_rows, has_bias);
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
    bool is_before = c->order != MODEL_ORDER_POST;
    bool is_after = !is_before || c->order == MODEL_ORDER_SANDWICH;
    struct model_matrix *qkv = add_matrix(loader, c->width);
    struct model_matrix *output =
        add_matrix(loader, c->n_heads * c->head_width);

    layer->window = model_config_window(c, l);
    layer->rope = c->has_local_rope && model_config_is_local(c, l);
    if (load_norm(loader, &layer->attention_norm, is_before,
            ROLE_ATTENTION_NORM, l) != 0 ||
        add_qkv(loader, qkv, l) != 0 ||
        add_piece(loader, output, ROLE_ATTENTION_OUTPUT, l, c->width,
            c->has_output_bias) != 0 ||
        load_norm(loader, &layer->attention_post_norm, is_after,
            ROLE_ATTENTION_POST_NORM, l) != 0) {
        return -1;
    }
    if (c->has_head_norms) {
        layer->q_norm = load_gain(loader, ROLE_Q_NORM, l, c->head_width);
        layer->k_norm = load_gain(loader, ROLE_K_NORM, l, c->head_width);
        if (layer->q_norm == NULL || layer->k_norm == NULL) {
            return -1;
        }
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
    bool is_before = c->order != MODEL_ORDER_POST;
    bool is_after = !is_before || c->order == MODEL_ORDER_SANDWICH;
    struct model_matrix *gate_up = add_matrix(loader, c->width);
    struct model_matrix *down = add_matrix(loader, c->mlp_width);
    size_t F = c->mlp_width;
    bool has_bias = c->has_mlp_bias;

    if (load_norm(loader, &layer->mlp_norm, is_before, ROLE_MLP_NORM, l) != 0 ||
        load_norm(loader, &layer->mlp_post_norm, is_after, ROLE_MLP_POST_NORM,
            l) != 0) {
        return -1;
    }
    if (!c->is_ungated &&
        add_piece(loader, gate_up, ROLE_GATE, l, F, has_bias) != 0) {
        return -1;
    }
    if (add_piece(loader, gate_up, ROLE_UP, l, F, has_bias) != 0 ||
        add_piece(loader, down, ROLE_DOWN, l, c->width, has_bias) != 0) {
        return -1;
    }
    if (load_linear(loader, &layer->gate_up, gate_up) != 0) {
        return -1;
    }
    return load_linear(loader, &layer->down, down);
}

/* A matrix that stays in the file and is only checked; its tensor. */
static const struct tensor *
load_table(struct loader *loader, enum model_role role, size_t n_rows)
{
    struct model_matrix *table =
        add_matrix(loader, loader->model->config.width);

    if (add_piece(loader, table, role, 0, n_rows, false) != 0) {
        return NULL;
    }
    return table->piece[0].weight;
}

/* The output layer, which is the embedding if tied, and what stands before. */
static int
load_ends(struct loader *loader)
{
    struct model *model = loader->model;
    const struct model_config *c = &model->config;
    size_t V = c->vocabulary;
    struct model_matrix *output = add_matrix(loader, c->width);

    if (load_norm(loader, &model->output_norm, c->order != MODEL_ORDER_POST,
            ROLE_OUTPUT_NORM, 0) != 0 ||
        add_piece(loader, output, c->is_tied ? ROLE_EMBEDDING : ROLE_OUTPUT, 0,
            V, c->has_head_bias) != 0) {
        return -1;
    }
    if (!c->is_tied) {
        model->embedding = load_table(loader, ROLE_EMBEDDING, V);
        if (model->embedding == NULL) {
            return -1;
        }
    } else if (kernels_mode(model->kernels) == MATH_INT8) {
        /* Only products are quantised: tokens are looked up in the file. */
        model->embedding = output->piece[0].weight;
    }
    if (c->positions == MODEL_POSITIONS_LEARNED) {
        model->positions = load_table(loader, ROLE_POSITIONS, c->positions_max);
        if (model->positions == NULL) {
            return -1;
        }
    }
    return load_linear(loader, &model->output, output);
}

/* Divide the frequencies of all layers by what the file says, if it does. */
static int
divide_frequencies(struct loader *loader, size_t n_pairs)
{
    double *frequency = loader->model->frequency[0];
    const struct tensor *tensor;

    if (model_tensors_rope_factors(&loader->tensors, &tensor, n_pairs) != 0) {
        return -1;
    }
    for (size_t i = 0; tensor != NULL && i < n_pairs; i++) {
        float factor;
        tensor_widen(&factor, tensor, i, 1);
        if (!(factor >= 1e-1f && factor <= 1e6f)) {
            report_error("%s: tensor %s: factor %g of pair %zu, expected 0.1 "
                         "to 1e6",
                loader->path, tensor->name, (double)factor, i);
            return -1;
        }
        frequency[i] /= (double)factor;
    }
    return 0;
}

static int
load_frequencies(struct loader *loader)
{
    struct model *model = loader->model;
    const struct model_config *c = &model->config;
    const struct model_rope *ropes[2] = {&c->rope, &c->local_rope};
    size_t n_pairs = c->n_rotary / 2;

    if (n_pairs == 0) {
        return 0;
    }
    for (size_t i = 0; i < (c->has_local_rope ? 2 : 1); i++) {
        model->frequency[i] = mem_alloc(n_pairs, sizeof(double));
        if (model->frequency[i] == NULL) {
            return -1;
        }
        model_rope_frequencies(model->frequency[i], ropes[i], n_pairs);
    }
    return divide_frequencies(loader, n_pairs);
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
    if (model->positions != NULL) {
        info->n_matrix_parameters -= tensor_count(model->positions);
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
        model_tensors_init(&loader.tensors, model->weights, c->names, path) !=
            0) {
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

static void
release_norm(struct model_norm_weights *norm)
{
    mem_free(norm->gain);
    mem_free(norm->bias);
}

void
model_unload(struct model *model)
{
    for (size_t l = 0; model->layers != NULL && l < model->config.n_layers;
         l++) {
        struct model_layer *layer = &model->layers[l];
        release_norm(&layer->attention_norm);
        release_norm(&layer->attention_post_norm);
        release_norm(&layer->mlp_norm);
        release_norm(&layer->mlp_post_norm);
        mem_free(layer->q_norm);
        mem_free(layer->k_norm);
        release_linear(&layer->qkv);
        release_linear(&layer->output);
        release_linear(&layer->gate_up);
        release_linear(&layer->down);
    }
    mem_free(model->layers);
    mem_free(model->matrices);
    release_norm(&model->output_norm);
    mem_free(model->frequency[0]);
    mem_free(model->frequency[1]);
    release_linear(&model->output);
}
