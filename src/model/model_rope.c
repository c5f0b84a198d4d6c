/*
 * model_rope.c
 *
 * The llama3 rule, as published with Llama 3.1: a pair that makes fewer than
 * low_turns turns over the original context has its frequency divided by
 * factor, one that makes more than high_turns keeps it, and between the two
 * the result is interpolated linearly in the number of turns.
 */
#include "model/model_rope.h"

#include "math/elementary.h"

#define TWO_PI 6.283185307179586476925

static double
scale_llama3(const struct model_rope *rope, double frequency)
{
    double turns = rope->original_positions * frequency / TWO_PI;

    if (turns < rope->low_turns) {
        return frequency / rope->factor;
    }
    if (turns > rope->high_turns) {
        return frequency;
    }
    double share =
        (turns - rope->low_turns) / (rope->high_turns - rope->low_turns);
    return (1 - share) * frequency / rope->factor + share * frequency;
}

void
model_rope_frequencies(
    double *frequency, const struct model_rope *rope, size_t n_pairs)
{
    for (size_t i = 0; i < n_pairs; i++) {
        double f = elementary_pow(rope->theta, -(double)i / (double)n_pairs);
        switch (rope->kind) {
        case MODEL_ROPE_PLAIN:
            break;
        case MODEL_ROPE_LINEAR:
            f /= rope->factor;
            break;
        case MODEL_ROPE_LLAMA3:
            f = scale_llama3(rope, f);
            break;
        }
        frequency[i] = f;
    }
}

void
model_rope_tables(float *cosine, float *sine, const double *frequency,
    size_t n_positions, size_t n_pairs)
{
    for (size_t t = 0; t < n_positions; t++) {
        for (size_t i = 0; i < n_pairs; i++) {
            double angle = (double)t * frequency[i];
            cosine[t * n_pairs + i] = (float)elementary_cos(angle);
            sine[t * n_pairs + i] = (float)elementary_sin(angle);
        }
    }
}

void
model_rope_sinusoids(float *out, size_t n_positions, size_t C)
{
    size_t n = C / 2 + 1;

    for (size_t i = 0; i < C; i++) {
        size_t pair = i < n ? i : i - n;
        double frequency = elementary_pow(10000, -2 * (double)pair / (double)C);
        for (size_t t = 0; t < n_positions; t++) {
            double angle = (double)t * frequency;
            out[t * C + i] =
                (float)(i < n ? elementary_sin(angle) : elementary_cos(angle));
        }
    }
}
