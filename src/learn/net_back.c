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

/*
 * Rows [first, first + n): width (n, C) = gradient of mlp_in by that of the
 * MLP's output.
 */
static void
mlp_back(struct net_worker *w, const float *d_out, const float *parameters,
    size_t l, size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *up = packed_of(net, l, NET_UP);
    const struct net_packed *down = packed_of(net, l, NET_DOWN);
    const size_t kept = net_kept_row(net, first);
    struct net_slot *slot = &w->slots[l];
    float *act = w->act, *d_up = slot->mlp + kept * 2 * s->F;

    if (net->forgets) {
        net_make_mlp(w, parameters, l, first, n);
    }
    net_map_back(down, w->d_act, d_out, n);
    if (s->is_gated) {
        net->kernel->swiglu_back(act, d_up, w->d_act, n, s->F);
    } else {
        act = slot->mlp + kept * s->F;
        d_up = w->d_act;
        net->kernel->multiply(d_up, act + net_kept_rows(net) * s->F, n * s->F);
    }
    net_map_learn(w, down, d_out, act, n);
    net_map_learn(w, up, d_up, slot->mlp_in + kept * s->C, n);
    net_map_back(up, w->width, d_up, n);
}

/*
 * Gradients of q and k before rotation and norms; wide holds those after, of
 * rows [first, first + n).
 */
static void
turn_heads_back(struct net_worker *w, const float *parameters, size_t T,
    size_t l, size_t first, size_t n)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_layer *layer = &s->layers[l];
    const struct net_slot *slot = &w->slots[l];
    const size_t n_heads = s->H + s->G, n_pairs = s->D / 2;
    const size_t stride = (n_heads + s->G) * s->D;
    const float *raw = slot->raw + net_kept_row(w->net, first) * stride;
    float *wide = w->wide + first * stride;

    for (size_t t = 0, n_here; s->is_rotary && t < n; t += n_here) {
        const size_t position = (first + t) % T;

        n_here = n - t < T - position ? n - t : T - position;
        w->net->kernel->rotate_back(wide + t * stride, stride,
            w->net->cosine + position * n_pairs,
            w->net->sine + position * n_pairs, n_here, n_heads, s->D);
    }
    for (size_t h = 0; layer->q_norm.gain != NET_NONE && h < n_heads; h++) {
        const size_t gain = h < s->H ? layer->q_norm.gain : layer->k_norm.gain;

        w->net->kernel->norm_back(&(struct net_norm){
            .in = raw + h * s->D,
            .in_stride = stride,
            .gain = parameters + gain,
            .stats = slot->head_norm_stats + 2 * (w->net->rows_max * h + first),
            .T = n,
            .C = s->D,
            .d_out = wide + h * s->D,
            .d_out_stride = stride,
            .d_in = wide + h * s->D,
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

/*
 * Rows [first, first + n): d_attended by the gradient of the stream after
 * attention.
 */
static void
output_back(
    struct net_worker *w, const float *d_out, size_t l, size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_packed *output = packed_of(net, l, NET_ATTENDED);
    const size_t at = first * net->shape.H * net->shape.D;

    net_map_back(output, w->d_attended + at, d_out, n);
    net_map_learn(w, output, d_out, w->slots[l].attended + at, n);
}

/* Rows [first, first + n): width = gradient of the input by that of q, k, v. */
static void
qkv_back(struct net_worker *w, const float *parameters, size_t T, size_t l,
    size_t first, size_t n)
{
    const struct net *net = w->net;
    const struct net_shape *s = &net->shape;
    const struct net_packed *qkv = packed_of(net, l, NET_QKV);
    const float *in =
        s->is_post_norm ? w->stream[l] + first * s->C
                        : w->slots[l].normed + net_kept_row(net, first) * s->C;
    float *wide = w->wide + first * (s->H + 2 * s->G) * s->D;

    if (net->forgets) {
        net_make_qkv(w, parameters, l, first, n, true);
    }
    turn_heads_back(w, parameters, T, l, first, n);
    net_map_learn(w, qkv, wide, in, n);
    net_map_back(qkv, w->width, wide, n);
}

/* Rows [first, first + n) down to what attention gave. */
static void
back_to_attention(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n)
{
    const struct net_shape *s = &w->net->shape;
    const struct net_layer *layer = &s->layers[l];
    const struct net_slot *slot = &w->slots[l];
    const size_t at = first * s->C;
    float *d_stream = w->d_stream + at;

    if (s->is_post_norm) {
        norm_back(w, d_stream, false, d_stream, slot->sum + at,
            slot->mlp_stats + 2 * first, parameters, &layer->mlp_norm, n);
        mlp_back(w, d_stream, parameters, l, first, n);
        w->net->kernel->add_scaled(d_stream, w->width, 1.0f, n * s->C);
        norm_back(w, d_stream, false, d_stream, slot->middle + at,
            slot->attention_stats + 2 * first, parameters,
            &layer->attention_norm, n);
    } else {
        mlp_back(w, d_stream, parameters, l, first, n);
        norm_back(w, d_stream, true, w->width, slot->middle + at,
            slot->mlp_stats + 2 * first, parameters, &layer->mlp_norm, n);
    }
    output_back(w, d_stream, l, first, n);
}

/* Rows [first, first + n) from the heads' inputs down. */
static void
back_from_attention(struct net_worker *w, const float *parameters, size_t T,
    size_t l, size_t first, size_t n)
{
    const struct net_shape *s = &w->net->shape;
    const size_t at = first * s->C;

    qkv_back(w, parameters, T, l, first, n);
    if (s->is_post_norm) {
        w->net->kernel->add_scaled(w->d_stream + at, w->width, 1.0f, n * s->C);
    } else {
        norm_back(w, w->d_stream + at, true, w->width, w->stream[l] + at,
            w->slots[l].attention_stats + 2 * first, parameters,
            &s->layers[l].attention_norm, n);
    }
}

void
net_back_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l)
{
    const size_t R = group->n * group->T, rows = w->net->part_rows;

    for (size_t first = 0, n; first < R; first += n) {
        n = R - first < rows ? R - first : rows;
        back_to_attention(w, parameters, l, first, n);
    }
    attend_back(w, group, l);
    for (size_t first = 0, n; first < R; first += n) {
        n = R - first < rows ? R - first : rows;
        back_from_attention(w, parameters, group->T, l, first, n);
    }
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
