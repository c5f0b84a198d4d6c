/*
 * net_map.c
 *
 * Linear maps through the products of math/ (own or OpenBLAS).  Weights are
 * packed twice per micro-batch, as they are and transposed; that costs as
 * much as some ten tokens.
 */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "learn/net_bf16.h"
#include "learn/net_parts.h"
#include "math/gemm.h"
#include "math/vector.h"

/* Side of the squares in which a matrix is transposed: fits the L1 cache. */
#define SQUARE 32

static const struct net_map *
map_at(const struct net_shape *s, size_t i)
{
    const struct net_layer *l = &s->layers[i / NET_MAPS];

    if (i == s->n_layers * NET_MAPS) {
        return &s->head;
    }
    switch (i % NET_MAPS) {
    case NET_QKV:
        return &l->qkv;
    case NET_ATTENDED:
        return &l->output;
    case NET_UP:
        return &l->up;
    default:
        return &l->down;
    }
}

int
net_pack_init(struct net *net)
{
    const size_t n = net->shape.n_layers * NET_MAPS + 1;

    net->packed = mem_alloc(n, sizeof(net->packed[0]));
    if (!net->packed) {
        return -1;
    }
    net->n_packed = n;
    for (size_t i = 0; i < n; i++) {
        struct net_packed *p = &net->packed[i];

        p->map = map_at(&net->shape, i);
        if (net->options.engine == NET_BF16) {
            p->bf16 = mem_alloc(
                net_bf16_size(p->map->N, p->map->K), sizeof(*p->bf16));
            p->bf16_turned = mem_alloc(
                net_bf16_size(p->map->K, p->map->N), sizeof(*p->bf16));
            if (!p->bf16 || !p->bf16_turned) {
                return -1;
            }
            continue;
        }
        p->forward = gemm_weights_new(net->products, p->map->N, p->map->K);
        p->backward = gemm_weights_new(net->products, p->map->K, p->map->N);
        if (!p->forward || !p->backward) {
            return -1;
        }
    }
    return 0;
}

void
net_pack_release(struct net *net)
{
    for (size_t i = 0; i < net->n_packed; i++) {
        gemm_weights_free(net->packed[i].forward);
        gemm_weights_free(net->packed[i].backward);
        mem_free(net->packed[i].bf16);
        mem_free(net->packed[i].bf16_turned);
    }
    mem_free(net->packed);
}

size_t
net_pack_bytes(const struct net *net)
{
    size_t bytes = 0;

    for (size_t i = 0; i < net->n_packed; i++) {
        const struct net_packed *p = &net->packed[i];

        bytes += p->bf16 ? (net_bf16_size(p->map->N, p->map->K) +
                               net_bf16_size(p->map->K, p->map->N)) *
                               sizeof(*p->bf16)
                         : gemm_weights_bytes(p->forward) +
                               gemm_weights_bytes(p->backward);
    }
    return bytes;
}

/* out (columns, rows), rows out_stride apart, = in (rows, columns) turned. */
static void
turn(
    float *out, size_t out_stride, const float *in, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i += SQUARE) {
        const size_t i_end = rows - i < SQUARE ? rows : i + SQUARE;

        for (size_t j = 0; j < columns; j++) {
            for (size_t k = i; k < i_end; k++) {
                out[j * out_stride + k] = in[k * columns + j];
            }
        }
    }
}

/* Pack one map; straight, turned: room for N K floats each. */
static void
pack_map(const struct net_packed *p, float *straight, float *turned,
    const float *parameters)
{
    const struct net_map *map = p->map;
    size_t row = 0;

    for (size_t i = 0; i < map->n_pieces; i++) {
        const struct net_piece *piece = &map->piece[i];
        const float *weight = parameters + piece->weight;

        if (map->is_transposed) {
            turn(
                straight + row * map->K, map->K, weight, map->K, piece->n_rows);
        } else {
            memcpy(straight + row * map->K, weight,
                piece->n_rows * map->K * sizeof(float));
        }
        row += piece->n_rows;
    }
    turn(turned, map->N, straight, map->N, map->K);
    if (p->bf16) {
        net_bf16_pack(p->bf16, straight, map->N, map->K);
        net_bf16_pack(p->bf16_turned, turned, map->K, map->N);
    } else {
        gemm_pack(p->forward, straight, 0, map->N);
        gemm_pack(p->backward, turned, 0, map->K);
    }
}

void
net_pack(struct net *net, const float *parameters)
{
    const int n_threads = net->options.n_threads;

#pragma omp parallel for num_threads(n_threads)                                \
    schedule(static) if (n_threads > 1)
    for (int thread = 0; thread < n_threads; thread++) {
        float *room = net->workers[thread].scratch;

        for (size_t i = (size_t)thread; i < net->n_packed;
             i += (size_t)n_threads) {
            const struct net_packed *p = &net->packed[i];

            pack_map(p, room, room + p->map->N * p->map->K, parameters);
        }
    }
}

void
net_map_multiply(
    const struct net_packed *packed, float *out, const float *in, size_t R)
{
    const struct net_map *map = packed->map;

    if (packed->bf16) {
        net_bf16_multiply(out, in, packed->bf16, R, map->N, map->K);
    } else {
        gemm(out, map->N, in, map->K, packed->forward, R, 1);
    }
}

const float *
net_map_bias(const struct net_packed *packed, const float *parameters)
{
    const size_t bias = packed->map->piece[0].bias;

    return bias == NET_NONE ? NULL : parameters + bias;
}

void
net_map_forward(const struct net *net, const struct net_packed *packed,
    float *out, const float *in, const float *parameters, size_t R)
{
    const struct net_map *map = packed->map;
    size_t row = 0;

    net_map_multiply(packed, out, in, R);
    for (size_t i = 0; i < map->n_pieces; i++) {
        const struct net_piece *piece = &map->piece[i];

        for (size_t t = 0; piece->bias != NET_NONE && t < R; t++) {
            net->kernel->add_scaled(out + t * map->N + row,
                parameters + piece->bias, 1.0f, piece->n_rows);
        }
        row += piece->n_rows;
    }
}

void
net_map_back(
    const struct net_packed *packed, float *d_in, const float *d_out, size_t R)
{
    const struct net_map *map = packed->map;

    if (packed->bf16) {
        net_bf16_multiply(d_in, d_out, packed->bf16_turned, R, map->K, map->N);
    } else {
        gemm(d_in, map->K, d_out, map->N, packed->backward, R, 1);
    }
}

void
net_map_learn(struct net_worker *w, const struct net_packed *packed,
    const float *d_out, const float *in, size_t R)
{
    const struct net *net = w->net;
    float *gradients = w->gradients;
    const struct net_map *map = packed->map;
    size_t row = 0;

    for (size_t i = 0; i < map->n_pieces; i++) {
        const struct net_piece *piece = &map->piece[i];
        struct net_outer o = {
            .out = gradients + piece->weight,
            .out_stride = map->K,
            .a = d_out + row,
            .a_stride = map->N,
            .b = in,
            .b_stride = map->K,
            .M = piece->n_rows,
            .N = map->K,
            .T = R,
            .scratch = w->scratch,
        };

        if (map->is_transposed) {
            o.out_stride = piece->n_rows;
            o.a = in;
            o.a_stride = map->K;
            o.b = d_out + row;
            o.b_stride = map->N;
            o.M = map->K;
            o.N = piece->n_rows;
        }
        if (net->options.engine == NET_BLAS) {
            net_blas_outer(&o);
        } else {
            net->kernel->outer(&o);
        }
        if (piece->bias != NET_NONE) {
            net->kernel->sum_rows(
                gradients + piece->bias, d_out + row, map->N, R, piece->n_rows);
        }
        row += piece->n_rows;
    }
}
