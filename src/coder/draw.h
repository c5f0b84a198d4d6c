/*
 * draw.h - a symbol by chance: what stands in a decoder's place to generate.
 *
 * The numbers come from base/rng.h, so a seed says which symbols are drawn,
 * on every machine.  At temperature 1 a symbol is drawn with exactly
 * frequency / total; other temperatures use math/elementary.h only.
 */
#ifndef CODER_DRAW_H
#define CODER_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* How to draw. */
struct draw_options {
    double temperature; /* p^(1/temperature), scaled; 0: the most frequent */
    uint64_t top_k;     /* only the k most frequent; 0: all */
    uint64_t seed;
};

/* Owned by the caller.  Fields are private. */
struct draw {
    struct draw_options options;
    uint64_t n_random; /* numbers of the seed's sequence taken so far */
    uint64_t *weight;  /* (n_max): what is drawn from */
    size_t n_max;
};

/*
 * For up to n_max symbols.
 *
 * Requires: temperature >= 0; n_max below 2^20.
 * Owner: draw_release().
 */
int draw_init(
    struct draw *draw, size_t n_max, const struct draw_options *options);
void draw_release(struct draw *draw);

/*
 * One of n symbols.  Of symbols with the same frequency, the first ones count
 * as the more frequent.
 *
 * Requires: 0 < n <= n_max; frequencies, which may be 0, below 2^57; their sum
 * neither 0 nor above 2^63.
 */
uint32_t draw_symbol(struct draw *draw, const uint64_t *frequency, size_t n);

#endif /* CODER_DRAW_H */
