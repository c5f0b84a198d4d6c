/*
 * ngram.c
 *
 * Probabilities of all orders are interpolated, longest context first:
 *
 *     p_k(x) = (1 - w) mass(x | context k) / mass(context k) + w p_{k-1}(x)
 *
 * with p_{-1} uniform and mass = count less a discount.  Counts are those of
 * PPM with update exclusion (Cleary and Witten 1984; Moffat 1990): a byte is
 * counted in the contexts down to the longest that knew it, which are the
 * counts of Kneser and Ney (1995) with the discounts of Chen and Goodman
 * (1999).  The weights w belong to classes of contexts (order, number of
 * entries, counts per entry: the buckets of Jelinek and Mercer 1980) and are
 * trained while coding by a step of online EM per byte, as PPM's secondary
 * escape estimation adapts its escapes.
 *
 * Everything is an integer.  A context of mass M that may hand out A gives
 * q = floor(A (1 - w) / M) for each unit of mass and passes what is left to
 * the next shorter context, so nothing is lost to rounding, frequencies add up
 * to a total known beforehand, and one byte's interval needs only a look at
 * the entries of at most K + 1 contexts.
 */
#include "predict/ngram.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "predict/ngram_store.h"

/* What is handed out; besides, each byte has frequency 1. */
#define NGRAM_MASS ((UINT64_C(1) << 46) - 256)

/* Weights are fractions of 2^32; their ends keep every order possible. */
#define WEIGHT_MIN (UINT32_C(1) << 20)
#define WEIGHT_MAX (UINT32_MAX - WEIGHT_MIN)

/*
 * A weight moves by 1 / (n + 1.5) of what is missing after n steps; n begins
 * at FIRST (raising it trusts the initial formula longer) and ends at LAST
 * (raising it averages over a longer past).  Tuned on 2 KiB chunks and whole
 * texts; within 0.1 % over a factor of two.
 */
#define STEPS_FIRST 7
#define STEPS_LAST  100

/* Classes of contexts: with one entry by count, else by entries and mean. */
#define CLASSES_SINGLE 9
#define CLASSES_MEAN   8
#define CLASSES        (CLASSES_SINGLE + 6 * CLASSES_MEAN)

struct weight {
    uint32_t shorter; /* share of the shorter contexts, of 2^32 */
    uint32_t n_steps;
};

/* A context that takes part in predicting the next byte. */
struct level {
    uint32_t context;
    uint64_t per_mass; /* q; 0 if it has no entries */
    struct weight *weight;
    uint32_t place; /* entry of the symbol asked for, or NGRAM_NONE */
};

struct ngram {
    unsigned order;
    struct ngram_store store;
    struct level levels[NGRAM_ORDER_MAX + 1]; /* by order */
    unsigned n_levels;
    bool is_prepared; /* levels and the two below belong to the next byte */
    uint64_t base;    /* of each frequency */
    uint64_t total;
    struct weight weights[NGRAM_ORDER_MAX + 1][CLASSES];
    struct weight weights_first[CLASSES];
    uint32_t step_size[STEPS_LAST + 1]; /* of 2^16 */
};

/* Lower ends of the classes. */
static const uint8_t single_counts[CLASSES_SINGLE] = {
    1, 2, 3, 4, 6, 9, 14, 24, 48};
static const uint8_t entry_counts[] = {2, 3, 4, 6, 11, 24};
static const uint8_t mean_quarters[CLASSES_MEAN] = {4, 5, 6, 8, 12, 20, 36, 80};

/* Index of the last of n ascending bounds that value reaches. */
static unsigned
find_class(const uint8_t *bounds, unsigned n, unsigned value)
{
    unsigned i = n - 1;

    while (i > 0 && value < bounds[i]) {
        i--;
    }
    return i;
}

static unsigned
context_class(unsigned n_entries, unsigned sum)
{
    if (n_entries == 1) {
        return find_class(single_counts, CLASSES_SINGLE, sum);
    }
    unsigned entries =
        find_class(entry_counts, sizeof(entry_counts), n_entries);
    unsigned mean =
        find_class(mean_quarters, CLASSES_MEAN, 4 * sum / n_entries);

    return CLASSES_SINGLE + entries * CLASSES_MEAN + mean;
}

/*
 * The weight before anything was learnt, (0.80 u + 0.45) / (n + 0.45) for u
 * entries with n counts: Witten and Bell's form with tuned constants.
 */
static struct weight
first_weight(unsigned n_entries, unsigned sum)
{
    uint64_t share = ((uint64_t)(80 * n_entries + 45) << 32) / (100 * sum + 45);
    uint64_t most = (UINT64_C(95) << 32) / 100;

    return (struct weight){
        .shorter = (uint32_t)(share < most ? share : most),
        .n_steps = STEPS_FIRST,
    };
}

static void
set_first_weights(struct ngram *ngram)
{
    struct weight *weight = ngram->weights_first;

    for (unsigned i = 0; i < CLASSES_SINGLE; i++) {
        *weight++ = first_weight(1, single_counts[i]);
    }
    for (unsigned e = 0; e < sizeof(entry_counts); e++) {
        for (unsigned i = 0; i < CLASSES_MEAN; i++) {
            *weight++ = first_weight(
                4 * entry_counts[e], mean_quarters[i] * entry_counts[e]);
        }
    }
}

struct ngram *
ngram_new(unsigned order, size_t contexts_max)
{
    struct ngram *ngram = mem_alloc(1, sizeof(*ngram));

    if (ngram == NULL) {
        return NULL;
    }
    ngram->order = order;
    if (ngram_store_init(&ngram->store, contexts_max)) {
        ngram_free(ngram);
        return NULL;
    }
    set_first_weights(ngram);
    for (unsigned i = 0; i <= STEPS_LAST; i++) {
        ngram->step_size[i] = 2 * 65536 / (2 * i + 3);
    }
    ngram_reset(ngram);
    return ngram;
}

void
ngram_free(struct ngram *ngram)
{
    if (ngram != NULL) {
        ngram_store_release(&ngram->store);
        mem_free(ngram);
    }
}

/* Forget contexts, but not what was learnt about classes of contexts. */
static void
forget_contexts(struct ngram *ngram)
{
    ngram_store_clear(&ngram->store);
    ngram->levels[0].context = NGRAM_ROOT;
    ngram->n_levels = 1;
    ngram->is_prepared = false;
}

void
ngram_reset(struct ngram *ngram)
{
    forget_contexts(ngram);
    for (unsigned k = 0; k <= ngram->order; k++) {
        memcpy(ngram->weights[k], ngram->weights_first,
            sizeof(ngram->weights_first));
    }
}

/* Share the mass out among the levels. */
static void
prepare(struct ngram *ngram)
{
    uint64_t left = NGRAM_MASS;

    for (unsigned k = ngram->n_levels; k-- > 0;) {
        struct level *level = &ngram->levels[k];
        const struct ngram_context *context =
            &ngram->store.contexts[level->context];
        level->per_mass = 0;
        if (context->n_entries == 0) {
            continue;
        }
        unsigned class = context_class(context->n_entries, context->sum);
        level->weight = &ngram->weights[k][class];
        uint64_t longer = 65536 - (level->weight->shorter >> 16);
        level->per_mass = (left >> 16) * longer / context->mass;
        left -= level->per_mass * context->mass;
    }
    ngram->base = left / 256 + 1;
    ngram->total = 256 * ngram->base + (NGRAM_MASS - left);
    ngram->is_prepared = true;
}

/*
 * Mass of the entries below symbol in a context; sets *place to the entry of
 * symbol, or NGRAM_NONE.
 */
static uint32_t
find_symbol(uint32_t *place, const struct ngram_store *store, uint32_t context,
    uint8_t symbol)
{
    const struct ngram_context *c = &store->contexts[context];
    const struct ngram_entry *entries = store->entries + c->first;
    uint32_t below = 0, found = UINT32_MAX;

    for (uint32_t i = 0; i < c->n_entries; i++) {
        uint32_t mass = ngram_mass(entries[i].count);
        below += entries[i].symbol < symbol ? mass : 0;
        found = entries[i].symbol == symbol ? i : found;
    }
    *place = found == UINT32_MAX ? NGRAM_NONE : c->first + found;
    return below;
}

/* What the entry of the symbol asked for adds to its frequency. */
static uint64_t
contribution(const struct ngram *ngram, const struct level *level)
{
    if (level->place == NGRAM_NONE) {
        return 0;
    }
    return level->per_mass *
           ngram_mass(ngram->store.entries[level->place].count);
}

struct ngram_interval
ngram_find(struct ngram *ngram, uint8_t symbol)
{
    if (!ngram->is_prepared) {
        prepare(ngram);
    }
    struct ngram_interval interval = {
        .cumulative = ngram->base * symbol,
        .frequency = ngram->base,
        .total = ngram->total,
    };
    for (unsigned k = 0; k < ngram->n_levels; k++) {
        struct level *level = &ngram->levels[k];
        uint32_t below =
            find_symbol(&level->place, &ngram->store, level->context, symbol);
        interval.cumulative += level->per_mass * below;
        interval.frequency += contribution(ngram, level);
    }
    return interval;
}

uint64_t
ngram_frequencies(struct ngram *ngram, uint64_t frequency[256])
{
    if (!ngram->is_prepared) {
        prepare(ngram);
    }
    for (unsigned s = 0; s < 256; s++) {
        frequency[s] = ngram->base;
    }
    for (unsigned k = 0; k < ngram->n_levels; k++) {
        const struct level *level = &ngram->levels[k];
        const struct ngram_context *context =
            &ngram->store.contexts[level->context];
        const struct ngram_entry *entries =
            ngram->store.entries + context->first;
        for (unsigned i = 0; i < context->n_entries; i++) {
            frequency[entries[i].symbol] +=
                level->per_mass * ngram_mass(entries[i].count);
        }
    }
    return ngram->total;
}

/*
 * A step of EM for each level: of the probability of the byte that came, which
 * part is owed to the shorter contexts?  Steps count in proportion to the
 * part of the probability that got as far down as this level.
 */
static void
learn_weights(struct ngram *ngram)
{
    uint64_t part[NGRAM_ORDER_MAX + 2];
    uint64_t reached = 65536;

    part[0] = ngram->base;
    for (unsigned k = 0; k < ngram->n_levels; k++) {
        part[k + 1] = part[k] + contribution(ngram, &ngram->levels[k]);
    }
    for (unsigned k = ngram->n_levels; k-- > 0;) {
        if (ngram->levels[k].per_mass == 0) {
            continue;
        }
        struct weight *weight = ngram->levels[k].weight;
        uint64_t shorter = (part[k] << 16) / part[k + 1];
        uint64_t rate = reached * ngram->step_size[weight->n_steps] >> 16;
        uint64_t moved =
            (65536 - rate) * weight->shorter + rate * (shorter << 16);
        moved >>= 16;
        weight->shorter = (uint32_t)(moved < WEIGHT_MIN   ? WEIGHT_MIN
                                     : moved > WEIGHT_MAX ? WEIGHT_MAX
                                                          : moved);
        weight->n_steps += weight->n_steps < STEPS_LAST;
        reached = reached * shorter >> 16;
    }
}

/* Count symbol in the contexts down to the longest that knew it. */
static void
learn_counts(struct ngram *ngram, uint8_t symbol)
{
    for (unsigned k = ngram->n_levels; k-- > 0;) {
        struct level *level = &ngram->levels[k];
        if (level->place != NGRAM_NONE) {
            ngram_store_count(&ngram->store, level->context, level->place);
            break;
        }
        level->place = ngram_store_add(&ngram->store, level->context, symbol);
    }
}

int
ngram_learn(struct ngram *ngram, uint8_t symbol)
{
    int rc =
        ngram_store_reserve(&ngram->store, ngram->n_levels, ngram->n_levels);

    if (rc < 0) {
        return -1;
    }
    learn_weights(ngram);
    if (rc > 0) {
        forget_contexts(ngram); /* full: begin again, as PPM coders do */
        return 0;
    }
    learn_counts(ngram, symbol);
    if (ngram->n_levels <= ngram->order) {
        ngram->n_levels++;
    }
    for (unsigned k = ngram->n_levels; k-- > 1;) {
        ngram->levels[k].context =
            ngram_store_child(&ngram->store, ngram->levels[k - 1].place);
    }
    ngram->is_prepared = false;
    return 0;
}
