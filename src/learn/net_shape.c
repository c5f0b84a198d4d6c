/*
 * net_shape.c
 *
 * The table of tensors of an architecture, in the order of the forward pass:
 * embedding, layers, what follows them.  So gradients become final from the
 * end of the flat vector to its front.
 */
#include "learn/net_shape.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"
#include "base/report.h"
#include "learn/net_kernel.h"
#include "model/model_config.h"
#include "model/model_names.h"

/* Tensors of a layer, and outside layers, at most. */
#define LAYER_TENSORS 20
#define OTHER_TENSORS 8

/* A shape being built. */
struct builder {
    struct net_shape *shape;
    const struct model_names *names;
    size_t layer;
};

/* Add a tensor to the table. */
static struct net_parameter *
add(struct builder *b, enum model_role what, bool is_bias, enum net_role role,
    size_t rows, size_t columns)
{
    struct net_shape *s = b->shape;
    struct net_parameter *p = &s->parameters[s->n_parameters++];
    const bool is_named =
        model_name(p->name, b->names, what, is_bias, b->layer);

    assert(is_named);
    (void)is_named;
    p->offset = s->size;
    p->rows = rows;
    p->columns = columns;
    p->is_vector = role == NET_GAIN || role == NET_BIAS;
    p->role = role;
    p->layer = b->layer;
    s->size += rows * columns;
    return p;
}

static size_t
add_matrix(struct builder *b, enum model_role what, enum net_role role,
    size_t N, size_t K)
{
    struct net_parameter *p;

    if (!b->names->is_transposed || role == NET_EMBEDDING) {
        return add(b, what, false, role, N, K)->offset;
    }
    p = add(b, what, false, role, K, N);
    p->is_transposed = true;
    return p->offset;
}

static struct net_gains
add_norm(struct builder *b, enum model_role what, size_t n)
{
    struct net_gains gains = {NET_NONE, NET_NONE};
    const bool is_centred =
        b->shape->is_centred && what != ROLE_Q_NORM && what != ROLE_K_NORM;

    gains.gain = add(b, what, false, NET_GAIN, n, 1)->offset;
    if (is_centred) {
        gains.offset = add(b, what, true, NET_BIAS, n, 1)->offset;
    }
    return gains;
}

/* One more piece of n_rows rows; K is that of all pieces. */
static void
add_piece(struct builder *b, struct net_map *map, enum model_role what,
    size_t n_rows, bool has_bias)
{
    struct net_piece *piece = &map->piece[map->n_pieces++];
    const enum net_role role = what == ROLE_OUTPUT ? NET_OUTPUT : NET_MATRIX;

    map->is_transposed = b->names->is_transposed;
    map->N += n_rows;
    piece->n_rows = n_rows;
    piece->weight = add_matrix(b, what, role, n_rows, map->K);
    piece->bias = NET_NONE;
    if (has_bias) {
        piece->bias = add(b, what, true, NET_BIAS, n_rows, 1)->offset;
    }
}

static void
add_layer(struct builder *b, const struct model_config *c)
{
    struct net_shape *s = b->shape;
    struct net_layer *l = &s->layers[b->layer];
    const size_t q_width = s->H * s->D, kv_width = s->G * s->D;

    l->first = s->size;
    l->window = model_config_window(c, b->layer);
    l->qkv.K = l->up.K = s->C;
    l->output.K = q_width;
    l->down.K = s->F;
    l->q_norm.gain = l->k_norm.gain = NET_NONE;

    l->attention_norm = add_norm(b,
        s->is_post_norm ? ROLE_ATTENTION_POST_NORM : ROLE_ATTENTION_NORM, s->C);
    add_piece(b, &l->qkv, ROLE_Q, q_width, c->has_qkv_bias);
    add_piece(b, &l->qkv, ROLE_K, kv_width, c->has_qkv_bias);
    add_piece(b, &l->qkv, ROLE_V, kv_width, c->has_qkv_bias);
    if (c->has_head_norms) {
        l->q_norm = add_norm(b, ROLE_Q_NORM, s->D);
        l->k_norm = add_norm(b, ROLE_K_NORM, s->D);
    }
    add_piece(b, &l->output, ROLE_ATTENTION_OUTPUT, s->C, c->has_output_bias);
    l->mlp_norm =
        add_norm(b, s->is_post_norm ? ROLE_MLP_POST_NORM : ROLE_MLP_NORM, s->C);
    if (s->is_gated) {
        add_piece(b, &l->up, ROLE_GATE, s->F, c->has_mlp_bias);
    }
    add_piece(b, &l->up, ROLE_UP, s->F, c->has_mlp_bias);
    add_piece(b, &l->down, ROLE_DOWN, s->C, c->has_mlp_bias);
    l->end = s->size;
}

static void
add_all(struct builder *b, const struct model_config *c)
{
    struct net_shape *s = b->shape;

    s->embedding = add_matrix(b, ROLE_EMBEDDING, NET_EMBEDDING, s->V, s->C);
    for (; b->layer < s->n_layers; b->layer++) {
        add_layer(b, c);
    }
    b->layer = 0;
    s->head_first = s->size;
    s->output_norm = (struct net_gains){NET_NONE, NET_NONE};
    if (!s->is_post_norm) {
        s->output_norm = add_norm(b, ROLE_OUTPUT_NORM, s->C);
    }
    s->head = (struct net_map){.K = s->C};
    if (s->is_tied) {
        s->head.n_pieces = 1;
        s->head.N = s->V;
        s->head.piece[0] = (struct net_piece){s->embedding, NET_NONE, s->V};
    } else {
        add_piece(b, &s->head, ROLE_OUTPUT, s->V, c->has_head_bias);
    }
}

/* What of a configuration cannot be trained, or NULL. */
static const char *
find_obstacle(const struct model_config *c)
{
    const enum activation activation =
        c->is_ungated ? ACTIVATION_GELU_TANH : ACTIVATION_SILU;

    if (c->order != MODEL_ORDER_PRE && c->order != MODEL_ORDER_POST) {
        return "its order of norms";
    }
    if (c->has_unit_gain) {
        return "gains that are added to 1";
    }
    if (c->positions == MODEL_POSITIONS_LEARNED) {
        return "learned positions";
    }
    if (c->positions == MODEL_POSITIONS_ROTARY &&
        (c->n_rotary != c->head_width || c->has_local_rope)) {
        return "rotary positions of part of a head or of some layers";
    }
    if (c->attention_cap > 0 || c->logit_cap > 0) {
        return "soft caps";
    }
    if (c->activation != activation) {
        return "its activation function";
    }
    if (c->is_tied && c->has_head_bias) {
        return "a bias of a tied output layer";
    }
    if (c->head_width > NET_HEAD_MAX) {
        return "heads as wide as this";
    }
    return NULL;
}

int
net_shape_init(struct net_shape *s, const struct model_config *c)
{
    struct builder b = {.shape = s, .names = c->names};
    const char *obstacle = find_obstacle(c);

    if (obstacle) {
        report_error("cannot train a model of the architecture %s with %s",
            c->architecture, obstacle);
        return -1;
    }
    *s = (struct net_shape){
        .n_layers = c->n_layers,
        .C = c->width,
        .H = c->n_heads,
        .G = c->n_kv_heads,
        .D = c->head_width,
        .F = c->mlp_width,
        .V = c->vocabulary,
        .epsilon = (float)c->epsilon,
        .is_post_norm = c->order == MODEL_ORDER_POST,
        .is_centred = c->norm == MODEL_NORM_LAYER,
        .is_gated = !c->is_ungated,
        .is_rotary = c->positions == MODEL_POSITIONS_ROTARY,
        .is_sinusoidal = c->positions == MODEL_POSITIONS_SINUSOIDAL,
        .is_tied = c->is_tied,
        .embedding_scale =
            c->embedding_scale > 0 ? (float)c->embedding_scale : 1.0f,
        .score_scale =
            (float)(c->attention_scale > 0 ? c->attention_scale
                                           : 1 / sqrt((double)c->head_width)),
    };
    s->layers = mem_alloc(s->n_layers, sizeof(s->layers[0]));
    s->parameters = mem_alloc(
        s->n_layers * LAYER_TENSORS + OTHER_TENSORS, sizeof(s->parameters[0]));
    if (!s->layers || !s->parameters) {
        net_shape_release(s);
        return -1;
    }
    add_all(&b, c);
    return 0;
}

void
net_shape_release(struct net_shape *s)
{
    mem_free(s->layers);
    mem_free(s->parameters);
}
