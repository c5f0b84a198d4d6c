/*
 * ngram_store.c
 *
 * The entries of a context lie side by side, because coding a byte looks at
 * all entries of a context: a linked list took ten times as long on 20 MB.
 * Blocks have capacities 1, 2, 4, ... 256; a full one moves to a block of
 * twice the capacity and joins the free blocks of its own.
 */
#include "predict/ngram_store.h"

#include <string.h>

#include "base/mem.h"

int
ngram_store_init(struct ngram_store *store, size_t contexts_max)
{
    *store = (struct ngram_store){.contexts_limit = contexts_max};
    if (ngram_store_reserve(store, 2, 1)) {
        return -1;
    }
    ngram_store_clear(store);
    return 0;
}

void
ngram_store_release(struct ngram_store *store)
{
    mem_free(store->contexts);
    mem_free(store->entries);
    mem_free(store->children);
}

void
ngram_store_clear(struct ngram_store *store)
{
    store->contexts[NGRAM_ROOT] = (struct ngram_context){0};
    store->n_contexts = NGRAM_ROOT + 1;
    store->n_places = NGRAM_NONE + 1;
    memset(store->free_block, 0, sizeof(store->free_block));
}

static int
grow(void **block, size_t *n_max, size_t n_used, size_t n_more, size_t bytes)
{
    return mem_grow(block, n_max, n_used, n_used + n_more, bytes);
}

int
ngram_store_reserve(
    struct ngram_store *store, size_t n_contexts, size_t n_entries)
{
    /* An entry may move to a new block of twice as many, at most 256. */
    size_t n_places = n_entries * 256;
    void *contexts = store->contexts;
    void *entries = store->entries;
    void *children = store->children;

    if (store->n_contexts + n_contexts > store->contexts_limit ||
        store->n_places + n_places > 2 * store->contexts_limit) {
        return 1;
    }
    int rc = grow(&contexts, &store->contexts_max, store->n_contexts,
        n_contexts, sizeof(*store->contexts));
    store->contexts = contexts;
    rc = rc || grow(&entries, &store->entries_max, store->n_places, n_places,
                   sizeof(*store->entries));
    store->entries = entries;
    rc = rc || grow(&children, &store->children_max, store->n_places, n_places,
                   sizeof(*store->children));
    store->children = children;
    return rc ? -1 : 0;
}

/* Halve all counts: the past weighs less, and sums stay bounded. */
static void
halve(struct ngram_store *store, struct ngram_context *context)
{
    struct ngram_entry *entries = store->entries + context->first;

    context->sum = 0;
    context->mass = 0;
    for (unsigned i = 0; i < context->n_entries; i++) {
        entries[i].count = (uint8_t)((entries[i].count + 1) / 2);
        context->sum = (uint16_t)(context->sum + entries[i].count);
        context->mass += ngram_mass(entries[i].count);
    }
}

void
ngram_store_count(struct ngram_store *store, uint32_t context, uint32_t place)
{
    struct ngram_context *c = &store->contexts[context];
    struct ngram_entry *entry = &store->entries[place];

    if (entry->count == NGRAM_COUNT_MAX) {
        halve(store, c);
    }
    c->mass += ngram_mass(entry->count + 1u) - ngram_mass(entry->count);
    c->sum++;
    entry->count++;
}

/* A block of 2^log2_capacity places; ngram_store_reserve() made room. */
static uint32_t
take_block(struct ngram_store *store, unsigned log2_capacity)
{
    uint32_t first = store->free_block[log2_capacity];

    if (first != NGRAM_NONE) {
        store->free_block[log2_capacity] = store->children[first];
    } else {
        first = (uint32_t)store->n_places;
        store->n_places += (size_t)1 << log2_capacity;
    }
    return first;
}

/* Move the entries of a context to a block of twice the capacity. */
static void
enlarge(struct ngram_store *store, struct ngram_context *c)
{
    unsigned log2_capacity = c->log2_capacity + 1u;
    uint32_t from = c->first;
    uint32_t to = take_block(store, log2_capacity);

    memcpy(store->entries + to, store->entries + from,
        c->n_entries * sizeof(*store->entries));
    memcpy(store->children + to, store->children + from,
        c->n_entries * sizeof(*store->children));
    store->children[from] = store->free_block[c->log2_capacity];
    store->free_block[c->log2_capacity] = from;
    c->first = to;
    c->log2_capacity = (uint8_t)log2_capacity;
}

uint32_t
ngram_store_add(struct ngram_store *store, uint32_t context, uint8_t symbol)
{
    struct ngram_context *c = &store->contexts[context];

    if (c->n_entries == 0) {
        c->first = take_block(store, 0);
        c->log2_capacity = 0;
    } else if (c->n_entries == 1u << c->log2_capacity) {
        enlarge(store, c);
    }
    uint32_t place = c->first + c->n_entries++;
    store->entries[place] = (struct ngram_entry){symbol, 1};
    store->children[place] = 0;
    c->sum++;
    c->mass += ngram_mass(1);
    return place;
}

uint32_t
ngram_store_child(struct ngram_store *store, uint32_t place)
{
    if (store->children[place] == 0) {
        uint32_t child = (uint32_t)store->n_contexts++;
        store->contexts[child] = (struct ngram_context){0};
        store->children[place] = child;
    }
    return store->children[place];
}
