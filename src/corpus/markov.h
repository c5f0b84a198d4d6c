/*
 * markov.h - a stationary source whose entropy is known exactly.
 *
 * Symbols are 0..15, written as the bytes 'a'..'p'.  With order k,
 *
 *     x[t] = (g(x[t-1], ..., x[t-k]) + e[t]) mod 16
 *
 * where the e[t] are independent with probabilities weight[e] / 2^16 and g is
 * a bijection of x[t-k] for any given other arguments.  So x is uniform over
 * all k-tuples when started that way (it is stationary), a chunk of n bytes
 * has the true code length
 *
 *     4 min(n, k) + sum over t >= k of -log2(weight[e[t]] / 2^16)   bits,
 *
 * and the entropy rate is that of e.  One e in 16 carries no information
 * about the past, so any place can be reached without all that is before it.
 */
#ifndef CORPUS_MARKOV_H
#define CORPUS_MARKOV_H

#include <stdint.h>

#define MARKOV_SYMBOLS     16
#define MARKOV_WEIGHT_BITS 16
#define MARKOV_ORDER_MAX   4

/* What the source is; the fields decide every byte. */
struct markov {
    uint64_t seed;
    unsigned order; /* 0..MARKOV_ORDER_MAX */
};

/*
 * The weights of the next symbol s given the bytes before it (n_past bytes at
 * past, oldest first; at least order of them are looked at): weight[s] sums
 * to 2^MARKOV_WEIGHT_BITS.  With n_past < order the weights are equal.
 */
void markov_weights(uint32_t weight[MARKOV_SYMBOLS], const struct markov *m,
    const uint8_t *past, uint64_t n_past);

/* Bytes [offset, offset + bytes) of the source. */
void markov_fill(
    const struct markov *m, uint8_t *out, uint64_t offset, uint64_t bytes);

/* Entropy rate in bits per symbol. */
double markov_entropy_bits(const struct markov *m);

/* Variance of the code length of one symbol, in bits squared. */
double markov_variance_bits2(const struct markov *m);

/* Order 2, seed 1. */
struct markov markov_default(void);

/* Change what "order=K,seed=S" (either or both) names.  Errors: reported. */
int markov_parse_fields(struct markov *m, const char *text);

/*
 * Read "BYTES[,order=K][,seed=S]", the part of a corpus name after "markov:".
 * Errors: -1, reported.
 */
int markov_parse(struct markov *m, uint64_t *bytes, const char *text);

#endif /* CORPUS_MARKOV_H */
