/*
 * token_counts.c
 *
 * A pair is queued once, with its count of then.  Merging other pairs lowers
 * the count, but the heap is not told: that is seen when the pair comes to the
 * top, and it goes back to where it belongs.
 */
#include "token/token_counts.h"

#include <assert.h>
#include <stdbool.h>

#include "base/mem.h"
#include "base/report.h"

struct pair {
    uint32_t left, right;
    int64_t count;
    uint32_t *words; /* since the last queue */
    size_t n_words, n_words_max;
    bool is_touched; /* is in the list of touched pairs */
    bool is_queued;
};

struct entry {
    int64_t count;
    uint32_t pair;
    uint32_t *words;
    size_t n_words;
};

struct token_counts {
    struct pair *pairs;
    size_t n_pairs, n_pairs_max;
    uint32_t *index; /* pair + 1 by hash, 0: free; at most half full */
    size_t n_slots;
    uint32_t *touched;
    size_t n_touched, n_touched_max;
    struct entry *heap;
    size_t n_heap, n_heap_max;
    uint32_t *taken; /* words of the last take */
};

struct token_counts *
token_counts_new(void)
{
    return mem_alloc(1, sizeof(struct token_counts));
}

void
token_counts_free(struct token_counts *counts)
{
    if (counts == NULL) {
        return;
    }
    for (size_t i = 0; i < counts->n_pairs; i++) {
        mem_free(counts->pairs[i].words);
    }
    for (size_t i = 0; i < counts->n_heap; i++) {
        mem_free(counts->heap[i].words);
    }
    mem_free(counts->pairs);
    mem_free(counts->index);
    mem_free(counts->touched);
    mem_free(counts->heap);
    mem_free(counts->taken);
    mem_free(counts);
}

static size_t
first_slot(size_t n_slots, uint32_t left, uint32_t right)
{
    uint64_t key = (uint64_t)left << 32 | right;

    key = (key ^ key >> 29) * 0x9e3779b97f4a7c15u;
    return (key ^ key >> 32) & (n_slots - 1);
}

static int
grow_index(struct token_counts *counts)
{
    size_t n_slots = counts->n_slots == 0 ? 1024 : 2 * counts->n_slots;
    uint32_t *index = mem_alloc(n_slots, sizeof(*index));

    if (index == NULL) {
        return -1;
    }
    for (size_t i = 0; i < counts->n_pairs; i++) {
        size_t slot =
            first_slot(n_slots, counts->pairs[i].left, counts->pairs[i].right);
        while (index[slot] != 0) {
            slot = (slot + 1) & (n_slots - 1);
        }
        index[slot] = (uint32_t)i + 1;
    }
    mem_free(counts->index);
    counts->index = index;
    counts->n_slots = n_slots;
    return 0;
}

/* The pair, made if it is new; NULL if memory is short. */
static struct pair *
find_pair(struct token_counts *counts, uint32_t left, uint32_t right)
{
    void *block = counts->pairs;

    if (2 * counts->n_pairs >= counts->n_slots && grow_index(counts) != 0) {
        return NULL;
    }
    size_t slot = first_slot(counts->n_slots, left, right);
    while (counts->index[slot] != 0) {
        struct pair *pair = &counts->pairs[counts->index[slot] - 1];
        if (pair->left == left && pair->right == right) {
            return pair;
        }
        slot = (slot + 1) & (counts->n_slots - 1);
    }
    if (counts->n_pairs == UINT32_MAX - 1) {
        report_error("more than %zu different pairs", counts->n_pairs);
        return NULL;
    }
    if (mem_grow(&block, &counts->n_pairs_max, counts->n_pairs,
            counts->n_pairs + 1, sizeof(*counts->pairs)) != 0) {
        return NULL;
    }
    counts->pairs = block;
    struct pair *pair = &counts->pairs[counts->n_pairs++];
    *pair = (struct pair){.left = left, .right = right};
    counts->index[slot] = (uint32_t)counts->n_pairs;
    return pair;
}

static int
append(uint32_t **items, size_t *n, size_t *n_max, uint32_t item)
{
    void *block = *items;

    if (mem_grow(&block, n_max, *n, *n + 1, sizeof(item)) != 0) {
        return -1;
    }
    *items = block;
    (*items)[(*n)++] = item;
    return 0;
}

int
token_counts_add(struct token_counts *counts, uint32_t left, uint32_t right,
    int64_t n, uint32_t word)
{
    struct pair *pair = find_pair(counts, left, right);

    if (pair == NULL) {
        return -1;
    }
    pair->count += n;
    if (n <= 0) {
        return 0;
    }
    assert(!pair->is_queued);
    if (!pair->is_touched) {
        pair->is_touched = true;
        if (append(&counts->touched, &counts->n_touched, &counts->n_touched_max,
                (uint32_t)(pair - counts->pairs)) != 0) {
            return -1;
        }
    }
    if (pair->n_words > 0 && pair->words[pair->n_words - 1] == word) {
        return 0;
    }
    return append(&pair->words, &pair->n_words, &pair->n_words_max, word);
}

/* Whether entry a comes before b. */
static bool
is_before(const struct token_counts *counts, const struct entry *a,
    const struct entry *b)
{
    const struct pair *x = &counts->pairs[a->pair];
    const struct pair *y = &counts->pairs[b->pair];

    if (a->count != b->count) {
        return a->count > b->count;
    } else if (x->left != y->left) {
        return x->left < y->left;
    }
    return x->right < y->right;
}

static int
push(struct token_counts *counts, struct entry entry)
{
    void *block = counts->heap;

    if (mem_grow(&block, &counts->n_heap_max, counts->n_heap,
            counts->n_heap + 1, sizeof(entry)) != 0) {
        return -1;
    }
    struct entry *heap = counts->heap = block;
    size_t i = counts->n_heap++;
    while (i > 0 && is_before(counts, &entry, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = entry;
    return 0;
}

/* Put entry in the place of the first of the n entries of the heap. */
static void
replace_first(const struct token_counts *counts, struct entry entry)
{
    struct entry *heap = counts->heap;
    size_t n = counts->n_heap, i = 0;

    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) {
            break;
        }
        child +=
            child + 1 < n && is_before(counts, &heap[child + 1], &heap[child]);
        if (!is_before(counts, &heap[child], &entry)) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = entry;
}

int
token_counts_queue(struct token_counts *counts)
{
    for (size_t i = 0; i < counts->n_touched; i++) {
        struct pair *pair = &counts->pairs[counts->touched[i]];
        struct entry entry = {.count = pair->count,
            .pair = counts->touched[i],
            .words = pair->words,
            .n_words = pair->n_words};
        if (pair->count <= 0) {
            mem_free(pair->words);
        } else if (push(counts, entry) != 0) {
            return -1;
        }
        pair->is_touched = false;
        pair->is_queued = true;
        pair->words = NULL;
        pair->n_words = pair->n_words_max = 0;
    }
    counts->n_touched = 0;
    return 0;
}

int
token_counts_take(struct token_counts *counts, struct token_count *best)
{
    while (counts->n_heap > 0) {
        struct entry first = counts->heap[0];
        const struct pair *pair = &counts->pairs[first.pair];
        if (first.count != pair->count && pair->count > 0) {
            first.count = pair->count;
            replace_first(counts, first);
            continue;
        }
        struct entry last = counts->heap[--counts->n_heap];
        if (counts->n_heap > 0) {
            replace_first(counts, last);
        }
        mem_free(counts->taken);
        counts->taken = first.words;
        if (pair->count > 0) {
            *best = (struct token_count){
                pair->left, pair->right, first.words, first.n_words};
            return 1;
        }
    }
    return 0;
}
