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

/* Rows [first, first + n) of q and k: normed per head, rotated. */
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
    float *raw = slot->raw + first * n_heads * s->D;

    if (layer->q_norm.gain != NET_NONE) {
        for (size_t t = 0; t < n; t++) {
            memcpy(raw + t * n_heads * s->D, qkv + t * stride,
                n_heads * s->D * sizeof(float));
        }
        for (size_t h = 0; h < n_heads; h++) {
            w->net->kernel->norm(&(struct net_norm){
                .in = raw + h * s->D,
                .in_stride = n_heads * s->D,
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

/* Rows [first, first + n): out (R, C) = in + the MLP of mlp_in. */
static void
mlp(struct net_worker *w, float *out, const float *in, const float *parameters,
    size_t l, size_t first, size_t n, size_t R)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *up = packed_of(net, l, NET_UP);
    const struct net_packed *down = packed_of(net, l, NET_DOWN);
    struct net_slot *slot = &w->slots[l];
    const float *mlp_in = slot->mlp_in + first * s->C;
    float *act = w->act;

    if (s->is_gated) {
        float *gate_up = slot->mlp + first * 2 * s->F;

        net_map_forward(net, up, gate_up, mlp_in, parameters, n);
        net->kernel->swiglu(act, gate_up, n, s->F);
    } else {
        act = slot->mlp + first * s->F;
        net_map_multiply(up, w->wide, mlp_in, n);
        net->kernel->gelu(act, act + R * s->F, w->wide,
            net_map_bias(up, parameters), n, s->F);
    }
    net_map_multiply(down, w->width, act, n);
    net->kernel->add_rows(out + first * s->C, in + first * s->C, w->width,
        net_map_bias(down, parameters), n, s->C);
}

/* Rows [first, first + n) up to the rotated heads. */
static void
before_attention(struct net_worker *w, const float *parameters, size_t T,
    size_t l, size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    struct net_slot *slot = &w->slots[l];
    const float *in = w->stream[l] + first * s->C;
    const size_t stride = (s->H + 2 * s->G) * s->D;

    if (!s->is_post_norm) {
        float *normed = slot->normed + first * s->C;

        norm(net, normed, slot->attention_stats + 2 * first, in, parameters,
            &s->layers[l].attention_norm, n);
        in = normed;
    }
    net_map_forward(net, packed_of(net, l, NET_QKV), slot->qkv + first * stride,
        in, parameters, n);
    turn_heads(w, parameters, T, l, first, n);
}

/* Rows [first, first + n) of R from what attention gave on. */
static void
after_attention(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n, size_t R)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_layer *layer = &s->layers[l];
    const struct net_packed *output = packed_of(net, l, NET_ATTENDED);
    struct net_slot *slot = &w->slots[l];
    const size_t at = first * s->C;
    float *middle = slot->middle + at, *mlp_in = slot->mlp_in + at;

    net_map_multiply(output, w->width, slot->attended + first * s->H * s->D, n);
    net->kernel->add_rows(middle, w->stream[l] + at, w->width,
        net_map_bias(output, parameters), n, s->C);
    if (s->is_post_norm) {
        norm(net, mlp_in, slot->attention_stats + 2 * first, middle, parameters,
            &layer->attention_norm, n);
        mlp(w, slot->sum, slot->mlp_in, parameters, l, first, n, R);
        norm(net, w->stream[l + 1] + at, slot->mlp_stats + 2 * first,
            slot->sum + at, parameters, &layer->mlp_norm, n);
    } else {
        norm(net, mlp_in, slot->mlp_stats + 2 * first, middle, parameters,
            &layer->mlp_norm, n);
        mlp(w, w->stream[l + 1], slot->middle, parameters, l, first, n, R);
    }
}

void
net_forward_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const size_t R = group->n * group->T, rows = w->net->part_rows;

    for (size_t first = 0; first < R; first += rows) {
        before_attention(w, parameters, group->T, l, first,
            R - first < rows ? R - first : rows);
    }
    attend(w, group, l);
    for (size_t first = 0; first < R; first += rows) {
        after_attention(
            w, parameters, l, first, R - first < rows ? R - first : rows, R);
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
