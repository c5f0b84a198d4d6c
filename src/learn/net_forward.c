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

/* q and k of the group: normed per head, rotated. */
static void
turn_heads(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_layer *layer = &s->layers[l];
    struct net_slot *slot = &w->slots[l];
    const size_t R = group->n * group->T, n = s->H + s->G;
    const size_t stride = (s->H + 2 * s->G) * s->D;

    if (layer->q_norm.gain != NET_NONE) {
        for (size_t t = 0; t < R; t++) {
            memcpy(slot->raw + t * n * s->D, slot->qkv + t * stride,
                n * s->D * sizeof(float));
        }
        for (size_t h = 0; h < n; h++) {
            w->net->kernel->norm(&(struct net_norm){
                .in = slot->raw + h * s->D,
                .in_stride = n * s->D,
                .gain = parameters +
                        (h < s->H ? layer->q_norm.gain : layer->k_norm.gain),
                .stats = slot->head_norm_stats + 2 * R * h,
                .epsilon = s->epsilon,
                .T = R,
                .C = s->D,
                .out = slot->qkv + h * s->D,
                .out_stride = stride,
            });
        }
    }
    for (size_t i = 0; s->is_rotary && i < group->n; i++) {
        w->net->kernel->rotate(slot->qkv + i * group->T * stride, stride,
            w->net->cosine, w->net->sine, group->T, n, s->D);
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

/* out (R, C) = in + the MLP of mlp_in. */
static void
mlp(struct net_worker *w, float *out, const float *in, const float *parameters,
    size_t l, size_t R)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *up = packed_of(net, l, NET_UP);
    const struct net_packed *down = packed_of(net, l, NET_DOWN);
    struct net_slot *slot = &w->slots[l];
    float *act = w->act;

    if (s->is_gated) {
        net_map_forward(net, up, slot->mlp, slot->mlp_in, parameters, R);
        net->kernel->swiglu(act, slot->mlp, R, s->F);
    } else {
        act = slot->mlp;
        net_map_multiply(up, w->wide, slot->mlp_in, R);
        net->kernel->gelu(act, act + R * s->F, w->wide,
            net_map_bias(up, parameters), R, s->F);
    }
    net_map_multiply(down, w->width, act, R);
    net->kernel->add_rows(
        out, in, w->width, net_map_bias(down, parameters), R, s->C);
}

void
net_forward_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_layer *layer = &s->layers[l];
    struct net_slot *slot = &w->slots[l];
    const float *in = w->stream[l];
    const struct net_packed *output = packed_of(net, l, NET_ATTENDED);
    const size_t R = group->n * group->T;

    if (!s->is_post_norm) {
        norm(net, slot->normed, slot->attention_stats, in, parameters,
            &layer->attention_norm, R);
        in = slot->normed;
    }
    net_map_forward(
        net, packed_of(net, l, NET_QKV), slot->qkv, in, parameters, R);
    turn_heads(w, parameters, group, l);
    attend(w, group, l);
    net_map_multiply(output, w->width, slot->attended, R);
    net->kernel->add_rows(slot->middle, w->stream[l], w->width,
        net_map_bias(output, parameters), R, s->C);
    if (s->is_post_norm) {
        norm(net, slot->mlp_in, slot->attention_stats, slot->middle, parameters,
            &layer->attention_norm, R);
        mlp(w, slot->sum, slot->mlp_in, parameters, l, R);
        norm(net, w->stream[l + 1], slot->mlp_stats, slot->sum, parameters,
            &layer->mlp_norm, R);
    } else {
        norm(net, slot->mlp_in, slot->mlp_stats, slot->middle, parameters,
            &layer->mlp_norm, R);
        mlp(w, w->stream[l + 1], slot->middle, parameters, l, R);
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
