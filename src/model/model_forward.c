/*
 * model_forward.c
 *
 * The block is written once, from parts: norm, linear, rotate, attend, gated
 * MLP.  Rows (positions) are independent everywhere but in attention, and
 * attention has an order of its own, so any split of the tokens into calls
 * gives the same bits.
 *
 * Everything between the products goes row by row through an OpenMP team:
 * each row is one call of a vector kernel, whatever the number of threads.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "format/tensor.h"
#include "math/attention.h"
#include "math/gemm.h"
#include "math/vector.h"
#include "model/model_parts.h"

struct model_state {
    const struct model *model;
    size_t positions_max, extend_max;
    int n_threads;
    size_t position;          /* tokens so far */
    size_t n_last;            /* of the last extend */
    struct kv_cache **caches; /* one per layer */
    float *cosine, *sine;     /* (positions_max, D / 2) */
    float *hidden;            /* (extend_max, C), also after the extend */
    float *normed;            /* (extend_max, C) */
    float *qkv;               /* (extend_max, (H + 2 G) D) */
    float *queries;           /* (extend_max, H D) */
    float *attended;          /* (extend_max, H D) */
    float *gate_up;           /* (extend_max, 2 F) */
};

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

static int
state_allocate(struct model_state *state)
{
    const struct model_config *c = &state->model->config;
    size_t T = state->extend_max, n_pairs = c->head_width / 2;

    state->cosine = mem_alloc(state->positions_max * n_pairs, sizeof(float));
    state->sine = mem_alloc(state->positions_max * n_pairs, sizeof(float));
    state->hidden = mem_alloc(T * c->width, sizeof(float));
    state->normed = mem_alloc(T * c->width, sizeof(float));
    state->qkv = mem_alloc(T * qkv_width(c), sizeof(float));
    state->queries = mem_alloc(T * q_width(c), sizeof(float));
    state->attended = mem_alloc(T * q_width(c), sizeof(float));
    state->gate_up = mem_alloc(T * 2 * c->mlp_width, sizeof(float));
    state->caches = mem_alloc(c->n_layers, sizeof(state->caches[0]));
    if (state->cosine == NULL || state->sine == NULL || state->hidden == NULL ||
        state->normed == NULL || state->qkv == NULL || state->queries == NULL ||
        state->attended == NULL || state->gate_up == NULL ||
        state->caches == NULL) {
        return -1;
    }
    for (size_t l = 0; l < c->n_layers; l++) {
        state->caches[l] =
            kv_cache_new(state->positions_max, c->n_kv_heads, c->head_width);
        if (state->caches[l] == NULL) {
            return -1;
        }
    }
    return 0;
}

struct model_state *
model_state_new(const struct model *model, size_t positions_max,
    size_t extend_max, int n_threads)
{
    struct model_state *state = mem_alloc(1, sizeof(*state));

    if (state == NULL) {
        return NULL;
    }
    state->model = model;
    state->positions_max = positions_max;
    state->extend_max = extend_max;
    state->n_threads = n_threads < 1 ? 1 : n_threads;
    if (state_allocate(state) != 0) {
        model_state_free(state);
        return NULL;
    }
    model_rope_tables(state->cosine, state->sine, model->frequency,
        positions_max, model->config.head_width / 2);
    return state;
}

void
model_state_free(struct model_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t l = 0;
         state->caches != NULL && l < state->model->config.n_layers; l++) {
        kv_cache_free(state->caches[l]);
    }
    mem_free(state->caches);
    mem_free(state->cosine);
    mem_free(state->sine);
    mem_free(state->hidden);
    mem_free(state->normed);
    mem_free(state->qkv);
    mem_free(state->queries);
    mem_free(state->attended);
    mem_free(state->gate_up);
    mem_free(state);
}

void
model_state_clear(struct model_state *state)
{
    state->position = 0;
    state->n_last = 0;
}

size_t
model_state_position(const struct model_state *state)
{
    return state->position;
}

static void
embed(struct model_state *state, const uint32_t *tokens, size_t T)
{
    const struct model *model = state->model;
    size_t C = model->config.width;

    for (size_t t = 0; t < T; t++) {
        float *row = state->hidden + t * C;
        assert(tokens[t] < model->config.vocabulary);
        if (model->embedding == NULL) {
            gemm_unpack_row(row, model->output, tokens[t]);
        } else {
            tensor_widen(row, model->embedding, (uint64_t)tokens[t] * C, C);
        }
    }
}

/* normed (T, C) = norm of T rows of hidden from row first on. */
static void
norm(struct model_state *state, const float *gain, size_t first, size_t T)
{
    const struct model_config *c = &state->model->config;
    const float *in = state->hidden + first * c->width;

#pragma omp parallel for num_threads(state->n_threads) if (T > 1)
    for (size_t t = 0; t < T; t++) {
        vector_rms_norm(state->model->kernels, state->normed + t * c->width,
            in + t * c->width, gain, (float)c->epsilon, 1, c->width);
    }
}

/* out (T, N) = in (T, K), rows in_stride apart, times weights plus bias. */
static void
apply(struct model_state *state, float *out, const float *in, size_t in_stride,
    const struct model_linear *linear, size_t T)
{
    size_t N = gemm_weights_rows(linear->weights);

    gemm(out, N, in, in_stride, linear->weights, T, state->n_threads);
    if (linear->bias != NULL) {
        vector_add_bias(state->model->kernels, out, linear->bias, T, N);
    }
}

/* hidden (T, C) += normed (T, C), which holds the output of a sublayer. */
static void
add_to_hidden(struct model_state *state, size_t T)
{
    vector_add(state->model->kernels, state->hidden, state->normed,
        T * state->model->config.width);
}

/*
 * Rotate q and k of each row in place, store k and v in the cache, collect
 * the queries.
 */
static void
rotate_and_store(struct model_state *state, struct kv_cache *cache, size_t T)
{
    const struct model_config *c = &state->model->config;
    size_t stride = qkv_width(c);

#pragma omp parallel for num_threads(state->n_threads) if (T > 1)
    for (size_t t = 0; t < T; t++) {
        float *row = state->qkv + t * stride;
        vector_rotate(state->model->kernels, row, state->cosine, state->sine,
            state->position + t, 1, c->n_heads + c->n_kv_heads, c->head_width,
            c->head_width);
        memcpy(
            state->queries + t * q_width(c), row, q_width(c) * sizeof(float));
    }
    for (size_t t = 0; t < T; t++) {
        const float *keys = state->qkv + t * stride + q_width(c);
        kv_cache_put(cache, keys, keys + kv_width(c), state->position + t, 1);
    }
}

static void
attention_part(struct model_state *state, size_t l, size_t T)
{
    const struct model *model = state->model;
    const struct model_config *c = &model->config;
    const struct model_layer *layer = &model->layers[l];

    norm(state, layer->attention_norm, 0, T);
    apply(state, state->qkv, state->normed, c->width, &layer->qkv, T);
    rotate_and_store(state, state->caches[l], T);
    attention(
        model->kernels, &(struct attention_call){
                            .out = state->attended,
                            .queries = state->queries,
                            .cache = state->caches[l],
                            .first = state->position,
                            .T = T,
                            .n_heads = c->n_heads,
                            .scale = (float)(1 / sqrt((double)c->head_width)),
                            .n_threads = state->n_threads,
                        });
    apply(state, state->normed, state->attended, q_width(c), &layer->output, T);
    add_to_hidden(state, T);
}

static void
mlp_part(struct model_state *state, size_t l, size_t T)
{
    const struct model *model = state->model;
    const struct model_layer *layer = &model->layers[l];
    size_t C = model->config.width, F = model->config.mlp_width;

    norm(state, layer->mlp_norm, 0, T);
    apply(state, state->gate_up, state->normed, C, &layer->gate_up, T);
#pragma omp parallel for num_threads(state->n_threads) if (T > 1)
    for (size_t t = 0; t < T; t++) {
        float *gate = state->gate_up + t * 2 * F;
        vector_swiglu(model->kernels, gate, gate + F, F);
    }
    apply(state, state->normed, state->gate_up, 2 * F, &layer->down, T);
    add_to_hidden(state, T);
}

void
model_extend(struct model_state *state, const uint32_t *tokens, size_t n)
{
    assert(n <= state->extend_max);
    assert(n <= state->positions_max - state->position);

    embed(state, tokens, n);
    for (size_t l = 0; l < state->model->config.n_layers; l++) {
        attention_part(state, l, n);
        mlp_part(state, l, n);
    }
    state->position += n;
    state->n_last = n;
}

void
model_logits(struct model_state *state, float *out, size_t first, size_t n)
{
    const struct model *model = state->model;
    size_t C = model->config.width;

    assert(first <= state->n_last && n <= state->n_last - first);
    norm(state, model->output_norm, first, n);
    gemm(out, model->config.vocabulary, state->normed, C, model->output, n,
        state->n_threads);
}
