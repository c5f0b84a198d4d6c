/*
 * token_table.c
 *
 * Texts are found by open addressing over their numbers; the index goes when
 * the bytes of all tokens have been written, one after the other, to a block.
 */
#include "token/token_table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "token/token_alphabet.h"
#include "token/token_flat.h"

struct entry {
    const char *text; /* NULL for a hole, and after finish */
    size_t first;     /* of its bytes in the block */
    uint32_t bytes;   /* of text; after finish those it stands for */
    uint8_t kind;
    bool is_made;
};

struct token_table {
    const char *path;
    struct entry *entries;
    uint32_t n_tokens;
    enum token_spelling spelling;
    uint32_t *index; /* token + 1 by hash of its text, 0: free */
    size_t index_mask;
    uint8_t *block;
    bool is_flat; /* entries and block belong to a token_flat */
};

struct token_table *
token_table_new(
    const char *path, uint32_t n_tokens, enum token_spelling spelling)
{
    struct token_table *table = mem_alloc(1, sizeof(*table));
    size_t n_slots = 16;

    if (table == NULL) {
        return NULL;
    }
    while (n_slots < 2 * (size_t)n_tokens) {
        n_slots *= 2;
    }
    table->path = path;
    table->n_tokens = n_tokens;
    table->spelling = spelling;
    table->entries = mem_alloc(n_tokens, sizeof(*table->entries));
    table->index = mem_alloc(n_slots, sizeof(*table->index));
    table->index_mask = n_slots - 1;
    if (table->entries == NULL || table->index == NULL) {
        token_table_free(table);
        return NULL;
    }
    return table;
}

void
token_table_free(struct token_table *table)
{
    if (table == NULL) {
        return;
    }
    mem_free(table->index);
    if (!table->is_flat) {
        mem_free(table->entries);
        mem_free(table->block);
    }
    mem_free(table);
}

/* Where text is in the index, or the free place where it would be. */
static size_t
find_slot(const struct token_table *table, const char *text, size_t bytes)
{
    size_t slot = hash_xxh64(text, bytes) & table->index_mask;

    while (table->index[slot] != 0) {
        const struct entry *entry = &table->entries[table->index[slot] - 1];
        if (entry->bytes == bytes && memcmp(entry->text, text, bytes) == 0) {
            break;
        }
        slot = (slot + 1) & table->index_mask;
    }
    return slot;
}

int
token_table_set(struct token_table *table, uint32_t token, const char *text,
    size_t bytes, enum token_kind kind)
{
    assert(token < table->n_tokens);
    struct entry *entry = &table->entries[token];

    if (entry->text != NULL &&
        (entry->bytes != bytes || memcmp(entry->text, text, bytes) != 0)) {
        report_error("%s: token %u is both \"%.*s\" and \"%.*s\"", table->path,
            token, (int)(entry->bytes < 80 ? entry->bytes : 80), entry->text,
            (int)(bytes < 80 ? bytes : 80), text);
        return -1;
    }
    if (bytes > UINT32_MAX) {
        report_error("%s: token %u has %zu bytes", table->path, token, bytes);
        return -1;
    }
    entry->text = text;
    entry->bytes = (uint32_t)bytes;
    entry->kind = (uint8_t)kind;
    size_t slot = find_slot(table, text, bytes);
    if (table->index[slot] == 0) {
        table->index[slot] = token + 1;
    }
    return 0;
}

uint32_t
token_table_find(
    const struct token_table *table, const char *text, size_t bytes)
{
    uint32_t found = table->index[find_slot(table, text, bytes)];

    return found == 0 ? TOKEN_NOT_FOUND : found - 1;
}

const char *
token_table_text(const struct token_table *table, uint32_t token, size_t *bytes)
{
    *bytes = table->entries[token].bytes;
    return table->entries[token].text;
}

void
token_table_made(struct token_table *table, uint32_t token)
{
    table->entries[token].is_made = true;
}

/* The same for a plain text.  Returns the number of bytes. */
static size_t
finish_plain(const struct entry *entry, uint8_t *out)
{
    size_t n_space = strlen(TOKEN_SPACE), n = 0;

    if (entry->kind == TOKEN_BYTE) {
        out[0] = (uint8_t)strtoul(entry->text + 1, NULL, 16);
        return 1;
    }
    if (entry->kind == TOKEN_SPECIAL && !entry->is_made) {
        return 0;
    }
    for (size_t i = 0; i < entry->bytes;) {
        bool is_space = entry->bytes - i >= n_space &&
                        memcmp(entry->text + i, TOKEN_SPACE, n_space) == 0;
        out[n++] = (uint8_t)(is_space ? ' ' : entry->text[i]);
        i += is_space ? n_space : 1;
    }
    return n;
}

/* Write the bytes of an entry to out, and their number to the entry. */
static int
finish_entry(const struct token_table *table, struct entry *entry, uint8_t *out)
{
    size_t n = 0;

    if (table->spelling == TOKEN_PLAIN) {
        entry->bytes = (uint32_t)finish_plain(entry, out);
        return 0;
    }
    bool is_letters =
        token_alphabet_decode(out, &n, entry->text, entry->bytes) == 0;

    if (entry->kind == TOKEN_ADDED) {
        if (entry->is_made && is_letters &&
            (n != entry->bytes || memcmp(out, entry->text, n) != 0)) {
            report_error("%s: token %u, \"%.*s\", is an added token and "
                         "also made by merging, for other bytes",
                table->path, (unsigned)(entry - table->entries),
                (int)entry->bytes, entry->text);
            return -1;
        }
        n = entry->bytes;
        memcpy(out, entry->text, n);
    } else if (!is_letters ||
               (entry->kind == TOKEN_SPECIAL && !entry->is_made)) {
        n = 0;
    }
    entry->bytes = (uint32_t)n;
    return 0;
}

int
token_table_finish(struct token_table *table)
{
    size_t total = 0, first = 0;

    for (uint32_t i = 0; i < table->n_tokens; i++) {
        total += table->entries[i].bytes;
    }
    table->block = mem_alloc(total, 1);
    if (table->block == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < table->n_tokens; i++) {
        struct entry *entry = &table->entries[i];
        entry->first = first;
        if (entry->text != NULL &&
            finish_entry(table, entry, table->block + first) != 0) {
            return -1;
        }
        entry->text = NULL;
        first += entry->bytes;
    }
    mem_free(table->index);
    table->index = NULL;
    table->path = NULL;
    return 0;
}

uint32_t
token_table_count(const struct token_table *table)
{
    return table->n_tokens;
}

enum token_spelling
token_table_spelling(const struct token_table *table)
{
    return table->spelling;
}

enum token_kind
token_table_kind(const struct token_table *table, uint32_t token)
{
    return (enum token_kind)table->entries[token].kind;
}

const uint8_t *
token_table_bytes(
    const struct token_table *table, uint32_t token, size_t *bytes)
{
    *bytes = table->entries[token].bytes;
    return table->block + table->entries[token].first;
}

/* Bytes of all tokens, which lie one after the other. */
static size_t
block_bytes(const struct token_table *table)
{
    const struct entry *last = table->entries + table->n_tokens - 1;

    return table->n_tokens == 0 ? 0 : last->first + last->bytes;
}

void
token_table_flatten(const struct token_table *table, struct token_flat *flat)
{
    token_flat_put(flat, table, sizeof(*table));
    token_flat_put(
        flat, table->entries, table->n_tokens * sizeof(*table->entries));
    token_flat_put(flat, table->block, block_bytes(table));
}

struct token_table *
token_table_from_flat(struct token_flat *flat)
{
    struct token_table *table = mem_alloc(1, sizeof(*table));

    if (table == NULL) {
        return NULL;
    }
    memcpy(table, token_flat_get(flat, sizeof(*table)), sizeof(*table));
    table->is_flat = true;
    table->entries =
        token_flat_get(flat, table->n_tokens * sizeof(*table->entries));
    table->block = token_flat_get(flat, block_bytes(table));
    return table;
}
