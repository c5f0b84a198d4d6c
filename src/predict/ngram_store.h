/*
 * ngram_store.h - which bytes followed which contexts, how often.
 *
 * A tree: the root is the empty context, the child of context c by byte x is
 * the context that is one byte longer to the right.  Memory is bounded and
 * emptying the store costs nothing, which chunks of 2 KiB need.
 *
 * Units: counts in occurrences; masses in 1/NGRAM_UNIT occurrence after the
 * discount of absolute discounting.
 */
#ifndef PREDICT_NGRAM_STORE_H
#define PREDICT_NGRAM_STORE_H

#include <stddef.h>
#include <stdint.h>

#define NGRAM_UNIT      64
#define NGRAM_COUNT_MAX 255

/* Place of an entry that is not there. */
#define NGRAM_NONE 0

/* A byte that followed a context. */
struct ngram_entry {
    uint8_t symbol;
    uint8_t count; /* 1..NGRAM_COUNT_MAX */
};

struct ngram_context {
    uint32_t first; /* place of its entries */
    uint32_t mass;  /* sum of theirs */
    uint16_t sum;   /* of their counts; at most 256 * NGRAM_COUNT_MAX */
    uint16_t n_entries;
    uint8_t log2_capacity;
};

/* Owned by the caller; read directly, changed by the functions below. */
struct ngram_store {
    struct ngram_context *contexts; /* [1]: the root */
    size_t n_contexts, contexts_max;
    size_t contexts_limit;
    struct ngram_entry *entries; /* by place, as are children */
    uint32_t *children;          /* context that an entry leads to; 0: none */
    size_t n_places, entries_max, children_max;
    uint32_t free_block[9]; /* by log2 of the capacity, linked by children */
};

#define NGRAM_ROOT 1

/*
 * A store of at most contexts_max contexts and twice as many entries (with
 * the unused room in their blocks): 28 bytes for each context.
 */
int ngram_store_init(struct ngram_store *store, size_t contexts_max);
void ngram_store_release(struct ngram_store *store);

/* Forget everything; memory is kept. */
void ngram_store_clear(struct ngram_store *store);

/*
 * Make room for n_contexts and n_entries more.
 * Errors: -1 and reported if memory is short; 1 if the store is at its limit.
 */
int ngram_store_reserve(
    struct ngram_store *store, size_t n_contexts, size_t n_entries);

/* Mass of an entry that was seen count times. */
static inline uint32_t
ngram_mass(uint32_t count)
{
    /* Discounts as modified Kneser-Ney smoothing has them: one each for
       counts 1, 2, and more.  Tuned; the optimum is flat. */
    return NGRAM_UNIT * count - (count == 1 ? 32 : count == 2 ? 43 : 57);
}

/* One more occurrence of the entry at place. */
void ngram_store_count(
    struct ngram_store *store, uint32_t context, uint32_t place);

/* Add symbol, not yet there, to context; returns its place. */
uint32_t ngram_store_add(
    struct ngram_store *store, uint32_t context, uint8_t symbol);

/* The context that the entry at place leads to, made if need be. */
uint32_t ngram_store_child(struct ngram_store *store, uint32_t place);

#endif /* PREDICT_NGRAM_STORE_H */
