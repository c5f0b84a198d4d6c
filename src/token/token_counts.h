/*
 * token_counts.h - how often each pair of tokens occurs, in which words, and
 * which pair is the most frequent.
 */
#ifndef TOKEN_COUNTS_H
#define TOKEN_COUNTS_H

#include <stddef.h>
#include <stdint.h>

struct token_counts;

/* Owner: free with token_counts_free(). */
struct token_counts *token_counts_new(void);
void token_counts_free(struct token_counts *counts);

/*
 * The pair occurs n times more, in a word; less often if n < 0.  Calls for one
 * word follow one another.
 *
 * Requires: n < 0 if the pair has been queued.
 */
int token_counts_add(struct token_counts *counts, uint32_t left, uint32_t right,
    int64_t n, uint32_t word);

/* Let the pairs that were added since the last call be taken. */
int token_counts_queue(struct token_counts *counts);

struct token_count {
    uint32_t left, right;
    const uint32_t *words; /* where it was; valid until the next take */
    size_t n_words;
};

/*
 * Take the most frequent pair; of equally frequent ones that with the smaller
 * left, then the smaller right token.
 *
 * Returns 1, or 0 if no pair is left.
 */
int token_counts_take(struct token_counts *counts, struct token_count *best);

#endif /* TOKEN_COUNTS_H */
