/*
 * model_load.c
 *
 * Matrices are widened and packed in slices of GEMM_ROWS_STEP rows, so that
 * besides the packed weights only one slice per thread exists as floats.
 * Matrices that take the same input are stacked into one (q, k and v; gate
 * and up): each output is its own chain of sums, so its bits do not change.
 *
 * llama's GGUF files order the rows of a q or k head so that rotary pairs are
 * neighbours (2i, 2i + 1); here pairs are (i, i + D/2), as in Hugging Face
 * files, so such rows are put back in order while they are widened.
 */
#include <omp.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "format/tensor.h"
#include "format/weights.h"
#include "math/gemm.h"
#include "model/model_parts.h"
#include "model/model_tensors.h"

/* Most tensors that are stacked into one matrix. */
#define PIECES_MAX 3

/* Rows of a stacked matrix that come from one tensor. */
struct piece {
    const struct tensor *weight;
    const struct tensor *bias; /* NULL: none */
    size_t n_rows;
    size_t paired_width; /* head width if rows are to be reordered, else 0 */
};

struct stack {
    struct piece piece[PIECES_MAX];
    size_t n_pieces;
    size_t n_rows; /* sum */
    size_t n_columns;
};

struct loader {
    struct model *model;
    struct model_tensors tensors;
    const char *path;
    int n_threads;
};

/* Which row of the tensor is row r of the piece. */
static size_t
source_row(const struct piece *piece, size_t r)
{
    size_t width = piece->paired_width;

    if (width == 0) {
        return r;
    }
    size_t i = r % width, half = width / 2;
    return r - i + (i < half ? 2 * i : 2 * (i - half) + 1);
}

/* Is there no infinity and no NaN? */
static bool
all_finite(const float *in, size_t n)
{
    uint32_t n_bad = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &in[i], sizeof(bits));
        n_bad += (bits & 0x7f800000u) == 0x7f800000u;
    }
    return n_bad == 0;
}

static int
report_not_finite(
    const struct loader *loader, const struct tensor *tensor, size_t row)
{
    report_error("%s: tensor %s: row %zu has an infinity or NaN", loader->path,
        tensor->name, row);
    return -1;
}

/*
 * Widen rows [first, first + n) of a stack.  Returns the first row of the
 * stack with a number that is not finite, SIZE_MAX if there is none.
 */
static size_t
widen_rows(float *out, const struct stack *stack, size_t first, size_t n)
{
    const struct piece *piece = stack->piece;
    size_t columns = stack->n_columns, base = 0;

    for (size_t r = first; r < first + n; r++, out += columns) {
        while (r - base >= piece->n_rows) {
            base += piece->n_rows;
            piece++;
        }
        tensor_widen(out, piece->weight,
            (uint64_t)source_row(piece, r - base) * columns, columns);
        if (!all_finite(out, columns)) {
            return r;
        }
    }
    return SIZE_MAX;
}

/*
 * Widen a stack slice by slice, checking every number; pack each slice into
 * packed unless that is NULL.
 */
static int
widen_stack(const struct loader *loader, struct gemm_weights *packed,
    const struct stack *stack)
{
    size_t n_slices = (stack->n_rows + GEMM_ROWS_STEP - 1) / GEMM_ROWS_STEP;
    size_t slice_floats = GEMM_ROWS_STEP * stack->n_columns;
    float *slices = mem_alloc((size_t)loader->n_threads * slice_floats, 4);
    size_t bad_row = SIZE_MAX;

    if (slices == NULL) {
        return -1;
    }
#pragma omp parallel num_threads(loader->n_threads) reduction(min : bad_row)
    {
        float *slice = slices + (size_t)omp_get_thread_num() * slice_floats;
#pragma omp for schedule(static)
        for (size_t s = 0; s < n_slices; s++) {
            size_t first = s * GEMM_ROWS_STEP;
            size_t n = stack->n_rows - first;
            if (n > GEMM_ROWS_STEP) {
                n = GEMM_ROWS_STEP;
            }
            size_t bad = widen_rows(slice, stack, first, n);
            bad_row = bad < bad_row ? bad : bad_row;
            if (packed != NULL) {
                gemm_pack(packed, slice, first, n);
            }
        }
    }
    mem_free(slices);
    if (bad_row == SIZE_MAX) {
        return 0;
    }
    const struct piece *piece = stack->piece;
    while (bad_row >= piece->n_rows) {
        bad_row -= piece->n_rows;
        piece++;
    }
    return report_not_finite(loader, piece->weight, source_row(piece, bad_row));
}

/* Widen a tensor of one axis into out (n), in the order of the piece. */
static int
widen_vector(const struct loader *loader, float *out,
    const struct tensor *tensor, const struct piece *piece)
{
    float *stored = mem_alloc(piece->n_rows, sizeof(float));

    if (stored == NULL) {
        return -1;
    }
    tensor_widen(stored, tensor, 0, piece->n_rows);
    for (size_t r = 0; r < piece->n_rows; r++) {
        out[r] = stored[source_row(piece, r)];
    }
    mem_free(stored);
    return all_finite(out, piece->n_rows)
               ? 0
               : report_not_finite(loader, tensor, 0);
}

/* A gain vector (n) as floats; NULL, reported, if it cannot be had. */
static float *
load_norm(struct loader *loader, enum model_role role, size_t layer, size_t n)
{
    const struct tensor *tensor =
        model_tensors_weight(&loader->tensors, role, layer, n, 0);
    const struct piece piece = {.n_rows = n};
    float *gain = tensor == NULL ? NULL : mem_alloc(n, sizeof(float));

    if (gain != NULL && widen_vector(loader, gain, tensor, &piece) != 0) {
        mem_free(gain);
        gain = NULL;
    }
    return gain;
}

/* Find the tensors of one more piece. */
static int
stack_add(struct stack *stack, struct loader *loader, enum model_role role,
    size_t layer, size_t n_rows, bool has_bias)
{
    const struct model_config *config = &loader->model->config;
    struct piece *piece = &stack->piece[stack->n_pieces++];
    bool is_rotated = role == ROLE_Q || role == ROLE_K;

    stack->n_rows += n_rows;
    piece->n_rows = n_rows;
    piece->paired_width =
        is_rotated && config->has_paired_rows ? config->head_width : 0;
    piece->weight = model_tensors_weight(
        &loader->tensors, role, layer, n_rows, stack->n_columns);
    if (piece->weight == NULL) {
        return -1;
    }
    if (has_bias) {
        piece->bias = model_tensors_bias(&loader->tensors, role, layer, n_rows);
    }
    return has_bias && piece->bias == NULL ? -1 : 0;
}

/* Pack the stacked matrices and join their biases. */
static int
load_linear(const struct loader *loader, struct model_linear *linear,
    const struct stack *stack)
{
    linear->weights = gemm_weights_new(
        loader->model->kernels, stack->n_rows, stack->n_columns);
    if (linear->weights == NULL ||
        widen_stack(loader, linear->weights, stack) != 0) {
        return -1;
    }
    if (stack->piece[0].bias == NULL) {
        return 0;
    }
    linear->bias = mem_alloc(stack->n_rows, sizeof(float));
    if (linear->bias == NULL) {
        return -1;
    }
    float *out = linear->bias;
    for (size_t i = 0; i < stack->n_pieces; i++) {
        const struct piece *piece = &stack->piece[i];
        if (widen_vector(loader, out, piece->bias, piece) != 0) {
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
    struct stack qkv = {.n_columns = c->width};
    struct stack output = {.n_columns = q_rows};

    layer->attention_norm = load_norm(loader, ROLE_ATTENTION_NORM, l, c->width);
    if (layer->attention_norm == NULL ||
        stack_add(&qkv, loader, ROLE_Q, l, q_rows, c->has_qkv_bias) != 0 ||
        stack_add(&qkv, loader, ROLE_K, l, kv_rows, c->has_qkv_bias) != 0 ||
        stack_add(&qkv, loader, ROLE_V, l, kv_rows, c->has_qkv_bias) != 0 ||
        stack_add(&output, loader, ROLE_ATTENTION_OUTPUT, l, c->width,
            c->has_output_bias) != 0) {
        return -1;
    }
    if (load_linear(loader, &layer->qkv, &qkv) != 0) {
        return -1;
    }
    return load_linear(loader, &layer->output, &output);
}

static int
load_mlp(struct loader *loader, struct model_layer *layer, size_t l)
{
    const struct model_config *c = &loader->model->config;
    struct stack gate_up = {.n_columns = c->width};
    struct stack down = {.n_columns = c->mlp_width};
    bool has_bias = c->has_mlp_bias;

    layer->mlp_norm = load_norm(loader, ROLE_MLP_NORM, l, c->width);
    if (layer->mlp_norm == NULL ||
        stack_add(&gate_up, loader, ROLE_GATE, l, c->mlp_width, has_bias) !=
            0 ||
        stack_add(&gate_up, loader, ROLE_UP, l, c->mlp_width, has_bias) != 0 ||
        stack_add(&down, loader, ROLE_DOWN, l, c->width, has_bias) != 0) {
        return -1;
    }
    if (load_linear(loader, &layer->gate_up, &gate_up) != 0) {
        return -1;
    }
    return load_linear(loader, &layer->down, &down);
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
    struct stack embedding = {.n_columns = c->width};
    struct stack output = {.n_columns = c->width};
    struct model_linear linear = {NULL, NULL};

    model->output_norm = load_norm(loader, ROLE_OUTPUT_NORM, 0, c->width);
    if (model->output_norm == NULL ||
        stack_add(
            &embedding, loader, ROLE_EMBEDDING, 0, c->vocabulary, false) != 0) {
        return -1;
    }
    if (!c->is_tied) {
        if (stack_add(&output, loader, ROLE_OUTPUT, 0, c->vocabulary, false) !=
                0 ||
            widen_stack(loader, NULL, &embedding) != 0) {
            return -1;
        }
        model->embedding = embedding.piece[0].weight;
    }
    int rc = load_linear(loader, &linear, c->is_tied ? &embedding : &output);
    model->output = linear.weights;
    return rc;
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
model_load(struct model *model, const char *path, int n_threads)
{
    const struct model_config *c = &model->config;
    struct loader loader = {
        .model = model,
        .path = path,
        .n_threads = n_threads < 1 ? 1 : n_threads,
    };
    int rc = -1;

    model->layers = mem_alloc(c->n_layers, sizeof(model->layers[0]));
    if (model->layers == NULL ||
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
    mem_free(model->output_norm);
    mem_free(model->frequency);
    gemm_weights_free(model->output);
}
