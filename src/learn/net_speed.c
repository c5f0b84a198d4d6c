/*
 * net_speed.c
 *
 * What a net costs, and which engine is faster here: measured on the whole
 * of what is to be done, because products differ by shape.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/net_bf16.h"
#include "learn/net_parts.h"
#include "math/gemm.h"
#include "model/model_config.h"

/* Seconds of measurement per engine; the best of its batches counts. */
#define COMPARE_S 0.4

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Pairs of a query and a key that it sees, in a sequence. */
static double
n_pairs(size_t T, size_t window)
{
    const double n = (double)T, w = (double)window;

    if (window == 0 || window >= T) {
        return n * (n + 1) / 2;
    }
    return w * (w + 1) / 2 + (n - w) * w;
}

double
net_flops(const struct net *net, size_t B, size_t T)
{
    const struct net_shape *s = &net->shape;
    double weights = 0.0, scores = 0.0;

    for (size_t i = 0; i < net->n_packed; i++) {
        weights +=
            (double)net->packed[i].map->N * (double)net->packed[i].map->K;
    }
    for (size_t l = 0; l < s->n_layers; l++) {
        scores += n_pairs(T, s->layers[l].window) * (double)(s->H * s->D);
    }
    return 3 * (double)B * (2 * weights * (double)T + 4 * scores);
}

const char *
net_engine_name(enum net_engine engine)
{
    static const char *const names[NET_ENGINES] = {
        [NET_OWN] = "own", [NET_BLAS] = "OpenBLAS", [NET_BF16] = "bf16"};

    return engine < NET_ENGINES ? names[engine] : "an unknown engine";
}

bool
net_engine_exists(enum net_engine engine)
{
    switch (engine) {
    case NET_OWN:
        return true;
    case NET_BLAS:
        return gemm_blas_library() != NULL;
    case NET_BF16:
        return net_bf16_exists();
    default:
        return false;
    }
}

/* Tokens per second of the best of some batches. */
static int
measure(double *speed, struct net *net, size_t context)
{
    const size_t n = (size_t)net->options.n_threads *
                     (context < GROUP_ROWS ? GROUP_ROWS / context : 1);
    uint32_t *tokens = mem_alloc(n * context, sizeof(*tokens));
    float *parameters = mem_alloc(net_size(net), sizeof(float));
    float *gradients = mem_alloc(net_size(net), sizeof(float));
    const struct net_batch batch = {tokens, tokens, n, context};
    const double start = now_s();
    const bool is_ready = tokens && parameters && gradients;
    double nats = 0.0;

    *speed = 0.0;
    if (is_ready) {
        net_init(net, parameters, 0);
        for (size_t i = 0; i < n * context; i++) {
            tokens[i] = (uint32_t)(rng_at(0, i) % net->shape.V);
        }
        do {
            const double before = now_s();
            double here;

            net_learn(
                net, gradients, &nats, parameters, &batch, 0.0f, NULL, NULL);
            here = (double)(n * context) / (now_s() - before);
            *speed = here > *speed ? here : *speed;
        } while (now_s() - start < COMPARE_S);
    }
    mem_free(gradients);
    mem_free(parameters);
    mem_free(tokens);
    return is_ready ? 0 : -1;
}

int
net_compare(enum net_engine *fastest, double speed[NET_ENGINES],
    const struct model_config *config, size_t context,
    const struct net_options *options)
{
    *fastest = NET_OWN;
    for (enum net_engine e = 0; e < NET_ENGINES; e++) {
        struct net_options here = *options;
        struct net *net;
        int rc;

        speed[e] = 0.0;
        if (e == NET_BF16 || !net_engine_exists(e)) {
            continue;
        }
        here.engine = e;
        net = net_new(config, context, &here);
        if (!net) {
            return -1;
        }
        rc = measure(&speed[e], net, context);
        net_free(net);
        if (rc != 0) {
            return -1;
        }
        if (speed[e] > speed[*fastest]) {
            *fastest = e;
        }
    }
    return 0;
}
