/*
 * token_merge.c
 */
#include "token/token_merge.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "token/token_bpe.h"
#include "token/token_pairs.h"

/* The end of a list of symbols, at both sides. */
#define NO_SYMBOL UINT32_MAX

/*
 * A token of a long row.  Symbols stay where they are; the links skip those
 * that have been merged into their left neighbour.
 */
struct token_bpe_symbol {
    uint32_t token;
    uint32_t previous, next;
    uint32_t rank; /* of the pair with next; TOKEN_NO_RANK: none or gone */
};

size_t
token_merge_short(const struct token_pairs *pairs, uint32_t *tokens, size_t n)
{
    /* merges[i] is the pair of tokens i and i + 1. */
    const struct token_pair *merges[TOKEN_MERGE_SHORT];

    assert(n <= TOKEN_MERGE_SHORT);
    for (size_t i = 0; i + 1 < n; i++) {
        merges[i] = token_pairs_find(pairs, tokens[i], tokens[i + 1]);
    }
    while (n > 1) {
        uint32_t lowest = TOKEN_NO_RANK;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            if (merges[i]->rank < lowest) {
                lowest = merges[i]->rank;
                at = i;
            }
        }
        if (lowest == TOKEN_NO_RANK) {
            break;
        }
        tokens[at] = merges[at]->token;
        n--;
        for (size_t i = at + 1; i < n; i++) {
            tokens[i] = tokens[i + 1];
        }
        for (size_t i = at; i + 1 < n; i++) {
            merges[i] = merges[i + 1];
        }
        if (at > 0) {
            merges[at - 1] =
                token_pairs_find(pairs, tokens[at - 1], tokens[at]);
        }
        if (at + 1 < n) {
            merges[at] = token_pairs_find(pairs, tokens[at], tokens[at + 1]);
        }
    }
    return n;
}

/*
 * Heap entries are rank << 32 | position of the left symbol, so the least is
 * the next merge.  An entry is out of date if the symbol's rank is another.
 */
static int
heap_push(struct token_bpe_scratch *scratch, uint64_t entry)
{
    if (scratch->n_heap == scratch->n_heap_max) {
        void *block = scratch->heap;
        if (mem_grow(&block, &scratch->n_heap_max, scratch->n_heap,
                scratch->n_heap + 1, sizeof(entry)) != 0) {
            return -1;
        }
        scratch->heap = block;
    }
    uint64_t *heap = scratch->heap;
    size_t i = scratch->n_heap++;
    while (i > 0 && heap[(i - 1) / 2] > entry) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = entry;
    return 0;
}

static uint64_t
heap_pop(struct token_bpe_scratch *scratch)
{
    uint64_t *heap = scratch->heap;
    uint64_t least = heap[0];
    uint64_t moved = heap[--scratch->n_heap];
    size_t n = scratch->n_heap, i = 0;

    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) {
            break;
        }
        child += child + 1 < n && heap[child + 1] < heap[child];
        if (heap[child] >= moved) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = moved;
    return least;
}

/* Find the rank of symbol at with its neighbour and put it on the heap. */
static int
queue_pair(const struct token_pairs *pairs, struct token_bpe_scratch *scratch,
    uint32_t at)
{
    struct token_bpe_symbol *symbols = scratch->symbols;
    uint32_t next = symbols[at].next;

    symbols[at].rank = TOKEN_NO_RANK;
    if (next != NO_SYMBOL) {
        symbols[at].rank =
            token_pairs_find(pairs, symbols[at].token, symbols[next].token)
                ->rank;
    }
    if (symbols[at].rank == TOKEN_NO_RANK) {
        return 0;
    }
    return heap_push(scratch, (uint64_t)symbols[at].rank << 32 | at);
}

/* Link the row and queue all its pairs. */
static int
start_row(const struct token_pairs *pairs, struct token_bpe_scratch *scratch,
    const uint32_t *tokens, size_t n)
{
    void *block = scratch->symbols;

    if (mem_grow(&block, &scratch->n_symbols_max, 0, n,
            sizeof(*scratch->symbols)) != 0) {
        return -1;
    }
    scratch->symbols = block;
    scratch->n_heap = 0;
    for (size_t i = 0; i < n; i++) {
        scratch->symbols[i] = (struct token_bpe_symbol){
            .token = tokens[i],
            .previous = i == 0 ? NO_SYMBOL : (uint32_t)(i - 1),
            .next = i + 1 == n ? NO_SYMBOL : (uint32_t)(i + 1),
        };
    }
    for (size_t i = 0; i < n; i++) {
        if (queue_pair(pairs, scratch, (uint32_t)i) != 0) {
            return -1;
        }
    }
    return 0;
}

int
token_merge_long(const struct token_pairs *pairs, uint32_t *tokens,
    size_t *n_tokens, struct token_bpe_scratch *scratch, size_t n)
{
    assert(n < NO_SYMBOL);
    if (start_row(pairs, scratch, tokens, n) != 0) {
        return -1;
    }
    struct token_bpe_symbol *symbols = scratch->symbols;
    while (scratch->n_heap > 0) {
        uint64_t entry = heap_pop(scratch);
        uint32_t at = (uint32_t)entry;
        if (symbols[at].rank != entry >> 32) {
            continue;
        }
        uint32_t next = symbols[at].next, previous = symbols[at].previous;
        symbols[at].token =
            token_pairs_find(pairs, symbols[at].token, symbols[next].token)
                ->token;
        symbols[at].next = symbols[next].next;
        symbols[next].rank = TOKEN_NO_RANK;
        if (symbols[at].next != NO_SYMBOL) {
            symbols[symbols[at].next].previous = at;
        }
        if (queue_pair(pairs, scratch, at) != 0 ||
            (previous != NO_SYMBOL &&
                queue_pair(pairs, scratch, previous) != 0)) {
            return -1;
        }
    }
    *n_tokens = 0;
    for (uint32_t i = 0; i != NO_SYMBOL; i = symbols[i].next) {
        tokens[(*n_tokens)++] = symbols[i].token;
    }
    return 0;
}
