/*
 * naive.c
 */
#include "naive.h"

#include <math.h>
#include <stdlib.h>

/* One head of one query. */
static void
naive_query(const struct naive_attention *a, size_t t, size_t h)
{
    const size_t D = a->D, row = a->n_kv_heads * D;
    const size_t last = a->first + t;
    const size_t from =
        a->window && last + 1 > a->window ? last + 1 - a->window : 0;
    const float *query = a->queries + (t * a->n_heads + h) * D;
    const size_t kv = h * a->n_kv_heads / a->n_heads * D;
    double *weight = calloc(last + 1, sizeof(*weight));
    double max = -INFINITY, total = 0;

    for (size_t j = from; j <= last; j++) {
        for (size_t d = 0; d < D; d++) {
            weight[j] += (double)query[d] * a->keys[j * row + kv + d];
        }
        weight[j] *= a->scale;
        max = fmax(max, weight[j]);
    }
    for (size_t j = from; j <= last; j++) {
        weight[j] = exp(weight[j] - max);
        total += weight[j];
    }
    for (size_t d = 0; d < D; d++) {
        double sum = 0;

        for (size_t j = from; j <= last; j++) {
            sum += weight[j] * a->values[j * row + kv + d];
        }
        a->out[(t * a->n_heads + h) * D + d] = (float)(sum / total);
    }
    free(weight);
}

void
naive_attention(const struct naive_attention *a)
{
    for (size_t t = 0; t < a->T; t++) {
        for (size_t h = 0; h < a->n_heads; h++) {
            naive_query(a, t, h);
        }
    }
}

double
naive_bits(const float *logits, size_t V, size_t symbol)
{
    double max = -INFINITY, sum = 0;

    for (size_t i = 0; i < V; i++) {
        max = fmax(max, logits[i]);
    }
    for (size_t i = 0; i < V; i++) {
        sum += exp(logits[i] - max);
    }
    return (log(sum) - (logits[symbol] - max)) / log(2);
}

void
naive_rms_norm(float *out, const float *in, const float *gain, double epsilon,
    size_t T, size_t C)
{
    for (size_t t = 0; t < T; t++) {
        double sum = 0;

        for (size_t c = 0; c < C; c++) {
            sum += (double)in[t * C + c] * in[t * C + c];
        }
        for (size_t c = 0; c < C; c++) {
            out[t * C + c] = (float)(in[t * C + c] /
                                     sqrt(sum / (double)C + epsilon) * gain[c]);
        }
    }
}

void
naive_swiglu(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        gate[i] = (float)(gate[i] / (1 + exp(-(double)gate[i])) * up[i]);
    }
}

uint64_t
naive_digest(uint64_t hash, const void *bytes, size_t n_bytes)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n_bytes; i++) {
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
