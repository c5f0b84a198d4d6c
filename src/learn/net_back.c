/*
 * net_back.c
 *
 * The loss of a group and its gradient, from the last layer to the first.
 * w->d_stream holds the gradient of the stream on its way down.
 */
#include <string.h>

#include "learn/net_parts.h"

static const struct net_packed *
packed_of(const struct net *net, size_t l, size_t map)
{
    return &net->packed[l * NET_MAPS + map];
}

/* d_in (+)= the gradient of the input of a norm of R rows of C numbers. */
static void
norm_back(struct net_worker *w, float *d_in, bool is_added, const float *d_out,
    const float *in, float *stats, const float *parameters,
    const struct net_gains *gains, size_t R)
{
    const size_t C = w->net->shape.C;
    const bool has_offset = gains->offset != NET_NONE;

    w->net->kernel->norm_back(&(struct net_norm){
        .in = in,
        .in_stride = C,
        .gain = parameters + gains->gain,
        .offset = has_offset ? parameters + gains->offset : NULL,
        .stats = stats,
        .T = R,
        .C = C,
        .d_out = d_out,
        .d_out_stride = C,
        .d_in = d_in,
        .d_in_stride = C,
        .is_added = is_added,
        .d_gain = w->gradients + gains->gain,
        .d_offset = has_offset ? w->gradients + gains->offset : NULL,
    });
}

/* Loss and gradient of rows [first, first + n) of what enters the head. */
static void
head_rows(struct net_worker *w, const float *in, float *d_in,
    const struct net_group *group, size_t first, size_t n,
    const float *parameters)
{
    const struct net *net = w->net;
    const struct net_packed *head = &net->packed[net->n_packed - 1];
    const size_t C = net->shape.C;

    net_map_forward(net, head, w->logits, in + first * C, parameters, n);
    w->nats += net->kernel->cross_entropy(
        w->logits, group->targets + first, group->scale, n, net->shape.V);
    if (w->gradients) {
        net_map_learn(w, head, w->logits, in + first * C, n);
        net_map_back(head, d_in + first * C, w->logits, n);
    }
}

void
net_loss(struct net_worker *w, const float *parameters,
    const struct net_group *group)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const size_t R = group->n * group->T;
    const bool has_norm = s->output_norm.gain != NET_NONE;
    float *stream = w->stream[s->n_layers];
    float *in = has_norm ? w->normed : stream;
    float *d_in = has_norm ? w->width : w->d_stream;

    if (has_norm) {
        net->kernel->norm(&(struct net_norm){
            .in = stream,
            .in_stride = s->C,
            .gain = parameters + s->output_norm.gain,
            .offset = s->is_centred ? parameters + s->output_norm.offset : NULL,
            .stats = w->output_stats,
            .epsilon = s->epsilon,
            .T = R,
            .C = s->C,
            .out = in,
            .out_stride = s->C,
        });
    }
    for (size_t first = 0, n; first < R; first += n) {
        n = R - first < net->logit_rows ? R - first : net->logit_rows;
        head_rows(w, in, d_in, group, first, n, parameters);
    }
    if (has_norm && w->gradients) {
        norm_back(w, w->d_stream, false, d_in, stream, w->output_stats,
            parameters, &s->output_norm, R);
    }
}

/* width (R, C) = gradient of mlp_in by that of the MLP's output. */
static void
mlp_back(struct net_worker *w, const float *d_out, size_t l, size_t R)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *up = packed_of(net, l, NET_UP);
    const struct net_packed *down = packed_of(net, l, NET_DOWN);
    struct net_slot *slot = &w->slots[l];
    float *act = w->act, *d_up = slot->mlp;

    net_map_back(down, w->d_act, d_out, R);
    if (s->is_gated) {
        net->kernel->swiglu_back(act, slot->mlp, w->d_act, R, s->F);
    } else {
        act = slot->mlp;
        d_up = w->d_act;
        net->kernel->multiply(d_up, act + R * s->F, R * s->F);
    }
    net_map_learn(w, down, d_out, act, R);
    net_map_learn(w, up, d_up, slot->mlp_in, R);
    net_map_back(up, w->width, d_up, R);
}

/* Gradients of q and k before rotation and norms; wide holds those after. */
static void
turn_heads_back(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_layer *layer = &s->layers[l];
    const struct net_slot *slot = &w->slots[l];
    const size_t R = group->n * group->T, n = s->H + s->G;
    const size_t stride = (s->H + 2 * s->G) * s->D;

    for (size_t i = 0; s->is_rotary && i < group->n; i++) {
        w->net->kernel->rotate_back(w->wide + i * group->T * stride, stride,
            w->net->cosine, w->net->sine, group->T, n, s->D);
    }
    for (size_t h = 0; layer->q_norm.gain != NET_NONE && h < n; h++) {
        const size_t gain = h < s->H ? layer->q_norm.gain : layer->k_norm.gain;

        w->net->kernel->norm_back(&(struct net_norm){
            .in = slot->raw + h * s->D,
            .in_stride = n * s->D,
            .gain = parameters + gain,
            .stats = slot->head_norm_stats + 2 * R * h,
            .T = R,
            .C = s->D,
            .d_out = w->wide + h * s->D,
            .d_out_stride = stride,
            .d_in = w->wide + h * s->D,
            .d_in_stride = stride,
            .d_gain = w->gradients + gain,
        });
    }
}

/* wide = gradient of q, k and v by that of the heads' outputs. */
static void
attend_back(struct net_worker *w, const struct net_group *group, size_t l)
{
    const struct net_shape *s = &w->net->shape;

    for (size_t i = 0; i < group->n; i++) {
        for (size_t h = 0; h < s->H; h++) {
            const size_t row = i * group->T, kv = h * s->G / s->H;
            struct net_head head = net_head_of(w, l, row, group->T, h);
            float *d_qkv = w->wide + row * head.stride;

            head.d_out = w->d_attended + row * s->H * s->D + h * s->D;
            head.d_q = d_qkv + h * s->D;
            head.d_k = d_qkv + (s->H + kv) * s->D;
            head.d_v = d_qkv + (s->H + s->G + kv) * s->D;
            head.is_added = h > 0 && (h - 1) * s->G / s->H == kv;
            w->net->kernel->attention_back(&head);
        }
    }
}

/* d_in (R, C) = gradient of what enters attention by that of its output. */
static void
attention_back(struct net_worker *w, float *d_in, const float *d_out,
    const float *parameters, const struct net_group *group, size_t l)
{
    const struct net *net = w->net;
    const struct net_packed *output = packed_of(net, l, NET_ATTENDED);
    const struct net_packed *qkv = packed_of(net, l, NET_QKV);
    const struct net_slot *slot = &w->slots[l];
    const size_t R = group->n * group->T;

    net_map_back(output, w->d_attended, d_out, R);
    net_map_learn(w, output, d_out, slot->attended, R);
    attend_back(w, group, l);
    turn_heads_back(w, parameters, group, l);
    net_map_learn(w, qkv, w->wide,
        net->shape.is_post_norm ? w->stream[l] : slot->normed, R);
    net_map_back(qkv, d_in, w->wide, R);
}

void
net_back_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_layer *layer = &s->layers[l];
    struct net_slot *slot = &w->slots[l];
    const size_t R = group->n * group->T;

    if (s->is_post_norm) {
        norm_back(w, w->d_stream, false, w->d_stream, slot->sum,
            slot->mlp_stats, parameters, &layer->mlp_norm, R);
        mlp_back(w, w->d_stream, l, R);
        w->net->kernel->add_scaled(w->d_stream, w->width, 1.0f, R * s->C);
        norm_back(w, w->d_stream, false, w->d_stream, slot->middle,
            slot->attention_stats, parameters, &layer->attention_norm, R);
        attention_back(w, w->width, w->d_stream, parameters, group, l);
        w->net->kernel->add_scaled(w->d_stream, w->width, 1.0f, R * s->C);
        return;
    }
    mlp_back(w, w->d_stream, l, R);
    norm_back(w, w->d_stream, true, w->width, slot->middle, slot->mlp_stats,
        parameters, &layer->mlp_norm, R);
    attention_back(w, w->width, w->d_stream, parameters, group, l);
    norm_back(w, w->d_stream, true, w->width, w->stream[l],
        slot->attention_stats, parameters, &layer->attention_norm, R);
}

void
net_back_embedding(struct net_worker *w, const struct net_group *group)
{
    const struct net_shape *s = &w->net->shape;

    for (size_t i = 0; i < group->n * group->T; i++) {
        w->net->kernel->add_scaled(
            w->gradients + s->embedding + group->tokens[i] * s->C,
            w->d_stream + i * s->C, s->embedding_scale, s->C);
    }
}
