/*
 * model_batch.c
 *
 * The rows of a step are the tokens of its streams.  Products and norms see
 * rows only; in attention each row has a stream's part of the cache.  For a
 * small model reading the caches is nearly all of the time: what a step costs
 * per stream falls with their number only while the weights dominate.
 */
#include "model/batch.h"

#include <assert.h>

#include "base/mem.h"
#include "math/attention.h"
#include "model/model_parts.h"
#include "model/model_rows.h"

struct model_batch {
    struct model_rows rows;
    size_t n_streams_max;
    size_t n_last;            /* rows of the last step */
    size_t *position;         /* (n_streams_max): tokens so far */
    size_t *streams;          /* (n_streams_max): of the rows of a step */
    struct kv_cache **caches; /* one per layer, of all streams */
};

static int
batch_init(struct model_batch *batch, const struct model *model,
    size_t n_streams_max, size_t positions_max, int n_threads)
{
    const struct model_config *c = &model->config;

    batch->n_streams_max = n_streams_max;
    if (model_rows_init(&batch->rows, model, positions_max, n_streams_max,
            n_threads) != 0) {
        return -1;
    }
    batch->position = mem_alloc(n_streams_max, sizeof(batch->position[0]));
    batch->streams = mem_alloc(n_streams_max, sizeof(batch->streams[0]));
    batch->caches = mem_alloc(c->n_layers, sizeof(batch->caches[0]));
    if (batch->position == NULL || batch->streams == NULL ||
        batch->caches == NULL) {
        return -1;
    }
    for (size_t l = 0; l < c->n_layers; l++) {
        batch->caches[l] = kv_cache_new_ring(n_streams_max, positions_max,
            model->layers[l].window, c->n_kv_heads, c->head_width);
        if (batch->caches[l] == NULL) {
            return -1;
        }
    }
    return 0;
}

struct model_batch *
model_batch_new(const struct model *model, size_t n_streams_max,
    size_t positions_max, int n_threads)
{
    struct model_batch *batch = mem_alloc(1, sizeof(*batch));

    if (batch == NULL) {
        return NULL;
    }
    if (batch_init(batch, model, n_streams_max, positions_max, n_threads) !=
        0) {
        model_batch_free(batch);
        return NULL;
    }
    return batch;
}

void
model_batch_free(struct model_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    for (size_t l = 0;
         batch->caches != NULL && l < batch->rows.model->config.n_layers; l++) {
        kv_cache_free(batch->caches[l]);
    }
    mem_free(batch->caches);
    mem_free(batch->position);
    mem_free(batch->streams);
    model_rows_release(&batch->rows);
    mem_free(batch);
}

size_t
model_batch_stream_bytes(const struct model *model, size_t positions)
{
    const struct model_config *c = &model->config;
    size_t seen = 0;

    for (size_t l = 0; l < c->n_layers; l++) {
        size_t window = model->layers[l].window;
        seen += window > 0 && window < positions ? window : positions;
    }
    return 2 * sizeof(float) * c->n_kv_heads * c->head_width * seen;
}

void
model_batch_clear(struct model_batch *batch, size_t stream)
{
    assert(stream < batch->n_streams_max);
    batch->position[stream] = 0;
}

size_t
model_batch_position(const struct model_batch *batch, size_t stream)
{
    assert(stream < batch->n_streams_max);
    return batch->position[stream];
}

/* attended of layer l, whose keys and values go into the cache first. */
static void
attend(struct model_batch *batch, size_t l, size_t n)
{
    struct model_rows *rows = &batch->rows;

    for (size_t i = 0; i < n; i++) {
        kv_cache_put_one(batch->caches[l], model_rows_keys(rows, i),
            model_rows_values(rows, i), batch->streams[i], rows->positions[i]);
    }
    attention_step(rows->model->kernels,
        &(struct attention_step_call){
            .out = rows->attended,
            .queries = rows->queries,
            .cache = batch->caches[l],
            .streams = batch->streams,
            .positions = rows->positions,
            .n = n,
            .n_heads = rows->model->config.n_heads,
            .window = rows->model->layers[l].window,
            .scale = model_rows_scale(rows),
            .cap = (float)rows->model->config.attention_cap,
            .n_threads = rows->n_threads,
        });
}

void
model_batch_step(struct model_batch *batch, const size_t *streams,
    const uint32_t *tokens, size_t n)
{
    struct model_rows *rows = &batch->rows;

    assert(n <= batch->n_streams_max);
    for (size_t i = 0; i < n; i++) {
        size_t stream = streams == NULL ? i : streams[i];
        assert(stream < batch->n_streams_max);
        assert(batch->position[stream] < rows->positions_max);
        batch->streams[i] = stream;
        rows->positions[i] = batch->position[stream];
    }
    model_rows_embed(rows, tokens, n);
    for (size_t l = 0; l < rows->model->config.n_layers; l++) {
        model_rows_project(rows, l, n);
        attend(batch, l, n);
        model_rows_finish(rows, l, n);
    }
    for (size_t i = 0; i < n; i++) {
        size_t *position = &batch->position[batch->streams[i]];
        assert(*position == rows->positions[i]); /* no stream twice */
        ++*position;
    }
    batch->n_last = n;
}

void
model_batch_logits(
    struct model_batch *batch, float *out, size_t first, size_t n)
{
    assert(first <= batch->n_last && n <= batch->n_last - first);
    model_rows_logits(&batch->rows, out, NULL, first, n);
}
