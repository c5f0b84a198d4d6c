/*
 * token_added.c
 *
 * The texts are sorted; a search narrows a range of them byte by byte.  A
 * text that has as many bytes as have been compared is the first of its range,
 * so the last such one seen is the longest that matches.
 */
#include "token/token_added.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "token/token_flat.h"

struct item {
    uint8_t *text;
    size_t bytes;
    uint32_t token;
    bool is_special;
};

struct token_added {
    struct item *items;
    size_t n_items, n_items_max;
    size_t n_matched;      /* items that are not special */
    bool begins_with[256]; /* some item does */
};

struct token_added *
token_added_new(void)
{
    return mem_alloc(1, sizeof(struct token_added));
}

void
token_added_free(struct token_added *added)
{
    if (added == NULL) {
        return;
    }
    for (size_t i = 0; i < added->n_items; i++) {
        mem_free(added->items[i].text);
    }
    mem_free(added->items);
    mem_free(added);
}

int
token_added_add(struct token_added *added, uint32_t token, const char *text,
    size_t bytes, bool is_special)
{
    void *block = added->items;

    assert(bytes > 0 && bytes <= TOKEN_ADDED_BYTES);
    if (mem_grow(&block, &added->n_items_max, added->n_items,
            added->n_items + 1, sizeof(*added->items)) != 0) {
        return -1;
    }
    added->items = block;
    struct item *item = &added->items[added->n_items];
    item->text = mem_alloc(bytes, 1);
    if (item->text == NULL) {
        return -1;
    }
    memcpy(item->text, text, bytes);
    item->bytes = bytes;
    item->token = token;
    item->is_special = is_special;
    added->n_items++;
    added->n_matched += !is_special;
    added->begins_with[item->text[0]] = true;
    return 0;
}

static int
compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order =
        memcmp(x->text, y->text, x->bytes < y->bytes ? x->bytes : y->bytes);

    return order != 0 ? order : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

void
token_added_finish(struct token_added *added)
{
    if (added->n_items > 0) {
        qsort(
            added->items, added->n_items, sizeof(*added->items), compare_items);
    }
}

size_t
token_added_count(const struct token_added *added)
{
    return added->n_matched;
}

/*
 * The first item of [first, end) whose byte at depth is at least value; all
 * of them agree before depth.
 */
static size_t
lower_bound(const struct token_added *added, size_t first, size_t end,
    size_t depth, unsigned value)
{
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        const struct item *item = &added->items[middle];
        if (item->bytes <= depth || item->text[depth] < value) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

/* The longest item that text begins with, or NULL. */
static const struct item *
longest(const struct token_added *added, const uint8_t *text, size_t bytes)
{
    const struct item *found = NULL;
    size_t first = 0, end = added->n_items;

    for (size_t depth = 0; depth < bytes && first < end; depth++) {
        first = lower_bound(added, first, end, depth, text[depth]);
        end = lower_bound(added, first, end, depth, text[depth] + 1u);
        if (first < end && added->items[first].bytes == depth + 1) {
            found = &added->items[first];
        }
    }
    return found;
}

bool
token_added_find(const struct token_added *added, uint32_t *token,
    size_t *first, size_t *end, const uint8_t *text, size_t bytes)
{
    size_t at = *first;

    while (at < bytes) {
        const struct item *item = NULL;
        if (added->begins_with[text[at]]) {
            item = longest(added, text + at, bytes - at);
        }
        if (item == NULL) {
            at++;
        } else if (item->is_special) {
            at += item->bytes;
        } else {
            *token = item->token;
            *first = at;
            *end = at + item->bytes;
            return true;
        }
    }
    return false;
}

void
token_added_flatten(const struct token_added *added, struct token_flat *flat)
{
    token_flat_put(flat, &added->n_items, sizeof(added->n_items));
    for (size_t i = 0; i < added->n_items; i++) {
        const struct item *item = &added->items[i];
        token_flat_put(flat, item, sizeof(*item));
        token_flat_put(flat, item->text, item->bytes);
    }
}

struct token_added *
token_added_from_flat(struct token_flat *flat)
{
    struct token_added *added = token_added_new();
    const size_t *n = token_flat_get(flat, sizeof(*n));

    for (size_t i = 0; i < *n && added != NULL; i++) {
        const struct item *item = token_flat_get(flat, sizeof(*item));
        const char *text = token_flat_get(flat, item->bytes);
        if (token_added_add(
                added, item->token, text, item->bytes, item->is_special) != 0) {
            token_added_free(added);
            return NULL;
        }
    }
    if (added != NULL) {
        token_added_finish(added);
    }
    return added;
}
