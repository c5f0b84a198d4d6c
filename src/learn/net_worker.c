/*
 * net_worker.c
 *
 * The memory of a thread: one block, laid out by one function that is called
 * once to measure and once to place.
 */
#include "learn/net_worker.h"

#include "base/mem.h"
#include "learn/net_bf16.h"

/* Floats of a cache line: every array begins at one. */
#define LINE_FLOATS (MEM_ALIGN / sizeof(float))

/* A block being laid out; base NULL: only measured. */
struct arena {
    float *base;
    size_t used;
};

static float *
take(struct arena *a, size_t n)
{
    float *p = a->base ? a->base + a->used : NULL;

    a->used += (n + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
    return p;
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Arrays that a net may forget. */
static void
lay_out_kept(struct arena *a, struct net_slot *slot, const struct net *net)
{
    const struct net_shape *s = &net->shape;
    const size_t R = net_kept_rows(net);

    if (!s->is_post_norm) {
        slot->normed = take(a, R * s->C);
    }
    if (s->layers[0].q_norm.gain != NET_NONE) {
        slot->raw = take(a, R * (s->H + 2 * s->G) * s->D);
    }
    slot->mlp_in = take(a, R * s->C);
    slot->mlp = take(a, R * 2 * s->F);
}

static void
lay_out_slot(struct arena *a, struct net_slot *slot, const struct net *net)
{
    const struct net_shape *s = &net->shape;
    const size_t R = net->rows_max, n_heads = s->H + s->G;

    if (s->is_post_norm) {
        slot->sum = take(a, R * s->C);
    }
    if (s->layers[0].q_norm.gain != NET_NONE) {
        slot->head_norm_stats = take(a, R * n_heads * 2);
    }
    slot->attention_stats = take(a, R * 2);
    slot->qkv = take(a, R * (n_heads + s->G) * s->D);
    slot->head_stats = take(a, R * s->H * 2);
    slot->attended = take(a, R * s->H * s->D);
    slot->middle = take(a, R * s->C);
    slot->mlp_stats = take(a, R * 2);
}

static size_t
scratch_floats(const struct net *net)
{
    const struct net_shape *s = &net->shape;
    size_t n = larger(larger(net_head_scratch(net->context_max, s->D),
                          net_bf16_head_scratch(net->context_max, s->D)),
        NET_BF16_SCRATCH);

    for (size_t i = 0; i < net->n_packed; i++) {
        const struct net_map *map = net->packed[i].map;

        n = larger(n, 2 * map->N * map->K); /* packing */
        n = larger(n, net_outer_scratch(larger(map->N, map->K)));
    }
    return n;
}

/* Returns the number of floats. */
static size_t
lay_out(struct net_worker *w, float *base)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const size_t R = net->rows_max;
    struct arena a = {base, 0};

    for (size_t l = 0; l <= s->n_layers; l++) {
        w->stream[l] = take(&a, R * s->C);
    }
    for (size_t l = 0; l < s->n_layers; l++) {
        struct net_slot *slot = &w->slots[l];

        *slot = l > 0 ? w->slots[0] : (struct net_slot){0};
        if (l == 0 || !net->options.is_recomputed) {
            lay_out_slot(&a, slot, net);
        }
        if (l == 0 || !(net->options.is_recomputed || net->forgets)) {
            lay_out_kept(&a, slot, net);
        }
    }
    w->normed = take(&a, R * s->C);
    w->output_stats = take(&a, R * 2);
    w->d_stream = take(&a, R * s->C);
    w->width = take(&a, R * s->C);
    w->wide = take(&a, R * larger(s->F, (s->H + 2 * s->G) * s->D));
    w->act = take(&a, R * s->F);
    w->d_act = take(&a, R * s->F);
    w->d_attended = take(&a, R * s->H * s->D);
    w->logits = take(&a, net->logit_rows * s->V);
    w->scratch = take(&a, scratch_floats(net));
    return a.used;
}

int
net_worker_init(struct net_worker *w, struct net *net, bool has_gradients)
{
    const size_t n_layers = net->shape.n_layers;

    w->net = net;
    w->stream = mem_alloc(n_layers + 1, sizeof(w->stream[0]));
    w->slots = mem_alloc(n_layers, sizeof(w->slots[0]));
    if (!w->stream || !w->slots) {
        return -1;
    }
    w->memory_bytes = lay_out(w, NULL) * sizeof(float);
    w->memory = mem_map(w->memory_bytes);
    if (!w->memory) {
        return -1;
    }
    lay_out(w, w->memory);
    if (has_gradients) {
        w->own_gradients = mem_alloc(net->shape.size, sizeof(float));
        return w->own_gradients ? 0 : -1;
    }
    return 0;
}

void
net_worker_release(struct net_worker *w)
{
    mem_free(w->own_gradients);
    if (w->memory) {
        mem_unmap(w->memory, w->memory_bytes);
    }
    mem_free(w->slots);
    mem_free(w->stream);
}
