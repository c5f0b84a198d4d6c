/*
 * token_words.c
 *
 * Open addressing over an array of words, whose bytes stand one after the
 * other in a block.
 */
#include "token/token_words.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "token/token_pretokenizer.h"
#include "token/token_split.h"
#include "token/token_text.h"

struct word {
    uint64_t hash, count;
    size_t first, bytes; /* in the block */
};

struct token_words {
    struct token_split *split;
    struct token_split_walk *walk;
    struct word *items;
    size_t n_items, n_items_max;
    uint8_t *block;
    size_t block_bytes, block_bytes_max;
    uint32_t *index; /* item + 1 by hash, 0: free; at most half full */
    size_t n_slots;
};

struct token_words *
token_words_new(void)
{
    struct token_words *words = mem_alloc(1, sizeof(*words));

    if (words == NULL) {
        return NULL;
    }
    words->split = token_split_new();
    if (words->split != NULL &&
        token_split_expression(words->split, "GPT-2", TOKEN_GPT2_EXPRESSION,
            strlen(TOKEN_GPT2_EXPRESSION)) == 0) {
        words->walk = token_split_walk_new(words->split);
    }
    if (words->walk == NULL) {
        token_words_free(words);
        return NULL;
    }
    return words;
}

void
token_words_free(struct token_words *words)
{
    if (words == NULL) {
        return;
    }
    token_split_walk_free(words->walk);
    token_split_free(words->split);
    mem_free(words->items);
    mem_free(words->block);
    mem_free(words->index);
    mem_free(words);
}

static bool
is_white(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

size_t
token_words_cut(const uint8_t *text, size_t bytes)
{
    for (size_t n = bytes; n-- > 1;) {
        if (is_white(text[n]) && text[n - 1] > ' ' && text[n - 1] < 0x7f) {
            return n;
        }
    }
    return bytes;
}

static size_t
find_slot(const struct token_words *words, uint64_t hash, const uint8_t *text,
    size_t bytes)
{
    size_t slot = hash & (words->n_slots - 1);

    while (words->index[slot] != 0) {
        const struct word *item = &words->items[words->index[slot] - 1];
        if (item->hash == hash && item->bytes == bytes &&
            memcmp(words->block + item->first, text, bytes) == 0) {
            break;
        }
        slot = (slot + 1) & (words->n_slots - 1);
    }
    return slot;
}

static int
grow_index(struct token_words *words)
{
    size_t n_slots = words->n_slots == 0 ? 1024 : 2 * words->n_slots;
    uint32_t *index = mem_alloc(n_slots, sizeof(*index));

    if (index == NULL) {
        return -1;
    }
    for (size_t i = 0; i < words->n_items; i++) {
        size_t slot = words->items[i].hash & (n_slots - 1);
        while (index[slot] != 0) {
            slot = (slot + 1) & (n_slots - 1);
        }
        index[slot] = (uint32_t)i + 1;
    }
    mem_free(words->index);
    words->index = index;
    words->n_slots = n_slots;
    return 0;
}

/* Room for one more word of so many bytes. */
static int
make_room(struct token_words *words, size_t bytes)
{
    void *items = words->items, *block = words->block;

    if (words->n_items == UINT32_MAX - 1) {
        report_error("more than %zu different words", words->n_items);
        return -1;
    }
    if (2 * words->n_items >= words->n_slots && grow_index(words) != 0) {
        return -1;
    }
    if (mem_grow(&items, &words->n_items_max, words->n_items,
            words->n_items + 1, sizeof(*words->items)) != 0) {
        return -1;
    }
    words->items = items;
    if (mem_grow(&block, &words->block_bytes_max, words->block_bytes,
            words->block_bytes + bytes, 1) != 0) {
        return -1;
    }
    words->block = block;
    return 0;
}

static int
add(struct token_words *words, const uint8_t *text, size_t bytes,
    uint64_t count)
{
    uint64_t hash = hash_xxh64(text, bytes);

    if (make_room(words, bytes) != 0) {
        return -1;
    }
    size_t slot = find_slot(words, hash, text, bytes);
    if (words->index[slot] == 0) {
        words->items[words->n_items] = (struct word){
            .hash = hash, .first = words->block_bytes, .bytes = bytes};
        memcpy(words->block + words->block_bytes, text, bytes);
        words->block_bytes += bytes;
        words->index[slot] = (uint32_t)++words->n_items;
    }
    words->items[words->index[slot] - 1].count += count;
    return 0;
}

static int
count_piece(void *user, const struct token_piece *piece)
{
    return add(user, piece->text, piece->bytes, 1);
}

int
token_words_count(struct token_words *words, const uint8_t *text, size_t bytes)
{
    return token_text_pieces(words->walk, text, bytes, count_piece, words);
}

int
token_words_join(struct token_words *words, const struct token_words *more)
{
    for (size_t i = 0; i < more->n_items; i++) {
        const struct word *item = &more->items[i];
        if (add(words, more->block + item->first, item->bytes, item->count) !=
            0) {
            return -1;
        }
    }
    return 0;
}

size_t
token_words_n(const struct token_words *words)
{
    return words->n_items;
}

const uint8_t *
token_words_get(
    const struct token_words *words, size_t i, size_t *bytes, uint64_t *count)
{
    *bytes = words->items[i].bytes;
    *count = words->items[i].count;
    return words->block + words->items[i].first;
}
