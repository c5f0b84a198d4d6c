/*
 * net_shape.h - what a net consists of: kinds of parts, sizes, and where
 * each tensor lies in the flat vector.
 *
 * Axes: C width, H heads, G key heads, D head width, F MLP width, V
 * vocabulary.
 */
#ifndef LEARN_NET_SHAPE_H
#define LEARN_NET_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/net.h"

/* No such tensor. */
#define NET_NONE SIZE_MAX

#define NET_PIECES_MAX 3

/* Rows of a linear map that are one tensor. */
struct net_piece {
    size_t weight, bias; /* offsets; bias may be NET_NONE */
    size_t n_rows;
};

/* out (T, N) = in (T, K) times weights (N, K), plus bias. */
struct net_map {
    struct net_piece piece[NET_PIECES_MAX];
    size_t n_pieces;
    size_t N, K;
    bool is_transposed; /* stored (K, N) */
};

/* offset is NET_NONE for RMS norms; gain too where there is no norm. */
struct net_gains {
    size_t gain, offset;
};

/*
 * Norms before the parts:  h += output(attention(qkv(norm(h)))),
 *                          h += down(act(up(norm(h)))).
 * After them:              h = norm(h + ...).
 */
struct net_layer {
    size_t first, end; /* in the flat vector */
    size_t window;     /* 0: none */
    struct net_gains attention_norm, mlp_norm, q_norm, k_norm;
    struct net_map qkv, output, up, down; /* up: gate and up if gated */
};

struct net_shape {
    size_t n_layers, C, H, G, D, F, V;
    float epsilon;
    bool is_post_norm, is_centred; /* LayerNorm, else RMSNorm */
    bool is_gated;                 /* SwiGLU, else GELU */
    bool is_rotary, is_sinusoidal;
    bool is_tied;
    float embedding_scale, score_scale;
    size_t embedding;
    struct net_gains output_norm; /* gain NET_NONE: no norm */
    struct net_map head;          /* its own tensor, or the embedding */
    size_t head_first;            /* in the flat vector, after the layers */
    struct net_layer *layers;
    struct net_parameter *parameters; /* by rising offset */
    size_t n_parameters, size;
};

/* Errors: -1; reported. */
int net_shape_init(struct net_shape *shape, const struct model_config *config);
void net_shape_release(struct net_shape *shape);

#endif /* LEARN_NET_SHAPE_H */
