/*
 * net_forward.c
 *
 * The forward pass of a group, which keeps what the backward pass needs.
 */
#include <string.h>

#include "learn/net_parts.h"
#include "math/vector.h"

static const struct net_packed *
packed_of(const struct net *net, size_t l, size_t map)
{
    return &net->packed[l * NET_MAPS + map];
}

static void
norm(const struct net *net, float *out, float *stats, const float *in,
    const float *parameters, const struct net_gains *gains, size_t R)
{
    net->kernel->norm(&(struct net_norm){
        .in = in,
        .in_stride = net->shape.C,
        .gain = parameters + gains->gain,
        .offset = gains->offset == NET_NONE ? NULL : parameters + gains->offset,
        .stats = stats,
        .epsilon = net->shape.epsilon,
        .T = R,
        .C = net->shape.C,
        .out = out,
        .out_stride = net->shape.C,
    });
}

static void
embed(struct net_worker *w, const float *parameters,
    const struct net_group *group)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_kernel *kernel = w->net->kernel;

    memset(w->stream[0], 0, group->n * group->T * s->C * sizeof(float));
    for (size_t i = 0; i < group->n * group->T; i++) {
        float *row = w->stream[0] + i * s->C;

        kernel->add_scaled(row,
            parameters + s->embedding + group->tokens[i] * s->C,
            s->embedding_scale, s->C);
        if (s->is_sinusoidal) {
            kernel->add_scaled(
                row, w->net->positions + i % group->T * s->C, 1.0f, s->C);
        }
    }
}

/* q and k of rows [first, first + n): normed per head, rotated. */
static void
turn_heads(struct net_worker *w, const float *parameters, size_t T, size_t l,
    size_t first, size_t n)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_layer *layer = &s->layers[l];
    struct net_slot *slot = &w->slots[l];
    const size_t n_heads = s->H + s->G, n_pairs = s->D / 2;
    const size_t stride = (n_heads + s->G) * s->D;
    float *qkv = slot->qkv + first * stride;

    if (layer->q_norm.gain != NET_NONE) {
        const float *raw = slot->raw + net_kept_row(w->net, first) * stride;

        for (size_t h = 0; h < n_heads; h++) {
            w->net->kernel->norm(&(struct net_norm){
                .in = raw + h * s->D,
                .in_stride = stride,
                .gain = parameters +
                        (h < s->H ? layer->q_norm.gain : layer->k_norm.gain),
                .stats =
                    slot->head_norm_stats + 2 * (w->net->rows_max * h + first),
                .epsilon = s->epsilon,
                .T = n,
                .C = s->D,
                .out = qkv + h * s->D,
                .out_stride = stride,
            });
        }
        for (size_t t = 0; t < n; t++) {
            memcpy(qkv + t * stride + n_heads * s->D,
                raw + t * stride + n_heads * s->D, s->G * s->D * sizeof(float));
        }
    }
    for (size_t t = 0, n_here; s->is_rotary && t < n; t += n_here) {
        const size_t position = (first + t) % T;

        n_here = n - t < T - position ? n - t : T - position;
        w->net->kernel->rotate(qkv + t * stride, stride,
            w->net->cosine + position * n_pairs,
            w->net->sine + position * n_pairs, n_here, n_heads, s->D);
    }
}

struct net_head
net_head_of(struct net_worker *w, size_t l, size_t row, size_t T, size_t head)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_slot *slot = &w->slots[l];
    const size_t stride = (s->H + 2 * s->G) * s->D;
    const float *qkv = slot->qkv + row * stride;
    const size_t kv = head * s->G / s->H;

    return (struct net_head){
        .T = T,
        .D = s->D,
        .window = s->layers[l].window,
        .scale = s->score_scale,
        .q = qkv + head * s->D,
        .k = qkv + (s->H + kv) * s->D,
        .v = qkv + (s->H + s->G + kv) * s->D,
        .stride = stride,
        .out = slot->attended + row * s->H * s->D + head * s->D,
        .out_stride = s->H * s->D,
        .stats = slot->head_stats + 2 * (head * w->net->rows_max + row),
        .scratch = w->scratch,
    };
}

static void
attend(struct net_worker *w, const struct net_group *group, size_t l)
{
    for (size_t i = 0; i < group->n; i++) {
        for (size_t h = 0; h < w->net->shape.H; h++) {
            struct net_head head = net_head_of(w, l, i * group->T, group->T, h);

            w->net->kernel->attention(&head);
        }
    }
}

size_t
net_kept_row(const struct net *net, size_t first)
{
    return net->forgets ? 0 : first;
}

size_t
net_kept_rows(const struct net *net)
{
    return net->forgets ? net->part_rows : net->rows_max;
}

/* Rows [first, first + n) of what the map to q, k and v takes; returned. */
static const float *
make_normed(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n)
{
    const struct net_shape *s = &w->net->shape;
    struct net_slot *slot = &w->slots[l];
    const float *in = w->stream[l] + first * s->C;
    float *normed = slot->normed + net_kept_row(w->net, first) * s->C;

    if (s->is_post_norm) {
        return in;
    }
    norm(w->net, normed, slot->attention_stats + 2 * first, in, parameters,
        &s->layers[l].attention_norm, n);
    return normed;
}

void
net_make_qkv(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n, bool is_again)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const size_t stride = (s->H + 2 * s->G) * s->D;
    const bool has_raw = s->layers[l].q_norm.gain != NET_NONE;
    const float *in = make_normed(w, parameters, l, first, n);
    float *out = has_raw ? w->slots[l].raw + net_kept_row(net, first) * stride
                         : w->slots[l].qkv + first * stride;

    if (has_raw || !is_again) {
        net_map_forward(
            net, packed_of(net, l, NET_QKV), out, in, parameters, n);
    }
}

void
net_make_mlp(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_layer *layer = &s->layers[l];
    const struct net_packed *up = packed_of(net, l, NET_UP);
    const size_t kept = net_kept_row(net, first);
    struct net_slot *slot = &w->slots[l];
    float *mlp_in = slot->mlp_in + kept * s->C;

    norm(net, mlp_in,
        (s->is_post_norm ? slot->attention_stats : slot->mlp_stats) + 2 * first,
        slot->middle + first * s->C, parameters,
        s->is_post_norm ? &layer->attention_norm : &layer->mlp_norm, n);
    if (s->is_gated) {
        net_map_forward(
            net, up, slot->mlp + kept * 2 * s->F, mlp_in, parameters, n);
    } else {
        float *act = slot->mlp + kept * s->F;

        net_map_multiply(up, w->wide, mlp_in, n);
        net->kernel->gelu(act, act + net_kept_rows(net) * s->F, w->wide,
            net_map_bias(up, parameters), n, s->F);
    }
}

/* out (n, C) = in + the MLP of rows [first, first + n). */
static void
mlp(struct net_worker *w, float *out, const float *in, const float *parameters,
    size_t l, size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *down = packed_of(net, l, NET_DOWN);
    const size_t kept = net_kept_row(net, first);
    const float *mlp = w->slots[l].mlp;
    const float *act = mlp + kept * s->F;

    net_make_mlp(w, parameters, l, first, n);
    if (s->is_gated) {
        net->kernel->swiglu(w->act, mlp + kept * 2 * s->F, n, s->F);
        act = w->act;
    }
    net_map_multiply(down, w->width, act, n);
    net->kernel->add_rows(
        out, in, w->width, net_map_bias(down, parameters), n, s->C);
}

/* Rows [first, first + n) from what attention gave on. */
static void
after_attention(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *output = packed_of(net, l, NET_ATTENDED);
    struct net_slot *slot = &w->slots[l];
    const size_t at = first * s->C;

    net_map_multiply(output, w->width, slot->attended + first * s->H * s->D, n);
    net->kernel->add_rows(slot->middle + at, w->stream[l] + at, w->width,
        net_map_bias(output, parameters), n, s->C);
    if (s->is_post_norm) {
        /* The MLP's input is added to its output. */
        mlp(w, slot->sum + at, slot->mlp_in + net_kept_row(net, first) * s->C,
            parameters, l, first, n);
        norm(net, w->stream[l + 1] + at, slot->mlp_stats + 2 * first,
            slot->sum + at, parameters, &s->layers[l].mlp_norm, n);
    } else {
        mlp(w, w->stream[l + 1] + at, slot->middle + at, parameters, l, first,
            n);
    }
}

void
net_forward_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const size_t R = group->n * group->T, rows = w->net->part_rows;

    for (size_t first = 0, n; first < R; first += n) {
        n = R - first < rows ? R - first : rows;
        net_make_qkv(w, parameters, l, first, n, false);
        turn_heads(w, parameters, group->T, l, first, n);
    }
    attend(w, group, l);
    for (size_t first = 0, n; first < R; first += n) {
        n = R - first < rows ? R - first : rows;
        after_attention(w, parameters, l, first, n);
    }
}

void
net_forward(struct net_worker *w, const float *parameters,
    const struct net_group *group)
{
    embed(w, parameters, group);
    for (size_t l = 0; l < w->net->shape.n_layers; l++) {
        net_forward_layer(w, parameters, group, l);
    }
}
