/*
 * net_reference.c
 *
 * Tensors are found by the names that model/ gives them, so that the table
 * of the net is checked as well.
 */
#include "net_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_names.h"

#define LAYERS_MAX 4

struct reference {
    const struct net *net;
    const struct model_config *config;
    const double *parameters;
    size_t T;
    /* (T, C), (T, C), (T, (H + 2 G) D), (T, H D), (F) */
    double *stream, *normed, *qkv, *attended, *act;
    double *rotary; /* (D / 2): frequencies */
    const struct net_parameter *weight[LAYERS_MAX][N_ROLES];
    const struct net_parameter *bias[LAYERS_MAX][N_ROLES];
};

static const struct net_parameter *
look_up(
    const struct reference *r, enum model_role role, bool is_bias, size_t layer)
{
    char name[MODEL_NAME_BYTES_MAX];
    size_t n;
    const struct net_parameter *table = net_parameters(r->net, &n);

    if (!model_name(name, r->config->names, role, is_bias, layer)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static void
look_up_all(struct reference *r)
{
    for (size_t layer = 0; layer < r->config->n_layers; layer++) {
        for (enum model_role role = 0; role < N_ROLES; role++) {
            r->weight[layer][role] = look_up(r, role, false, layer);
            r->bias[layer][role] = look_up(r, role, true, layer);
        }
    }
}

static const struct net_parameter *
find(
    const struct reference *r, enum model_role role, bool is_bias, size_t layer)
{
    return is_bias ? r->bias[layer][role] : r->weight[layer][role];
}

/* out (N) = weights of a role times in (K), plus bias if there is one. */
static void
map(const struct reference *r, double *out, const double *in,
    enum model_role role, size_t layer, size_t N, size_t K)
{
    const struct net_parameter *w = find(r, role, false, layer);
    const struct net_parameter *bias = find(r, role, true, layer);

    for (size_t n = 0; n < N; n++) {
        out[n] = bias ? r->parameters[bias->offset + n] : 0.0;
        for (size_t k = 0; k < K; k++) {
            const size_t at = w->is_transposed ? k * N + n : n * K + k;

            out[n] += r->parameters[w->offset + at] * in[k];
        }
    }
}

/* out = norm of in (C); LayerNorm if there is an offset. */
static void
norm(const struct reference *r, double *out, const double *in,
    enum model_role role, size_t layer, size_t C)
{
    const struct net_parameter *gain = find(r, role, false, layer);
    const struct net_parameter *offset = find(r, role, true, layer);
    double mean = 0.0, square = 0.0;

    for (size_t c = 0; offset && c < C; c++) {
        mean += in[c] / (double)C;
    }
    for (size_t c = 0; c < C; c++) {
        square += (in[c] - mean) * (in[c] - mean) / (double)C;
    }
    for (size_t c = 0; c < C; c++) {
        out[c] = (in[c] - mean) / sqrt(square + r->config->epsilon) *
                 r->parameters[gain->offset + c];
        out[c] += offset ? r->parameters[offset->offset + c] : 0.0;
    }
}

static void
rotate(const struct reference *r, double *head, size_t t)
{
    const size_t n = r->config->head_width / 2;

    for (size_t i = 0; i < n; i++) {
        const double angle = (double)t * r->rotary[i];
        const double x = head[i], y = head[i + n];

        head[i] = x * cos(angle) - y * sin(angle);
        head[i + n] = y * cos(angle) + x * sin(angle);
    }
}

static void
project(struct reference *r, const double *in, size_t l, size_t t)
{
    const struct model_config *c = r->config;
    const size_t q = c->n_heads * c->head_width;
    const size_t kv = c->n_kv_heads * c->head_width;
    double *row = r->qkv + t * (q + 2 * kv);

    map(r, row, in, ROLE_Q, l, q, c->width);
    map(r, row + q, in, ROLE_K, l, kv, c->width);
    map(r, row + q + kv, in, ROLE_V, l, kv, c->width);
    for (size_t h = 0; h < c->n_heads + c->n_kv_heads; h++) {
        double *head = row + h * c->head_width;

        if (c->has_head_norms) {
            norm(r, head, head, h < c->n_heads ? ROLE_Q_NORM : ROLE_K_NORM, l,
                c->head_width);
        }
        if (c->positions == MODEL_POSITIONS_ROTARY) {
            rotate(r, head, t);
        }
    }
}

/* attended of head h at position t. */
static void
attend(struct reference *r, size_t l, size_t t, size_t h)
{
    const struct model_config *c = r->config;
    const size_t D = c->head_width, H = c->n_heads, G = c->n_kv_heads;
    const size_t stride = (H + 2 * G) * D, kv = h * G / H;
    const size_t window = model_config_window(c, l);
    const size_t first = window && t + 1 > window ? t + 1 - window : 0;
    const double *q = r->qkv + t * stride + h * D;
    double *out = r->attended + t * H * D + h * D, total = 0.0;

    memset(out, 0, D * sizeof(*out));
    for (size_t j = first; j <= t; j++) {
        const double *k = r->qkv + j * stride + (H + kv) * D;
        const double *v = k + G * D;
        double score = 0.0, weight;

        for (size_t d = 0; d < D; d++) {
            score += q[d] * k[d] / sqrt((double)D);
        }
        weight = exp(score);
        total += weight;
        for (size_t d = 0; d < D; d++) {
            out[d] += weight * v[d];
        }
    }
    for (size_t d = 0; d < D; d++) {
        out[d] /= total;
    }
}

static double
activate(const struct model_config *c, double x)
{
    if (c->is_ungated) {
        return 0.5 * x *
               (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    }
    return x / (1 + exp(-x));
}

/* out (C) = MLP of in. */
static void
mlp(struct reference *r, double *out, const double *in, size_t l)
{
    const struct model_config *c = r->config;
    const size_t F = c->mlp_width;
    double *gate = r->act, *up = r->act + F;

    map(r, up, in, ROLE_UP, l, F, c->width);
    if (!c->is_ungated) {
        map(r, gate, in, ROLE_GATE, l, F, c->width);
    }
    for (size_t f = 0; f < F; f++) {
        gate[f] =
            c->is_ungated ? activate(c, up[f]) : activate(c, gate[f]) * up[f];
    }
    map(r, out, gate, ROLE_DOWN, l, c->width, F);
}

static void
layer(struct reference *r, size_t l)
{
    const struct model_config *c = r->config;
    const size_t C = c->width, q = c->n_heads * c->head_width;
    const bool is_post = c->order == MODEL_ORDER_POST;

    for (size_t t = 0; t < r->T; t++) {
        double *in = r->stream + t * C, *normed = r->normed + t * C;

        if (!is_post) {
            norm(r, normed, in, ROLE_ATTENTION_NORM, l, C);
        }
        project(r, is_post ? in : normed, l, t);
    }
    for (size_t t = 0; t < r->T; t++) {
        double *in = r->stream + t * C, *normed = r->normed + t * C;

        for (size_t h = 0; h < c->n_heads; h++) {
            attend(r, l, t, h);
        }
        map(r, normed, r->attended + t * q, ROLE_ATTENTION_OUTPUT, l, C, q);
        for (size_t i = 0; i < C; i++) {
            in[i] += normed[i];
        }
        if (is_post) {
            norm(r, in, in, ROLE_ATTENTION_POST_NORM, l, C);
            mlp(r, normed, in, l);
        } else {
            norm(r, normed, in, ROLE_MLP_NORM, l, C);
            mlp(r, normed, normed, l);
        }
        for (size_t i = 0; i < C; i++) {
            in[i] += normed[i];
        }
        if (is_post) {
            norm(r, in, in, ROLE_MLP_POST_NORM, l, C);
        }
    }
}

/* Position i of a sine table: width/2 + 1 frequencies, sines, then cosines. */
static double
position(const struct model_config *c, size_t t, size_t i)
{
    const size_t n = c->width / 2 + 1;
    const double angle =
        (double)t / pow(10000, (double)(i % n) / (double)(n - 1));

    return i < n ? sin(angle) : cos(angle);
}

static double
sequence(struct reference *r, const uint32_t *tokens, const uint32_t *targets)
{
    const struct model_config *c = r->config;
    const size_t C = c->width, V = c->vocabulary;
    const struct net_parameter *embedding = find(r, ROLE_EMBEDDING, false, 0);
    const double scale = c->embedding_scale > 0 ? c->embedding_scale : 1;
    double *logits = calloc(V, sizeof(*logits));
    double nats = logits ? 0.0 : (double)NAN;

    for (size_t i = 0; i < r->T * C; i++) {
        r->stream[i] =
            scale *
            r->parameters[embedding->offset + tokens[i / C] * C + i % C];
        if (c->positions == MODEL_POSITIONS_SINUSOIDAL) {
            r->stream[i] += position(c, i / C, i % C);
        }
    }
    for (size_t l = 0; l < c->n_layers; l++) {
        layer(r, l);
    }
    for (size_t t = 0; logits && t < r->T; t++) {
        double *in = r->stream + t * C, total = 0.0;

        if (targets[t] == UINT32_MAX) {
            continue;
        }
        if (c->order != MODEL_ORDER_POST) {
            norm(r, in, in, ROLE_OUTPUT_NORM, 0, C);
        }
        map(r, logits, in, c->is_tied ? ROLE_EMBEDDING : ROLE_OUTPUT, 0, V, C);
        for (size_t v = 0; v < V; v++) {
            total += exp(logits[v]);
        }
        nats += log(total) - logits[targets[t]];
    }
    free(logits);
    return nats;
}

double
net_reference_nats(const struct net *net, const struct model_config *c,
    const double *parameters, const struct net_batch *batch)
{
    const size_t T = batch->T, q = c->n_heads * c->head_width;
    const size_t qkv = q + 2 * c->n_kv_heads * c->head_width;
    struct reference r = {
        .net = net,
        .config = c,
        .parameters = parameters,
        .T = T,
        .stream = calloc(T * c->width, sizeof(double)),
        .normed = calloc(T * c->width, sizeof(double)),
        .qkv = calloc(T * qkv, sizeof(double)),
        .attended = calloc(T * q, sizeof(double)),
        .act = calloc(2 * c->mlp_width, sizeof(double)),
        .rotary = calloc(c->head_width, sizeof(double)),
    };
    double nats = NAN;

    if (r.stream && r.normed && r.qkv && r.attended && r.act && r.rotary) {
        model_rope_frequencies(r.rotary, &c->rope, c->head_width / 2);
        look_up_all(&r);
        nats = 0.0;
        for (size_t b = 0; b < batch->B; b++) {
            nats += sequence(&r, batch->tokens + b * T, batch->targets + b * T);
        }
    }
    free(r.rotary);
    free(r.act);
    free(r.attended);
    free(r.qkv);
    free(r.normed);
    free(r.stream);
    return nats;
}
