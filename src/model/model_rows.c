/*
 * model_rows.c
 *
 * The block is written once, from parts: norm, linear, rotate, gated MLP.
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
#include "format/tensor.h"
#include "math/gemm.h"
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

int
model_rows_init(struct model_rows *rows, const struct model *model,
    size_t positions_max, size_t rows_max, int n_threads)
{
    const struct model_config *c = &model->config;
    size_t T = rows_max, n_pairs = c->head_width / 2;

    *rows = (struct model_rows){
        .model = model,
        .positions_max = positions_max,
        .rows_max = rows_max,
        .n_threads = n_threads < 1 ? 1 : n_threads,
    };
    rows->cosine = mem_alloc(positions_max * n_pairs, sizeof(float));
    rows->sine = mem_alloc(positions_max * n_pairs, sizeof(float));
    rows->positions = mem_alloc(T, sizeof(rows->positions[0]));
    rows->hidden = mem_alloc(T * c->width, sizeof(float));
    rows->normed = mem_alloc(T * c->width, sizeof(float));
    rows->qkv = mem_alloc(T * qkv_width(c), sizeof(float));
    rows->queries = mem_alloc(T * q_width(c), sizeof(float));
    rows->attended = mem_alloc(T * q_width(c), sizeof(float));
    rows->gate_up = mem_alloc(T * 2 * c->mlp_width, sizeof(float));
    if (rows->cosine == NULL || rows->sine == NULL || rows->positions == NULL ||
        rows->hidden == NULL || rows->normed == NULL || rows->qkv == NULL ||
        rows->queries == NULL || rows->attended == NULL ||
        rows->gate_up == NULL) {
        return -1;
    }
    model_rope_tables(
        rows->cosine, rows->sine, model->frequency, positions_max, n_pairs);
    return 0;
}

void
model_rows_release(struct model_rows *rows)
{
    mem_free(rows->cosine);
    mem_free(rows->sine);
    mem_free(rows->positions);
    mem_free(rows->hidden);
    mem_free(rows->normed);
    mem_free(rows->qkv);
    mem_free(rows->queries);
    mem_free(rows->attended);
    mem_free(rows->gate_up);
}

void
model_rows_embed(struct model_rows *rows, const uint32_t *tokens, size_t T)
{
    const struct model *model = rows->model;
    size_t C = model->config.width;

    for (size_t t = 0; t < T; t++) {
        float *row = rows->hidden + t * C;
        assert(tokens[t] < model->config.vocabulary);
        if (model->embedding == NULL) {
            gemm_unpack_row(row, model->output, tokens[t]);
        } else {
            tensor_widen(row, model->embedding, (uint64_t)tokens[t] * C, C);
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
    const float *in, *gain;
};

static void
norm_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct norm_work *work = context;
    const struct model_config *c = &rows->model->config;

    vector_rms_norm(rows->model->kernels, rows->normed + t * c->width,
        work->in + t * c->width, work->gain, (float)c->epsilon, 1, c->width);
}

/* normed (T, C) = norm of T rows of hidden from row first on. */
static void
norm(struct model_rows *rows, const float *gain, size_t first, size_t T)
{
    struct norm_work work = {
        .in = rows->hidden + first * rows->model->config.width,
        .gain = gain,
    };

    each_row(rows, T, norm_row, &work);
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

/* hidden (T, C) += normed (T, C), which holds the output of a sublayer. */
static void
add_to_hidden(struct model_rows *rows, size_t T)
{
    vector_add(rows->model->kernels, rows->hidden, rows->normed,
        T * rows->model->config.width);
}

/* Rotate q and k in place, collect the queries. */
static void
rotate_row(struct model_rows *rows, size_t t, const void *context)
{
    const struct model_config *c = &rows->model->config;
    float *row = rows->qkv + t * qkv_width(c);

    (void)context;
    vector_rotate(rows->model->kernels, row, rows->cosine, rows->sine,
        rows->positions[t], 1, c->n_heads + c->n_kv_heads, c->head_width,
        c->head_width);
    memcpy(rows->queries + t * q_width(c), row, q_width(c) * sizeof(float));
}

void
model_rows_project(struct model_rows *rows, size_t l, size_t T)
{
    const struct model *model = rows->model;
    const struct model_config *c = &model->config;
    const struct model_layer *layer = &model->layers[l];

    norm(rows, layer->attention_norm, 0, T);
    apply(rows, rows->qkv, rows->normed, c->width, &layer->qkv, T);
    each_row(rows, T, rotate_row, NULL);
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
    return (float)(1 / sqrt((double)rows->model->config.head_width));
}

static void
gate_row(struct model_rows *rows, size_t t, const void *context)
{
    size_t F = rows->model->config.mlp_width;
    float *gate = rows->gate_up + t * 2 * F;

    (void)context;
    vector_swiglu(rows->model->kernels, gate, gate + F, F);
}

void
model_rows_finish(struct model_rows *rows, size_t l, size_t T)
{
    const struct model *model = rows->model;
    const struct model_config *c = &model->config;
    const struct model_layer *layer = &model->layers[l];
    size_t F = c->mlp_width;

    apply(rows, rows->normed, rows->attended, q_width(c), &layer->output, T);
    add_to_hidden(rows, T);

    norm(rows, layer->mlp_norm, 0, T);
    apply(rows, rows->gate_up, rows->normed, c->width, &layer->gate_up, T);
    each_row(rows, T, gate_row, NULL);
    apply(rows, rows->normed, rows->gate_up, 2 * F, &layer->down, T);
    add_to_hidden(rows, T);
}

void
model_rows_logits(struct model_rows *rows, float *out, size_t first, size_t n)
{
    const struct model *model = rows->model;

    norm(rows, model->output_norm, first, n);
    gemm(out, model->config.vocabulary, rows->normed, model->config.width,
        model->output, n, rows->n_threads);
}
