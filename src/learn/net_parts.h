/*
 * net_parts.h - a net's memory: packed weights, and what each thread has.
 *
 * A thread takes groups of whole sequences, forward and backward, one group
 * after the other: what it touches stays in its caches, and matrices see
 * enough rows.  R rows of a group: sequences times tokens.
 */
#ifndef LEARN_NET_PARTS_H
#define LEARN_NET_PARTS_H

#include <stdatomic.h>

#include "learn/net.h"
#include "learn/net_kernel.h"
#include "learn/net_shape.h"

struct gemm_weights;

/*
 * Rows of a group of sequences, if one alone does not have them: enough for
 * products near their best, few enough that activations of a small model
 * stay in the caches.
 */
#define GROUP_ROWS 512

/*
 * Floats of the widest array over the rows that go through some steps one
 * after the other: half a MiB, so that they stay in L2 between the steps.
 */
#define PART_FLOATS ((size_t)128 * 1024)

/* A linear map ready for products. */
struct net_packed {
    const struct net_map *map;
    struct gemm_weights *forward;  /* (N, K) */
    struct gemm_weights *backward; /* (K, N) */
    uint16_t *bf16, *bf16_turned;  /* instead, with that engine */
};

/*
 * What the backward pass of a layer needs, besides its input.  A net that
 * forgets keeps the arrays marked * of one part of the rows of one layer.
 */
struct net_slot {
    float *normed;          /* * (R, C): input of qkv; norms before only */
    float *attention_stats; /* (R, 2) of the norm */
    float *qkv;             /* (R, (H + 2 G) D), q and k normed and rotated */
    float *raw;             /* * the same before; norms of q, k only */
    float *head_norm_stats; /* (H + G, rows_max, 2) */
    float *head_stats;      /* (H, rows_max, 2) */
    float *attended;        /* (R, H D) */
    float *middle;          /* (R, C): stream after attention */
    float *mlp_in;          /* * (R, C): the input of the MLP */
    float *mlp_stats;       /* (R, 2) */
    float *mlp; /* * (R, 2 F): gate, up; or (2, R, F): gelu, slope */
    float *sum; /* (R, C): before the norm; norms after only */
};

struct net_worker {
    struct net *net;
    float *memory; /* all of the below */
    size_t memory_bytes;
    float **stream;         /* n_layers + 1 times (R, C): inputs of layers */
    struct net_slot *slots; /* n_layers; all the same if recomputed */
    float *normed;          /* (R, C): after the output norm */
    float *output_stats;    /* (R, 2) */
    float *d_stream;        /* (R, C): gradient of the stream */
    float *width;           /* (R, C) */
    float *wide;            /* (R, max of 2 F, (H + 2 G) D) */
    float *act, *d_act;     /* (R, F) */
    float *d_attended;      /* (R, H D) */
    float *logits;          /* (logit_rows, V) */
    float *scratch;         /* of attention; of packing */
    float *own_gradients;   /* NULL for the first worker */
    float *gradients;       /* += here; NULL: only nats */
    double nats;
    atomic_size_t n_final; /* stages whose gradients are final */
};

struct net {
    struct net_shape shape;
    struct net_options options;
    const struct net_kernel *kernel;
    const struct kernels *products; /* of the engine */
    size_t context_max, rows_max;   /* of a group */
    bool forgets;     /* what products make again faster than memory gives it */
    size_t part_rows; /* that take some steps one after the other */
    size_t logit_rows;         /* the same of the head */
    float *cosine, *sine;      /* (context_max, D / 2), rotary */
    float *positions;          /* (context_max, C), sinusoidal */
    struct net_packed *packed; /* 4 per layer, then the head */
    size_t n_packed;
    struct net_worker *workers; /* n_threads */
};

/* Parts of a layer in net->packed. */
enum { NET_QKV, NET_ATTENDED, NET_UP, NET_DOWN, NET_MAPS };

/* Sequences of one group: T tokens each. */
struct net_group {
    const uint32_t *tokens, *targets; /* (n, T) */
    size_t n, T;
    float scale;
};

/* packed from parameters, by all threads. */
int net_pack_init(struct net *net);
void net_pack_release(struct net *net);
size_t net_pack_bytes(const struct net *net);
void net_pack(struct net *net, const float *parameters);

/* out (R, N) = in (R, K) times the weights. */
void net_map_multiply(
    const struct net_packed *packed, float *out, const float *in, size_t R);

/* The bias of a map of one piece, or NULL. */
const float *net_map_bias(
    const struct net_packed *packed, const float *parameters);

/* The same plus bias. */
void net_map_forward(const struct net *net, const struct net_packed *packed,
    float *out, const float *in, const float *parameters, size_t R);

/* d_in (R, K) = d_out (R, N) times the weights. */
void net_map_back(
    const struct net_packed *packed, float *d_in, const float *d_out, size_t R);

/* gradients of weights and biases += those of R rows. */
void net_map_learn(struct net_worker *w, const struct net_packed *packed,
    const float *d_out, const float *in, size_t R);

/* stream of all layers; slots. */
void net_forward(struct net_worker *w, const float *parameters,
    const struct net_group *group);

/* The row of the arrays that a net may forget which holds row first. */
size_t net_kept_row(const struct net *net, size_t first);

/* Rows of these arrays. */
size_t net_kept_rows(const struct net *net);

/*
 * Rows [first, first + n) of layer l: normed, and raw or else qkv; mlp_in and
 * mlp.  is_again: the backward pass needs what the net has forgotten, which
 * qkv is not.
 */
void net_make_qkv(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n, bool is_again);
void net_make_mlp(struct net_worker *w, const float *parameters, size_t l,
    size_t first, size_t n);

/* Layer l once more. */
void net_forward_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l);

/*
 * nats += the loss; d_stream = its gradient, and gradients += those of all
 * that follows the layers.
 */
void net_loss(struct net_worker *w, const float *parameters,
    const struct net_group *group);

/* d_stream from that of the output to that of the input of layer l. */
void net_back_layer(struct net_worker *w, const float *parameters,
    const struct net_group *group, size_t l);

void net_back_embedding(struct net_worker *w, const struct net_group *group);

/* A head of a sequence; row is its first in the group. */
struct net_head net_head_of(
    struct net_worker *w, size_t l, size_t row, size_t T, size_t head);

/* OpenBLAS. */
void net_blas_outer(const struct net_outer *o);

#endif /* LEARN_NET_PARTS_H */
