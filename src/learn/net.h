/*
 * net.h - a Transformer to be trained: the loss of sequences and its
 * gradient.
 *
 * A net holds shapes, activations and scratch; parameters and gradients are
 * flat vectors of the caller, which optimisers and reductions over ranks see
 * as one array.  The forward pass is that of model/.
 *
 * Sequences are shared among threads in groups that depend on the shape of
 * the batch only, each thread sums its own gradients, and these are added in
 * the order of the threads: the same bits for the same number of threads.
 */
#ifndef LEARN_NET_H
#define LEARN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels;
struct model_config;
struct net;

/* What computes matrix products. */
enum net_engine {
    NET_OWN,  /* math/gemm */
    NET_BLAS, /* OpenBLAS */
    NET_BF16, /* factors rounded to bf16, on a matrix unit */
    NET_ENGINES,
};

enum net_role {
    NET_MATRIX, /* of a layer: a linear map */
    NET_EMBEDDING,
    NET_OUTPUT, /* rows of the vocabulary, not tied to the embedding */
    NET_GAIN,
    NET_BIAS,
};

/* One tensor in the flat vectors. */
struct net_parameter {
    char name[128]; /* as in model.safetensors */
    size_t offset;
    size_t rows, columns; /* as stored; a vector has one axis: columns is 1 */
    bool is_vector;
    bool is_transposed; /* a matrix stored (in, out), not (out, in) */
    enum net_role role;
    size_t layer; /* 0 outside layers */
};

struct net_options {
    const struct kernels *kernels; /* of exact mode; kept */
    enum net_engine engine;
    int n_threads;
    bool is_recomputed; /* keep only the input of each layer: less memory */
};

/* B sequences of T tokens. */
struct net_batch {
    const uint32_t *tokens;  /* (B, T), each < vocabulary */
    const uint32_t *targets; /* (B, T); UINT32_MAX: not counted */
    size_t B, T;
};

/*
 * Sequences of context_max tokens at most.  Owner: net_free().
 *
 * Errors: NULL if memory is short or the architecture cannot be trained;
 * reported.
 */
struct net *net_new(const struct model_config *config, size_t context_max,
    const struct net_options *options);
void net_free(struct net *net);

/* All tensors by rising offset, without gaps. */
const struct net_parameter *net_parameters(
    const struct net *net, size_t *n_parameters);

/* Numbers in the flat vectors. */
size_t net_size(const struct net *net);

/* Bytes of activations, scratch and packed weights. */
size_t net_bytes(const struct net *net);

/*
 * Start values: normal deviates of a width that fits the role, gains 1,
 * biases 0, and zero what adds to the residual stream.  A function of the
 * seed and the shapes only.
 */
void net_init(const struct net *net, float *parameters, uint64_t seed);

/* Numbers [first, end) of the gradients are final. */
typedef void net_ready(void *user, size_t first, size_t end);

/*
 * Add scale times the gradient of the summed nats (-ln p of the targets) to
 * gradients, and the nats to *nats.  gradients NULL: only the nats.
 *
 * ready (NULL: none) is called by the calling thread, from the last numbers
 * to the first, once for each, while other numbers are still being computed.
 *
 * Requires: batch->T <= context_max; gradients and parameters aligned to
 * MEM_ALIGN.
 */
void net_learn(struct net *net, float *gradients, double *nats,
    const float *parameters, const struct net_batch *batch, float scale,
    net_ready *ready, void *user);

/*
 * Floating-point operations of net_learn(): 2 per multiply-add, attention
 * over the pairs of query and key that it needs, backward as twice forward.
 */
double net_flops(const struct net *net, size_t B, size_t T);

/*
 * Set speed[e] to tokens per second with engine e (0: not in this program,
 * or it rounds more than floats do), found by learning from made-up sequences of context tokens for about a
 * second, and *fastest.  Another engine gives other bits: who continues a
 * run takes the engine of its start.
 */
int net_compare(enum net_engine *fastest, double speed[NET_ENGINES],
    const struct model_config *config, size_t context,
    const struct net_options *options);

const char *net_engine_name(enum net_engine engine);

/* Whether program, processor and system have it. */
bool net_engine_exists(enum net_engine engine);

#endif /* LEARN_NET_H */
