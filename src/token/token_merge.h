/*
 * token_merge.h - byte-pair merging proper, on a row of tokens.
 *
 * Both functions repeat: merge the pair of lowest rank, the leftmost of equal
 * ones, until no pair merges.  The short one searches the row each time, the
 * long one keeps a heap.
 */
#ifndef TOKEN_MERGE_H
#define TOKEN_MERGE_H

#include <stddef.h>
#include <stdint.h>

struct token_bpe_scratch;
struct token_pairs;

/* Longest row for token_merge_short(): where the heap begins to pay. */
#define TOKEN_MERGE_SHORT 48

/* Merge tokens[0..n) in place.  Returns how many are left. */
size_t token_merge_short(
    const struct token_pairs *pairs, uint32_t *tokens, size_t n);

/*
 * The same for n < 2^32.  Sets *n_tokens.
 *
 * Errors: -1 if memory is short; reported.
 */
int token_merge_long(const struct token_pairs *pairs, uint32_t *tokens,
    size_t *n_tokens, struct token_bpe_scratch *scratch, size_t n);

#endif /* TOKEN_MERGE_H */
