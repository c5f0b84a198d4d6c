/*
 * model_rope.h - rotary position embedding: frequencies and tables; and the
 * sinusoids of positions that are added instead.
 *
 * Pair i of a head turns by position * frequency[i].  Everything is computed
 * in double with the functions of math/elementary.h and rounded to float
 * once, so the tables are the same bits everywhere.
 */
#ifndef MODEL_MODEL_ROPE_H
#define MODEL_MODEL_ROPE_H

#include <stddef.h>

enum model_rope_kind {
    MODEL_ROPE_PLAIN,
    MODEL_ROPE_LINEAR, /* all frequencies divided by factor */
    MODEL_ROPE_LLAMA3, /* low ones divided, high ones kept, a ramp between */
};

struct model_rope {
    enum model_rope_kind kind;
    double theta;
    double factor;
    /* llama3 only: turns within original_positions that bound the ramp */
    double low_turns, high_turns;
    double original_positions;
};

/*
 * Set n_pairs frequencies: theta^(-i / n_pairs), scaled.
 *
 * Requires: values that model_config_check() accepts.
 */
void model_rope_frequencies(
    double *frequency, const struct model_rope *rope, size_t n_pairs);

/* cos and sin (n_positions, n_pairs) of every position and pair. */
void model_rope_tables(float *cosine, float *sine, const double *frequency,
    size_t n_positions, size_t n_pairs);

/*
 * What sinusoidal positions (n_positions, C) add: [sines, cosines], each of
 * C/2 + 1 frequencies 10000^(-2i / C), cut to C numbers.
 */
void model_rope_sinusoids(float *out, size_t n_positions, size_t C);

#endif /* MODEL_MODEL_ROPE_H */
