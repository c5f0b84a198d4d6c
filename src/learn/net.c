/*
 * net.c
 *
 * A net as a whole: set-up, the division of a batch among threads, and the
 * sum of their gradients.
 */
#include "learn/net.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "learn/net_parts.h"
#include "learn/net_worker.h"
#include "math/kernels.h"
#include "model/model_config.h"

/* Rows of logits, for a large vocabulary: no less, and at most 8 MiB. */
#define LOGIT_ROWS_MIN   32
#define LOGIT_FLOATS_MAX ((size_t)2 << 20)

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Sequences of T tokens in a group. */
static size_t
group_size(size_t T)
{
    return larger(GROUP_ROWS / T, 1);
}

/* Rows of arrays that are so wide; whole blocks of sums, whatever is wide. */
static size_t
rows_of_part(size_t width)
{
    const size_t n = PART_FLOATS / width / NET_OUTER_ROWS * NET_OUTER_ROWS;

    return larger(n, NET_OUTER_ROWS);
}

static int
make_positions(struct net *net, const struct model_config *config)
{
    const struct net_shape *s = &net->shape;
    const size_t n_pairs = s->D / 2, T = net->context_max;
    double *frequency;

    if (s->is_sinusoidal) {
        net->positions = mem_alloc(T * s->C, sizeof(float));
        if (!net->positions) {
            return -1;
        }
        model_rope_sinusoids(net->positions, T, s->C);
    }
    if (!s->is_rotary) {
        return 0;
    }
    net->cosine = mem_alloc(T * n_pairs, sizeof(float));
    net->sine = mem_alloc(T * n_pairs, sizeof(float));
    frequency = mem_alloc(n_pairs, sizeof(double));
    if (net->cosine && net->sine && frequency) {
        model_rope_frequencies(frequency, &config->rope, n_pairs);
        model_rope_tables(net->cosine, net->sine, frequency, T, n_pairs);
    }
    mem_free(frequency);
    return net->cosine && net->sine && frequency ? 0 : -1;
}

static int
make_workers(struct net *net)
{
    const size_t n = (size_t)net->options.n_threads;

    net->workers = mem_alloc(n, sizeof(net->workers[0]));
    if (!net->workers) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (net_worker_init(&net->workers[i], net, i > 0) != 0) {
            return -1;
        }
    }
    return 0;
}

struct net *
net_new(const struct model_config *config, size_t context_max,
    const struct net_options *options)
{
    struct net *net = mem_alloc(1, sizeof(*net));
    const bool is_blas = options->engine == NET_BLAS;

    if (!net) {
        return NULL;
    }
    if (!net_engine_exists(options->engine)) {
        report_error("matrix products: %s is not in this processor, system or "
                     "program; choose another engine",
            net_engine_name(options->engine));
        mem_free(net);
        return NULL;
    }
    net->options = *options;
    net->kernel =
        net_kernel_find(options->kernels, options->engine == NET_BF16);
    net->products = kernels_find(
        is_blas ? MATH_BLAS : MATH_EXACT, kernels_name(options->kernels));
    net->context_max = context_max;
    net->rows_max = larger(GROUP_ROWS, context_max);
    if (!net->products || net_shape_init(&net->shape, config) != 0) {
        mem_free(net);
        return NULL;
    }
    net->forgets = options->engine == NET_BF16;
    net->part_rows = rows_of_part(larger(
        2 * net->shape.F, (net->shape.H + 2 * net->shape.G) * net->shape.D));
    net->part_rows = smaller(net->part_rows, net->rows_max);
    net->logit_rows = smaller(rows_of_part(net->shape.V),
        larger(LOGIT_FLOATS_MAX / net->shape.V, LOGIT_ROWS_MIN));
    net->logit_rows = smaller(net->logit_rows, net->rows_max);
    if (make_positions(net, config) != 0 || net_pack_init(net) != 0 ||
        make_workers(net) != 0) {
        net_free(net);
        return NULL;
    }
    return net;
}

void
net_free(struct net *net)
{
    if (!net) {
        return;
    }
    for (size_t i = 0; net->workers && i < (size_t)net->options.n_threads;
         i++) {
        net_worker_release(&net->workers[i]);
    }
    mem_free(net->workers);
    net_pack_release(net);
    mem_free(net->cosine);
    mem_free(net->sine);
    mem_free(net->positions);
    net_shape_release(&net->shape);
    mem_free(net);
}

const struct net_parameter *
net_parameters(const struct net *net, size_t *n_parameters)
{
    *n_parameters = net->shape.n_parameters;
    return net->shape.parameters;
}

size_t
net_size(const struct net *net)
{
    return net->shape.size;
}

size_t
net_bytes(const struct net *net)
{
    size_t bytes = net_pack_bytes(net);

    for (size_t i = 0; i < (size_t)net->options.n_threads; i++) {
        bytes += net->workers[i].memory_bytes;
        if (net->workers[i].own_gradients) {
            bytes += net->shape.size * sizeof(float);
        }
    }
    return bytes;
}

/* One call of net_learn(). */
struct call {
    struct net *net;
    const float *parameters;
    const struct net_batch *batch;
    float scale;
    size_t n_groups, n_workers;
    net_ready *ready;
    void *user;
    size_t n_ready; /* stages said to be ready */
};

/* Stages of the backward pass: head, layers from the last on, embedding. */
static size_t
n_stages(const struct net *net)
{
    return net->shape.n_layers + 2;
}

/* The range of the flat vector that a stage finishes. */
static void
stage_range(const struct net_shape *s, size_t stage, size_t *first, size_t *end)
{
    if (stage == 0) {
        *first = s->head_first;
        *end = s->size;
    } else if (stage <= s->n_layers) {
        *first = s->layers[s->n_layers - stage].first;
        *end = s->layers[s->n_layers - stage].end;
    } else {
        *first = 0;
        *end = s->layers[0].first;
    }
}

/* Add up and announce the stages that all threads have finished. */
static void
announce(struct call *c)
{
    struct net *net = c->net;
    float *gradients = net->workers[0].gradients;
    size_t n_final = n_stages(net);

    for (size_t i = 0; i < c->n_workers; i++) {
        n_final =
            smaller(n_final, atomic_load_explicit(&net->workers[i].n_final,
                                 memory_order_acquire));
    }
    for (; c->n_ready < n_final; c->n_ready++) {
        size_t first, end;

        stage_range(&net->shape, c->n_ready, &first, &end);
        for (size_t i = 1; i < c->n_workers; i++) {
            net->kernel->add_scaled(gradients + first,
                net->workers[i].gradients + first, 1.0f, end - first);
        }
        if (c->ready && first < end) {
            c->ready(c->user, first, end);
        }
    }
}

/* A stage of the group is done; in the last group it is final. */
static void
finish_stage(struct call *c, size_t worker, size_t stage, bool is_last)
{
    if (!is_last) {
        return;
    }
    atomic_store_explicit(
        &c->net->workers[worker].n_final, stage + 1, memory_order_release);
    if (worker == 0) {
        announce(c);
    }
}

static void
learn_group(
    struct call *c, size_t worker, const struct net_group *group, bool is_last)
{
    struct net *net = c->net;
    struct net_worker *w = &net->workers[worker];
    const size_t n_layers = net->shape.n_layers;

    net_forward(w, c->parameters, group);
    net_loss(w, c->parameters, group);
    if (!w->gradients) {
        return;
    }
    finish_stage(c, worker, 0, is_last);
    for (size_t l = n_layers; l-- > 0;) {
        if (net->options.is_recomputed && l + 1 < n_layers) {
            net_forward_layer(w, c->parameters, group, l);
        }
        net_back_layer(w, c->parameters, group, l);
        finish_stage(c, worker, n_layers - l, is_last);
    }
    net_back_embedding(w, group);
    finish_stage(c, worker, n_layers + 1, is_last);
}

static void
learn_part(struct call *c, size_t worker)
{
    struct net_worker *w = &c->net->workers[worker];
    const struct net_batch *batch = c->batch;
    const size_t size = group_size(batch->T);
    const size_t first = c->n_groups * worker / c->n_workers;
    const size_t end = c->n_groups * (worker + 1) / c->n_workers;

    if (w->gradients && worker > 0) {
        memset(w->gradients, 0, c->net->shape.size * sizeof(float));
    }
    for (size_t g = first; g < end; g++) {
        const struct net_group group = {
            .tokens = batch->tokens + g * size * batch->T,
            .targets = batch->targets + g * size * batch->T,
            .n = smaller(size, batch->B - g * size),
            .T = batch->T,
            .scale = c->scale,
        };

        learn_group(c, worker, &group, g + 1 == end);
    }
}

void
net_learn(struct net *net, float *gradients, double *nats,
    const float *parameters, const struct net_batch *batch, float scale,
    net_ready *ready, void *user)
{
    const size_t size = group_size(batch->T);
    const size_t n_groups = (batch->B + size - 1) / size;
    struct call c = {
        .net = net,
        .parameters = parameters,
        .batch = batch,
        .scale = scale,
        .n_groups = n_groups,
        .n_workers = smaller((size_t)net->options.n_threads, n_groups),
        .ready = ready,
        .user = user,
    };

    assert(batch->B > 0 && batch->T > 0 && batch->T <= net->context_max);
    net_pack(net, parameters);
    for (size_t i = 0; i < c.n_workers; i++) {
        struct net_worker *w = &net->workers[i];

        w->nats = 0.0;
        w->gradients = i == 0 || !gradients ? gradients : w->own_gradients;
        atomic_init(&w->n_final, 0);
    }
    if (c.n_workers > 1) {
#pragma omp parallel for num_threads((int)c.n_workers) schedule(static, 1)
        for (size_t i = 0; i < c.n_workers; i++) {
            learn_part(&c, i);
        }
    } else {
        learn_part(&c, 0);
    }
    if (gradients) {
        announce(&c);
    }
    for (size_t i = 0; i < c.n_workers; i++) {
        *nats += net->workers[i].nats;
    }
}
