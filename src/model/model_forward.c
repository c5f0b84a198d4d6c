/*
 * model_forward.c
 *
 * One context: its rows are positions that follow each other.  Attention has
 * an order of its own, so any split of the tokens into calls gives the same
 * bits.
 */
#include <assert.h>

#include "base/mem.h"
#include "math/attention.h"
#include "model/model_parts.h"
#include "model/model_rows.h"

struct model_state {
    struct model_rows rows;
    size_t position;          /* tokens so far */
    size_t n_last;            /* of the last extend */
    struct kv_cache **caches; /* one per layer */
};

static int
state_init(struct model_state *state, const struct model *model,
    size_t positions_max, size_t extend_max, int n_threads)
{
    const struct model_config *c = &model->config;

    if (model_rows_init(
            &state->rows, model, positions_max, extend_max, n_threads) != 0) {
        return -1;
    }
    state->caches = mem_alloc(c->n_layers, sizeof(state->caches[0]));
    if (state->caches == NULL) {
        return -1;
    }
    for (size_t l = 0; l < c->n_layers; l++) {
        size_t window = model->layers[l].window;

        state->caches[l] = kv_cache_new_ring(1, positions_max,
            window > 0 ? window + extend_max - 1 : 0, c->n_kv_heads,
            c->head_width);
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
    if (state_init(state, model, positions_max, extend_max, n_threads) != 0) {
        model_state_free(state);
        return NULL;
    }
    return state;
}

void
model_state_free(struct model_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t l = 0;
         state->caches != NULL && l < state->rows.model->config.n_layers; l++) {
        kv_cache_free(state->caches[l]);
    }
    mem_free(state->caches);
    model_rows_release(&state->rows);
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

/*
 * attended of layer l for rows [row, row + T), which follow each other; their
 * keys and values go into the cache first.
 */
static void
attend(struct model_state *state, size_t l, size_t row, size_t T)
{
    struct model_rows *rows = &state->rows;
    const struct model_config *c = &rows->model->config;
    size_t at = row * c->n_heads * c->head_width;
    struct kv_rows kv = {
        .keys = model_rows_keys(rows, row),
        .values = model_rows_values(rows, row),
        .stride = (size_t)(model_rows_keys(rows, 1) - model_rows_keys(rows, 0)),
    };

    kv_cache_put_rows(state->caches[l], &kv, 0, rows->positions[row], T);
    attention(rows->model->kernels, &(struct attention_call){
                                        .out = rows->attended + at,
                                        .queries = rows->queries + at,
                                        .cache = state->caches[l],
                                        .first = rows->positions[row],
                                        .T = T,
                                        .n_heads = c->n_heads,
                                        .window = rows->model->layers[l].window,
                                        .scale = model_rows_scale(rows),
                                        .cap = (float)c->attention_cap,
                                        .n_threads = rows->n_threads,
                                    });
}

void
model_extend(struct model_state *state, const uint32_t *tokens, size_t n)
{
    struct model_rows *rows = &state->rows;

    assert(n <= rows->rows_max);
    assert(n <= rows->positions_max - state->position);

    for (size_t t = 0; t < n; t++) {
        rows->positions[t] = state->position + t;
    }
    model_rows_embed(rows, tokens, n);
    for (size_t l = 0; l < rows->model->config.n_layers; l++) {
        model_rows_project(rows, l, n);
        attend(state, l, 0, n);
        model_rows_finish(rows, l, n);
    }
    state->position += n;
    state->n_last = n;
}

void
model_extend_each(struct model_state *state, const uint32_t *tokens,
    const size_t *lengths, size_t n)
{
    struct model_rows *rows = &state->rows;
    size_t T = 0;

    for (size_t i = 0; i < n; i++) {
        assert(lengths[i] <= rows->positions_max);
        assert(lengths[i] <= rows->rows_max - T);
        for (size_t t = 0; t < lengths[i]; t++) {
            rows->positions[T++] = t;
        }
    }
    model_rows_embed(rows, tokens, T);
    for (size_t l = 0; l < rows->model->config.n_layers; l++) {
        model_rows_project(rows, l, T);
        for (size_t i = 0, row = 0; i < n; row += lengths[i++]) {
            /* Each overwrites the keys of the one before. */
            attend(state, l, row, lengths[i]);
        }
        model_rows_finish(rows, l, T);
    }
    state->position = 0;
    state->n_last = T;
}

void
model_logits(struct model_state *state, float *out, size_t first, size_t n)
{
    model_logits_tops(state, out, NULL, first, n);
}

void
model_logits_tops(
    struct model_state *state, float *out, float *tops, size_t first, size_t n)
{
    assert(first <= state->n_last && n <= state->n_last - first);
    model_rows_logits(&state->rows, out, tops, first, n);
}
