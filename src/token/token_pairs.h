/*
 * token_pairs.h - the merges of a vocabulary, found by their pair of tokens.
 */
#ifndef TOKEN_PAIRS_H
#define TOKEN_PAIRS_H

#include <stddef.h>
#include <stdint.h>

/* The rank of a pair that does not merge. */
#define TOKEN_NO_RANK UINT32_MAX

struct token_pair {
    uint32_t left, right;
    uint32_t rank; /* TOKEN_NO_RANK: a free place */
    uint32_t token;
};

/* At most half full, so that a search ends soon, and always. */
struct token_pairs {
    struct token_pair *slots;
    size_t mask;
    unsigned shift;
};

int token_pairs_init(struct token_pairs *pairs, size_t n_pairs);
void token_pairs_release(struct token_pairs *pairs);

/* A pair that is set again gets the new rank. */
void token_pairs_set(struct token_pairs *pairs, struct token_pair pair);

/* The merge of two tokens; its rank is TOKEN_NO_RANK if there is none. */
static inline const struct token_pair *
token_pairs_find(const struct token_pairs *pairs, uint32_t left, uint32_t right)
{
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i =
        (size_t)((key ^ key >> 29) * 0x9e3779b97f4a7c15u >> pairs->shift);

    while (pairs->slots[i].rank != TOKEN_NO_RANK &&
           (pairs->slots[i].left != left || pairs->slots[i].right != right)) {
        i = (i + 1) & pairs->mask;
    }
    return &pairs->slots[i];
}

#endif /* TOKEN_PAIRS_H */
