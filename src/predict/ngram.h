/*
 * ngram.h - an adaptive model of bytes from the contexts of 0..K bytes.
 *
 * Interpolated absolute discounting over all orders at once, in integers: a
 * decoder that has seen the same bytes has the same frequencies.  ngram.c
 * names the sources of the method.
 */
#ifndef PREDICT_NGRAM_H
#define PREDICT_NGRAM_H

#include <stddef.h>
#include <stdint.h>

#define NGRAM_ORDER_MAX 8

/*
 * Contexts of a model that has learnt all it can hold; 28 bytes each, so 448
 * MiB, which 20 MB of text do not fill with K = 6.  A full model forgets all
 * contexts and goes on.
 */
#define NGRAM_CONTEXTS_MAX (UINT32_C(1) << 24)

struct ngram;

/*
 * Requires: contexts_max >= 4096.
 * Owner: the caller frees with ngram_free().
 */
struct ngram *ngram_new(unsigned order, size_t contexts_max);
void ngram_free(struct ngram *ngram);

/* Forget everything. */
void ngram_reset(struct ngram *ngram);

/* The interval of one byte among the frequencies of all. */
struct ngram_interval {
    uint64_t cumulative, frequency, total;
};

/* The interval of symbol in the distribution of the next byte. */
struct ngram_interval ngram_find(struct ngram *ngram, uint8_t symbol);

/* All frequencies of the next byte; returns their total. */
uint64_t ngram_frequencies(struct ngram *ngram, uint64_t frequency[256]);

/*
 * The next byte is symbol: learn it and go on.
 *
 * Requires: symbol is that of the last ngram_find().
 * Errors: -1 if memory is short; reported.
 */
int ngram_learn(struct ngram *ngram, uint8_t symbol);

#endif /* PREDICT_NGRAM_H */
