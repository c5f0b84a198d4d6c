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
#include "token/token_alphabet.h"
#include "token/token_flat.h"
#include "token/token_merge.h"
#include "token/token_pairs.h"
#include "token/token_table.h"

/* A piece that is one token. */
struct whole {
    uint32_t token; /* + 1; 0: a free place */
    uint32_t tag;   /* upper half of the hash, spares most comparisons */
};

struct token_bpe {
    struct token_table *table;
    const char *path;
    uint32_t byte_token[256];
    bool has_escapes;
    struct token_pairs pairs;
    size_t n_merges, n_merges_max;
    char *joined; /* text of the last merge's result */
    size_t joined_max;
    struct whole *wholes;
    size_t wholes_mask;
    size_t whole_bytes_max; /* no longer piece is one token */
    bool is_flat;           /* pairs and wholes belong to a token_flat */
};

/*
 * The tokens of single bytes, escapes for those that have none.  An added
 * token is plain text: "\xc3\xb5" means these two bytes, not the byte F5 that is
 * written so.
 */
static void
find_byte_tokens(struct token_bpe *bpe)
{
    for (unsigned b = 0; b < 256; b++) {
        char letter[2];
        size_t n = token_alphabet_letter(letter, (uint8_t)b);
        uint32_t token = token_table_find(bpe->table, letter, n);
        if (token == TOKEN_NOT_FOUND ||
            (n > 1 && token_table_kind(bpe->table, token) == TOKEN_ADDED)) {
            token = token_table_count(bpe->table) + b;
            bpe->has_escapes = true;
        } else {
            token_table_made(bpe->table, token);
        }
        bpe->byte_token[b] = token;
    }
}

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
    find_byte_tokens(bpe);
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
    token_table_made(bpe->table, pair.token);
    token_pairs_set(&bpe->pairs, pair);
    bpe->n_merges++;
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

/* Whether merging makes this one token of its bytes. */
static bool
is_made_whole(
    const struct token_bpe *bpe, uint32_t token, const uint8_t *bytes, size_t n)
{
    uint32_t row[TOKEN_MERGE_SHORT];

    if (n > TOKEN_MERGE_SHORT) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        row[i] = bpe->byte_token[bytes[i]];
    }
    return token_merge_short(&bpe->pairs, row, n) == 1 && row[0] == token;
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
    for (uint32_t token = 0; token < n_tokens; token++) {
        size_t n;
        struct whole *slot;
        const uint8_t *bytes = token_table_bytes(bpe->table, token, &n);
        bool is_whole =
            ignores_merges ? token_table_kind(bpe->table, token) == TOKEN_NORMAL
                           : is_made_whole(bpe, token, bytes, n);
        if (n == 0 || !is_whole ||
            find_whole(bpe, bytes, n, &slot) != TOKEN_NOT_FOUND) {
            continue;
        }
        slot->token = token + 1;
        if (n > bpe->whole_bytes_max) {
            bpe->whole_bytes_max = n;
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
    return bpe->has_escapes;
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
    for (size_t i = 0; i < bytes; i++) {
        tokens[i] = bpe->byte_token[piece[i]];
    }
    if (bytes <= TOKEN_MERGE_SHORT) {
        *n_tokens = token_merge_short(&bpe->pairs, tokens, bytes);
        return 0;
    }
    *n_tokens = 0;
    for (size_t first = 0; first < bytes; first += TOKEN_BPE_PIECE_BYTES) {
        size_t n = bytes - first, n_part;
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
