/*
 * net_init.c
 *
 * Start values.  Matrices that add to the residual stream start at zero, so
 * that every layer begins as the identity; so does an output layer of its
 * own, so that all symbols begin equally likely.
 */
#include <math.h>

#include "base/rng.h"
#include "learn/net_parts.h"
#include "math/elementary.h"

#define TWO_PI 6.283185307179586

/*
 * Standard deviation of embeddings.  Tied to the output layer, which sees
 * them under a norm, it leaves first predictions almost even.
 */
#define EMBEDDING_DEVIATION 0.02

/* The i-th normal deviate of a sequence (Box and Muller). */
static double
deviate(uint64_t seed, uint64_t i)
{
    const double u = ((double)(rng_at(seed, 2 * i) >> 11) + 1) * 0x1p-53;
    const double v = (double)(rng_at(seed, 2 * i + 1) >> 11) * 0x1p-53;

    return sqrt(-2 * elementary_log(u)) * elementary_cos(TWO_PI * v);
}

static bool
adds_to_stream(const struct net_shape *s, const struct net_parameter *p)
{
    const struct net_layer *l = &s->layers[p->layer];

    return p->role == NET_MATRIX && (p->offset == l->output.piece[0].weight ||
                                        p->offset == l->down.piece[0].weight);
}

void
net_init(const struct net *net, float *parameters, uint64_t seed)
{
    const struct net_shape *s = &net->shape;

    for (size_t i = 0; i < s->n_parameters; i++) {
        const struct net_parameter *p = &s->parameters[i];
        const size_t n = p->rows * p->columns;
        const size_t n_inputs = p->is_transposed ? p->rows : p->columns;
        double width = 0.0, start = 0.0;

        if (p->role == NET_GAIN) {
            start = 1.0;
        } else if (p->role == NET_EMBEDDING) {
            width = EMBEDDING_DEVIATION;
        } else if (p->role == NET_MATRIX && !adds_to_stream(s, p)) {
            width = 1 / sqrt((double)n_inputs);
        }
        for (size_t j = 0; j < n; j++) {
            double x = start;

            if (width > 0.0) {
                x += width * deviate(seed, p->offset + j);
            }
            parameters[p->offset + j] = (float)x;
        }
    }
}
