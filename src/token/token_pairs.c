/*
 * token_pairs.c
 */
#include "token/token_pairs.h"

#include "base/mem.h"

int
token_pairs_init(struct token_pairs *pairs, size_t n_pairs)
{
    size_t n_slots = 16;

    pairs->shift = 60;
    while (n_slots / 2 < n_pairs) {
        n_slots *= 2;
        pairs->shift--;
    }
    pairs->mask = n_slots - 1;
    pairs->slots = mem_alloc(n_slots, sizeof(*pairs->slots));
    if (pairs->slots == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n_slots; i++) {
        pairs->slots[i].rank = TOKEN_NO_RANK;
    }
    return 0;
}

void
token_pairs_release(struct token_pairs *pairs)
{
    mem_free(pairs->slots);
    pairs->slots = NULL;
}

void
token_pairs_set(struct token_pairs *pairs, struct token_pair pair)
{
    const struct token_pair *found =
        token_pairs_find(pairs, pair.left, pair.right);

    pairs->slots[found - pairs->slots] = pair;
}
