/*
 * model_rows.c
 *
 * The block is written once, from parts: norms, linear maps, rotation, an
 * activation.  Which parts a layer has is decided outside of loops over rows.
 *
 * Everything between the products goes row by row, through an OpenMP team if
 * there is more than one thread: each row is one call of a vector kernel,
 * whatever the number of threads.  A team of one costs as much as a row.
 */
#include "model/model_rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "format/tensor.h"
#include "math/gemm.h"
#include "math/softmax.h"
#include "math/vector.h"
#include "model/model_parts.h"

/* Widths of rows that occur often. */
static size_t
q_width(const struct model_config *c)
{
    return c->n_heads * c->head_width;
}

static size_t
kv_width(const struct model_config *c)
{
    return c->n_kv_heads * c->head_width;
}

static size_t
qkv_width(const struct model_config *c)
{
    return q_width(c) + 2 * kv_width(c);
}

/* Numbers of the MLP of one row. */
static size_t
mlp_width(const struct model_config *c)
{
    return c->is_ungated ? c->mlp_width : 2 * c->mlp_width;
}

/* What depends on the position only: angles, or what embeddings gain. */
static int
tables_init(struct model_rows *rows)
{
    const struct model *model = rows->model;
    const struct model_config *c = &model->config;
    size_t T = rows->positions_max, n_pairs = c->n_rotary / 2;

    for (size_t i = 0; i < 2 && model->frequency[i] != NULL; i++) {
        rows->cosine[i] = mem_alloc(T * n_pairs, sizeof(float));
        rows->sine[i] = mem_alloc(T * n_pairs, sizeof(float));
        if (rows->cosine[i] == NULL || rows->sine[i] == NULL) {
            return -1;
        }
        model_rope_tables(
            rows->cosine[i], rows->sine[i], model->frequency[i], T, n_pairs);
    }
    if (c->positions == MODEL_POSITIONS_SINUSOIDAL) {
        rows->sinusoids = mem_alloc(T * c->width, sizeof(float));
        if (rows->sinusoids == NULL) {
            return -1;
        }
        model_rope_sinusoids(rows->sinusoids, T, c->width);
    }
    if (model->positions != NULL && T > c->positions_max) {
        report_error("%s: %zu positions are asked for, the model has a table "
                     "of %zu",
            model->path, T, c->positions_max);
        return -1;
    }
    return 0;
}

/*
 * All activations in one block: pages are large, and belong to the thread
 * that writes them first.
 */
static int
activations_init(struct model_rows *rows)
{
    const struct model_config *c = &rows->model->config;
    const struct {
        float **place;
        size_t width;
    } parts[] = {
        {&rows->hidden, c->width},
        {&rows->normed, c->width},
        {&rows->qkv, qkv_width(c)},
        {&rows->queries, q_width(c)},
        {&rows->attended, q_width(c)},
        {&rows->gate_up, mlp_width(c)},
    };
    const size_t n_parts = sizeof(parts) / sizeof(parts[0]);
    const size_t line = MEM_ALIGN / sizeof(float);
    size_t n_floats = 0;

    for (size_t i = 0; i < n_parts; i++) {
        n_floats += rows->rows_max * parts[i].width + line;
    }
    rows->memory_bytes = n_floats * sizeof(float);
    float *next = rows->memory = mem_map(rows->memory_bytes);
    for (size_t i = 0; i < n_parts && next != NULL; i++) {
        *parts[i].place = next;
        next += (rows->rows_max * parts[i].width + line - 1) / line * line;
    }
    return rows->memory == NULL ? -1 : 0;
}

int
model_rows_init(struct model_rows *rows, const struct model *model,
    size_t positions_max, size_t rows_max, int n_threads)
{
    *rows = (struct model_rows){
        .model = model,
        .positions_max = positions_max,
        .rows_max = rows_max,
        .n_threads = n_threads < 1 ? 1 : n_threads,
    };
    rows->positions = mem_alloc(rows_max, sizeof(rows->positions[0]));
    if (rows->positions == NULL || activations_init(rows) != 0) {
        return -1;
    }
    return tables_init(rows);
}

void
model_rows_release(struct model_rows *rows)
{
    for (size_t i = 0; i < 2; i++) {
        mem_free(rows->cosine[i]);
        mem_free(rows->sine[i]);
    }
    mem_free(rows->sinusoids);
    mem_free(rows->positions);
    mem_unmap(rows->memory, rows->memory_bytes);
}

/* row (C) *= scale. */
static void
scale_row(float *row, float scale, size_t C)
{
    for (size_t c = 0; c < C; c++) {
        row[c] *= scale;
    }
}

void
model_rows_embed(struct model_rows *rows, const uint32_t *tokens, size_t T)
{
    const struct model *model = rows->model;
    size_t C = model->config.width;
    float scale = (float)model->config.embedding_scale;

    for (size_t t = 0; t < T; t++) {
        float *row = rows->hidden + t * C;
        assert(tokens[t] < model->config.vocabulary);
        if (model->embedding == NULL) {
            gemm_unpack_row(row, model->output.weights, tokens[t]);
        } else {
            tensor_widen(row, model->embedding, (uint64_t)tokens[t] * C, C);
        }
        if (scale != 0) {
            scale_row(row, scale, C);
        }
        if (model->positions != NULL) {
            tensor_widen(rows->normed, model->positions,
                (uint64_t)rows->positions[t] * C, C);
            vector_add(model->kernels, row, rows->normed, C);
        }
        if (rows->sinusoids != NULL) {
            vector_add(model->kernels, row,
                rows->sinusoids + rows->positions[t] * C, C);
        }
    }
}

/* Call work for each of T rows. */
static void
each_row(struct model_rows *rows, size_t T,
    void (*work)(struct model_rows *rows, size_t t, const void *context),
    const void *context)
{
    if (rows->n_threads <= 1 || T <= 1) {
        for (size_t t = 0; t < T; t++) {
            work(rows, t, context);
        }
        return;
    }
#pragma omp parallel for num_threads(rows->n_threads)
    for (size_t t = 0; t < T; t++) {
        work(rows, t, context);
    }
}

struct norm_work {
    float *out;
    const float *in;
    const struct model_norm_weights *weights;
};

static void
rms_norm_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct norm_work *work = context;
    const struct model_config *c = &rows->model->config;

    vector_rms_norm(rows->model->kernels, work->out + t * c->width,
        work->in + t * c->width, work->weights->gain, (float)c->epsilon, 1,
        c->width);
}

static void
layer_norm_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct norm_work *work = context;
    const struct model_config *c = &rows->model->config;

    vector_layer_norm(rows->model->kernels, work->out + t * c->width,
        work->in + t * c->width, work->weights->gain, work->weights->bias,
        (float)c->epsilon, 1, c->width);
}

/* out (T, C) = norm of in (T, C); the two may be the same. */
static void
norm(struct model_rows *rows, float *out, const float *in,
    const struct model_norm_weights *weights, size_t T)
{
    const struct norm_work work = {out, in, weights};
    bool is_rms = rows->model->config.norm == MODEL_NORM_RMS;

    each_row(rows, T, is_rms ? rms_norm_row : layer_norm_row, &work);
}

/* out (T, N) = in (T, K), rows in_stride apart, times weights plus bias. */
static void
apply(struct model_rows *rows, float *out, const float *in, size_t in_stride,
    const struct model_linear *linear, size_t T)
{
    size_t N = gemm_weights_rows(linear->weights);

    gemm(out, N, in, in_stride, linear->weights, T, rows->n_threads);
    if (linear->bias != NULL) {
        vector_add_bias(rows->model->kernels, out, linear->bias, T, N);
    }
}

/*
 * Add normed (T, C), which holds the output of attention or MLP, to hidden,
 * with a norm of the one before or of the other after, if there is one.
 */
static void
add_to_hidden(
    struct model_rows *rows, const struct model_norm_weights *post, size_t T)
{
    const struct model_config *c = &rows->model->config;

    if (c->order == MODEL_ORDER_SANDWICH) {
        norm(rows, rows->normed, rows->normed, post, T);
    }
    vector_add(rows->model->kernels, rows->hidden, rows->normed, T * c->width);
    if (c->order == MODEL_ORDER_POST) {
        norm(rows, rows->hidden, rows->hidden, post, T);
    }
}

/* Norm and rotate q and k in place, collect the queries. */
static void
rotate_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct model_layer *layer = context;
    const struct model_config *c = &rows->model->config;
    const struct kernels *kernels = rows->model->kernels;
    float *row = rows->qkv + t * qkv_width(c);

    if (layer->q_norm != NULL) {
        float *keys = row + q_width(c);
        vector_rms_norm(kernels, row, row, layer->q_norm, (float)c->epsilon,
            c->n_heads, c->head_width);
        vector_rms_norm(kernels, keys, keys, layer->k_norm, (float)c->epsilon,
            c->n_kv_heads, c->head_width);
    }
    if (c->n_rotary > 0) {
        vector_rotate(kernels, row, rows->cosine[layer->rope],
            rows->sine[layer->rope], rows->positions[t], 1,
            c->n_heads + c->n_kv_heads, c->head_width, c->n_rotary);
    }
    memcpy(rows->queries + t * q_width(c), row, q_width(c) * sizeof(float));
}

void
model_rows_project(struct model_rows *rows, size_t l, size_t T)
{
    const struct model *model = rows->model;
    const struct model_config *c = &model->config;
    const struct model_layer *layer = &model->layers[l];
    const float *in = rows->hidden;

    if (c->order != MODEL_ORDER_POST) {
        norm(rows, rows->normed, rows->hidden, &layer->attention_norm, T);
        in = rows->normed;
    }
    apply(rows, rows->qkv, in, c->width, &layer->qkv, T);
    each_row(rows, T, rotate_row, layer);
}

const float *
model_rows_keys(const struct model_rows *rows, size_t t)
{
    const struct model_config *c = &rows->model->config;

    return rows->qkv + t * qkv_width(c) + q_width(c);
}

const float *
model_rows_values(const struct model_rows *rows, size_t t)
{
    return model_rows_keys(rows, t) + kv_width(&rows->model->config);
}

float
model_rows_scale(const struct model_rows *rows)
{
    const struct model_config *c = &rows->model->config;

    return (float)(c->attention_scale != 0 ? c->attention_scale
                                           : 1 / sqrt((double)c->head_width));
}

static void
gate_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct model_config *c = &rows->model->config;
    size_t F = c->mlp_width;
    float *gate = rows->gate_up + t * 2 * F;

    (void)context;
    activation_gate(rows->model->kernels, c->activation, gate, gate + F, F);
}

static void
activate_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct model_config *c = &rows->model->config;
    size_t F = c->mlp_width;

    (void)context;
    activation_apply(
        rows->model->kernels, c->activation, rows->gate_up + t * F, F);
}

/* The second half of attention: hidden from hidden and attended. */
static void
finish_attention(
    struct model_rows *rows, const struct model_layer *layer, size_t T)
{
    apply(rows, rows->normed, rows->attended, q_width(&rows->model->config),
        &layer->output, T);
    add_to_hidden(rows, &layer->attention_post_norm, T);
}

static void
mlp(struct model_rows *rows, const struct model_layer *layer, size_t T)
{
    const struct model_config *c = &rows->model->config;
    const float *in = rows->hidden;

    if (c->order != MODEL_ORDER_POST) {
        norm(rows, rows->normed, rows->hidden, &layer->mlp_norm, T);
        in = rows->normed;
    }
    apply(rows, rows->gate_up, in, c->width, &layer->gate_up, T);
    each_row(rows, T, c->is_ungated ? activate_row : gate_row, NULL);
    apply(rows, rows->normed, rows->gate_up, mlp_width(c), &layer->down, T);
    add_to_hidden(rows, &layer->mlp_post_norm, T);
}

void
model_rows_finish(struct model_rows *rows, size_t l, size_t T)
{
    const struct model *model = rows->model;
    const struct model_layer *layer = &model->layers[l];

    if (model->config.order == MODEL_ORDER_PARALLEL) {
        /* hidden is still what attention has seen. */
        mlp(rows, layer, T);
        finish_attention(rows, layer, T);
    } else {
        finish_attention(rows, layer, T);
        mlp(rows, layer, T);
    }
}

struct logits_work {
    const struct model *model;
    float *out;
    float *tops; /* NULL: not wanted */
};

/* What follows the product for some logits of some rows. */
static void
finish_logits(void *context, size_t row, size_t n_rows, size_t column, size_t n)
{
    const struct logits_work *work = context;
    const struct model *model = work->model;
    float cap = (float)model->config.logit_cap;

    for (size_t t = row; t < row + n_rows; t++) {
        float *out = work->out + t * model->config.vocabulary + column;

        if (model->output.bias != NULL) {
            vector_add(model->kernels, out, model->output.bias + column, n);
        }
        if (cap > 0) {
            activation_cap(model->kernels, out, cap, n);
        }
        if (work->tops != NULL) {
            float top = softmax_top(model->kernels, out, n);
#pragma omp critical(model_tops)
            work->tops[t] = softmax_join(work->tops[t], top);
        }
    }
}

void
model_rows_logits(
    struct model_rows *rows, float *out, float *tops, size_t first, size_t n)
{
    const struct model *model = rows->model;
    const struct model_config *c = &model->config;
    const float *in = rows->hidden + first * c->width;
    struct logits_work work = {model, out, tops};

    for (size_t i = 0; i < n && tops != NULL; i++) {
        tops[i] = -INFINITY;
    }
    if (c->order != MODEL_ORDER_POST) {
        norm(rows, rows->normed, in, &model->output_norm, n);
        in = rows->normed;
    }
    gemm_then(out, c->vocabulary, in, c->width, model->output.weights, n,
        rows->n_threads, &(struct gemm_then){finish_logits, &work});
}
