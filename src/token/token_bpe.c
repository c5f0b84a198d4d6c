/*
 * token_bpe.c
 *
 * Most pieces of ordinary text are one token.  Those are found at once in an
 * index of the pieces that merging turns into a single token, which is made
 * by merging the bytes of every token of the vocabulary.  It is an index of
 * facts, not a cache: threads share it and nothing is ever written to it.
 */
#include "token/token_bpe.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "token/token_fallback.h"
#include "token/token_flat.h"
#include "token/token_merge.h"
#include "token/token_pairs.h"
#include "token/token_table.h"
#include "token/token_utf8.h"

/* A piece that is one token. */
struct whole {
    uint32_t token; /* + 1; 0: a free place */
    uint32_t tag;   /* upper half of the hash, spares most comparisons */
};

struct token_bpe {
    struct token_table *table;
    const char *path;
    struct token_fallback fallback;
    uint32_t space;      /* the token of a space in plain texts */
    uint32_t ascii[128]; /* tokens of characters; TOKEN_NOT_FOUND: bytes */
    struct token_pairs pairs;
    size_t n_merges, n_merges_max;
    char *joined; /* text of the last merge's result */
    size_t joined_max;
    struct whole *wholes;
    size_t wholes_mask;
    size_t whole_bytes_max; /* no longer piece is one token */
    bool is_flat;           /* pairs and wholes belong to a token_flat */
};

struct token_bpe *
token_bpe_new(const char *path, struct token_table *table, size_t n_merges)
{
    struct token_bpe *bpe = mem_alloc(1, sizeof(*bpe));

    if (bpe == NULL) {
        return NULL;
    }
    bpe->path = path;
    bpe->table = table;
    bpe->n_merges_max = n_merges;
    if (n_merges >= TOKEN_NO_RANK) {
        report_error("%s: %zu merges are too many", path, n_merges);
        token_bpe_free(bpe);
        return NULL;
    }
    if (token_pairs_init(&bpe->pairs, n_merges) != 0) {
        token_bpe_free(bpe);
        return NULL;
    }
    token_fallback_init(&bpe->fallback, table);
    bpe->space = token_table_find(table, TOKEN_SPACE, strlen(TOKEN_SPACE));
    return bpe;
}

void
token_bpe_free(struct token_bpe *bpe)
{
    if (bpe == NULL) {
        return;
    }
    mem_free(bpe->joined);
    if (!bpe->is_flat) {
        token_pairs_release(&bpe->pairs);
        mem_free(bpe->wholes);
    }
    mem_free(bpe);
}

static int
merge_half(const struct token_bpe *bpe, uint32_t *token, const char *text,
    size_t bytes)
{
    *token = token_table_find(bpe->table, text, bytes);
    if (*token == TOKEN_NOT_FOUND) {
        report_error("%s: merge %zu: \"%.*s\" is not in the vocabulary",
            bpe->path, bpe->n_merges, (int)(bytes < 80 ? bytes : 80), text);
        return -1;
    }
    return 0;
}

/* Whether a token means a byte and not its text. */
static bool
is_byte(const struct token_bpe *bpe, uint32_t token)
{
    return token_table_kind(bpe->table, token) == TOKEN_BYTE;
}

int
token_bpe_add(struct token_bpe *bpe, const char *left, size_t left_bytes,
    const char *right, size_t right_bytes)
{
    struct token_pair pair = {.rank = (uint32_t)bpe->n_merges};
    size_t bytes = left_bytes + right_bytes;

    assert(bpe->n_merges < bpe->n_merges_max);
    if (bytes >= bpe->joined_max) {
        void *block = bpe->joined;
        if (mem_grow(&block, &bpe->joined_max, 0, bytes + 1, 1) != 0) {
            return -1;
        }
        bpe->joined = block;
    }
    memcpy(bpe->joined, left, left_bytes);
    memcpy(bpe->joined + left_bytes, right, right_bytes);
    if (merge_half(bpe, &pair.left, left, left_bytes) != 0 ||
        merge_half(bpe, &pair.right, right, right_bytes) != 0 ||
        merge_half(bpe, &pair.token, bpe->joined, bytes) != 0) {
        return -1;
    }
    if (is_byte(bpe, pair.left) || is_byte(bpe, pair.right) ||
        is_byte(bpe, pair.token)) {
        report_error("%s: merge %zu: \"%.*s\" has a token for a byte in it",
            bpe->path, bpe->n_merges, (int)(bytes < 80 ? bytes : 80),
            bpe->joined);
        return -1;
    }
    token_table_made(bpe->table, pair.token);
    token_pairs_set(&bpe->pairs, pair);
    bpe->n_merges++;
    return 0;
}

/* The merge of the first n bytes of a token's text with the others, if any. */
static bool
find_split(const struct token_bpe *bpe, struct token_pair *pair,
    const uint32_t *ranks, uint32_t token, size_t n)
{
    size_t bytes;
    const char *text = token_table_text(bpe->table, token, &bytes);

    if (((uint8_t)text[n] & 0xc0) == 0x80) {
        return false;
    }
    pair->token = token;
    pair->rank = ranks[token];
    pair->left = token_table_find(bpe->table, text, n);
    pair->right = token_table_find(bpe->table, text + n, bytes - n);
    return pair->left != TOKEN_NOT_FOUND && pair->right != TOKEN_NOT_FOUND &&
           ranks[pair->left] != TOKEN_NO_RANK &&
           ranks[pair->right] != TOKEN_NO_RANK;
}

/* Count the merges, or set them. */
static size_t
walk_splits(struct token_bpe *bpe, const uint32_t *ranks, bool is_to_set)
{
    size_t n_found = 0;

    for (uint32_t token = 0; token < token_table_count(bpe->table); token++) {
        struct token_pair pair;
        size_t bytes;
        const char *text = token_table_text(bpe->table, token, &bytes);
        if (text == NULL || ranks[token] == TOKEN_NO_RANK ||
            token_table_find(bpe->table, text, bytes) != token) {
            continue;
        }
        for (size_t n = 1; n < bytes; n++) {
            if (!find_split(bpe, &pair, ranks, token, n)) {
                continue;
            }
            n_found++;
            if (is_to_set) {
                token_table_made(bpe->table, token);
                token_pairs_set(&bpe->pairs, pair);
            }
        }
    }
    return n_found;
}

int
token_bpe_rank(struct token_bpe *bpe, const uint32_t *ranks)
{
    assert(bpe->n_merges == 0);
    token_pairs_release(&bpe->pairs);
    if (token_pairs_init(&bpe->pairs, walk_splits(bpe, ranks, false)) != 0) {
        return -1;
    }
    walk_splits(bpe, ranks, true);
    return 0;
}

static uint32_t
find_whole(const struct token_bpe *bpe, const uint8_t *piece, size_t bytes,
    struct whole **slot)
{
    uint64_t hash = hash_xxh64(piece, bytes);
    size_t i = hash & bpe->wholes_mask;

    for (; bpe->wholes[i].token != 0; i = (i + 1) & bpe->wholes_mask) {
        size_t n;
        if (bpe->wholes[i].tag != hash >> 32) {
            continue;
        }
        const uint8_t *have =
            token_table_bytes(bpe->table, bpe->wholes[i].token - 1, &n);
        if (n == bytes && memcmp(have, piece, n) == 0) {
            return bpe->wholes[i].token - 1;
        }
    }
    if (slot != NULL) {
        *slot = &bpe->wholes[i];
        (*slot)->tag = (uint32_t)(hash >> 32);
    }
    return TOKEN_NOT_FOUND;
}

/* The tokens of a piece before any merge.  Returns how many. */
static size_t
start_row(const struct token_bpe *bpe, uint32_t *tokens, const uint8_t *piece,
    size_t bytes)
{
    bool is_plain = token_table_spelling(bpe->table) == TOKEN_PLAIN;
    size_t n = 0;

    for (size_t i = 0, end; i < bytes; i = end) {
        size_t n_character = 0;
        uint32_t token = TOKEN_NOT_FOUND;
        if (is_plain) {
            n_character = token_utf8_character(piece + i, bytes - i);
        }
        if (n_character == 1) {
            token = bpe->ascii[piece[i]];
        } else if (n_character > 1) {
            token = find_whole(bpe, piece + i, n_character, NULL);
        }
        end = i + (n_character > 0 ? n_character : 1);
        if (token != TOKEN_NOT_FOUND) {
            tokens[n++] = token;
            continue;
        }
        for (size_t at = i; at < end; at++) {
            tokens[n++] = bpe->fallback.token[piece[at]];
        }
    }
    return n;
}

/* Whether merging makes this one token of its bytes. */
static bool
is_made_whole(
    const struct token_bpe *bpe, uint32_t token, const uint8_t *bytes, size_t n)
{
    uint32_t row[TOKEN_MERGE_SHORT];

    if (n > TOKEN_MERGE_SHORT) {
        return false;
    }
    n = start_row(bpe, row, bytes, n);
    return token_merge_short(&bpe->pairs, row, n) == 1 && row[0] == token;
}

/* Put a token into the index, unless another has its bytes. */
static void
add_whole(struct token_bpe *bpe, uint32_t token)
{
    size_t n;
    struct whole *slot;
    const uint8_t *bytes = token_table_bytes(bpe->table, token, &n);

    if (n == 0 || find_whole(bpe, bytes, n, &slot) != TOKEN_NOT_FOUND) {
        return;
    }
    slot->token = token + 1;
    if (n > bpe->whole_bytes_max) {
        bpe->whole_bytes_max = n;
    }
}

/* Plain texts are rows of characters at first: index those with a token. */
static void
find_characters(struct token_bpe *bpe)
{
    uint32_t n_tokens = token_table_count(bpe->table);

    if (bpe->space != TOKEN_NOT_FOUND) {
        add_whole(bpe, bpe->space);
    }
    for (uint32_t token = 0; token < n_tokens; token++) {
        size_t n;
        const uint8_t *bytes = token_table_bytes(bpe->table, token, &n);
        if (n > 0 && token_utf8_character(bytes, n) == n &&
            token_table_kind(bpe->table, token) == TOKEN_NORMAL) {
            add_whole(bpe, token);
        }
    }
    for (unsigned i = 0; i < 128; i++) {
        uint8_t byte = (uint8_t)i;
        bpe->ascii[i] = find_whole(bpe, &byte, 1, NULL);
    }
}

/* Index the tokens that a whole piece can be. */
static int
find_wholes(struct token_bpe *bpe, bool ignores_merges)
{
    uint32_t n_tokens = token_table_count(bpe->table);
    size_t n_slots = 16;

    while (n_slots < 2 * (size_t)n_tokens) {
        n_slots *= 2;
    }
    bpe->wholes = mem_alloc(n_slots, sizeof(*bpe->wholes));
    if (bpe->wholes == NULL) {
        return -1;
    }
    bpe->wholes_mask = n_slots - 1;
    if (token_table_spelling(bpe->table) == TOKEN_PLAIN) {
        find_characters(bpe);
    }
    for (uint32_t token = 0; token < n_tokens; token++) {
        size_t n;
        const uint8_t *bytes = token_table_bytes(bpe->table, token, &n);
        bool is_whole =
            ignores_merges ? token_table_kind(bpe->table, token) == TOKEN_NORMAL
                           : is_made_whole(bpe, token, bytes, n);
        if (is_whole) {
            add_whole(bpe, token);
        }
    }
    return 0;
}

int
token_bpe_finish(struct token_bpe *bpe, bool ignores_merges)
{
    mem_free(bpe->joined);
    bpe->joined = NULL;
    bpe->path = NULL;
    if (token_table_finish(bpe->table) != 0) {
        return -1;
    }
    return find_wholes(bpe, ignores_merges);
}

bool
token_bpe_has_escapes(const struct token_bpe *bpe)
{
    return bpe->fallback.has_escapes;
}

void
token_bpe_scratch_release(struct token_bpe_scratch *scratch)
{
    mem_free(scratch->symbols);
    mem_free(scratch->heap);
    *scratch = (struct token_bpe_scratch){0};
}

int
token_bpe_encode(const struct token_bpe *bpe, uint32_t *tokens,
    size_t *n_tokens, struct token_bpe_scratch *scratch, const uint8_t *piece,
    size_t bytes)
{
    if (bytes <= bpe->whole_bytes_max) {
        tokens[0] = find_whole(bpe, piece, bytes, NULL);
        if (tokens[0] != TOKEN_NOT_FOUND) {
            *n_tokens = 1;
            return 0;
        }
    }
    size_t n_row = start_row(bpe, tokens, piece, bytes);
    if (n_row <= TOKEN_MERGE_SHORT) {
        *n_tokens = token_merge_short(&bpe->pairs, tokens, n_row);
        return 0;
    }
    *n_tokens = 0;
    for (size_t first = 0; first < n_row; first += TOKEN_BPE_PIECE_BYTES) {
        size_t n = n_row - first, n_part;
        n = n < TOKEN_BPE_PIECE_BYTES ? n : TOKEN_BPE_PIECE_BYTES;
        if (token_merge_long(
                &bpe->pairs, tokens + first, &n_part, scratch, n) != 0) {
            return -1;
        }
        memmove(tokens + *n_tokens, tokens + first, n_part * sizeof(*tokens));
        *n_tokens += n_part;
    }
    return 0;
}

void
token_bpe_flatten(const struct token_bpe *bpe, struct token_flat *flat)
{
    token_flat_put(flat, bpe, sizeof(*bpe));
    token_flat_put(flat, bpe->pairs.slots,
        (bpe->pairs.mask + 1) * sizeof(bpe->pairs.slots[0]));
    token_flat_put(
        flat, bpe->wholes, (bpe->wholes_mask + 1) * sizeof(*bpe->wholes));
}

struct token_bpe *
token_bpe_from_flat(struct token_flat *flat, struct token_table *table)
{
    struct token_bpe *bpe = mem_alloc(1, sizeof(*bpe));

    if (bpe == NULL) {
        return NULL;
    }
    memcpy(bpe, token_flat_get(flat, sizeof(*bpe)), sizeof(*bpe));
    bpe->is_flat = true;
    bpe->table = table;
    bpe->pairs.slots = token_flat_get(
        flat, (bpe->pairs.mask + 1) * sizeof(bpe->pairs.slots[0]));
    bpe->wholes =
        token_flat_get(flat, (bpe->wholes_mask + 1) * sizeof(*bpe->wholes));
    return bpe;
}
