/*
 * token_unigram.c
 *
 * The tokens are a tree of bytes: the child of node n by byte b is the pair
 * (n, b) of a table of pairs, whose token is the child.  A place is an end of
 * a character; the best row that ends there is known when the search comes to
 * it, because it goes from left to right.
 */
#include "token/token_unigram.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "token/token_fallback.h"
#include "token/token_pairs.h"
#include "token/token_table.h"
#include "token/token_utf8.h"

/* How much worse than the worst token a character without one is. */
#define UNKNOWN_PENALTY 10.0

/* The token of a character that becomes bytes. */
#define UNKNOWN UINT32_MAX

struct token_unigram {
    struct token_table *table;
    struct token_fallback fallback;
    struct token_pairs children;
    uint32_t *token_of; /* by node: token + 1; 0: none */
    double *score_of;   /* by node */
    uint32_t n_nodes;   /* 0 is the root */
    double unknown_score;
};

/* The best row of tokens that ends at a byte. */
struct token_unigram_place {
    double score;
    uint32_t token; /* its last */
    uint32_t bytes; /* of that; 0: no row ends here */
};

/* The child, UINT32_MAX if there is none. */
static uint32_t
find_child(const struct token_unigram *unigram, uint32_t node, uint8_t byte)
{
    const struct token_pair *pair =
        token_pairs_find(&unigram->children, node, byte);

    return pair->rank == TOKEN_NO_RANK ? UINT32_MAX : pair->token;
}

/* Put a token into the tree; the first of several with the same bytes counts. */
static void
add_token(struct token_unigram *unigram, uint32_t token, const uint8_t *bytes,
    size_t n, double score)
{
    uint32_t node = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t child = find_child(unigram, node, bytes[i]);
        if (child == UINT32_MAX) {
            child = unigram->n_nodes++;
            token_pairs_set(&unigram->children,
                (struct token_pair){node, bytes[i], 0, child});
        }
        node = child;
    }
    if (unigram->token_of[node] == 0) {
        unigram->token_of[node] = token + 1;
        unigram->score_of[node] = score;
    }
}

/* Bytes of the tokens that texts can have; 0 if one is too long, reported. */
static size_t
count_bytes(const char *path, const struct token_table *table)
{
    size_t total = 1;

    for (uint32_t i = 0; i < token_table_count(table); i++) {
        size_t n;
        (void)token_table_bytes(table, i, &n);
        if (token_table_kind(table, i) != TOKEN_NORMAL) {
            continue;
        }
        if (n > TOKEN_UNIGRAM_BYTES) {
            report_error("%s: token %u has %zu bytes, more than the %d that "
                         "are supported",
                path, i, n, TOKEN_UNIGRAM_BYTES);
            return 0;
        }
        total += n;
    }
    if (total >= UINT32_MAX) {
        report_error("%s: %zu bytes of tokens are too many", path, total);
        return 0;
    }
    return total;
}

static int
build_tree(struct token_unigram *unigram, const double *scores, size_t n_bytes)
{
    double worst = INFINITY;

    unigram->n_nodes = 1;
    unigram->token_of = mem_alloc(n_bytes, sizeof(*unigram->token_of));
    unigram->score_of = mem_alloc(n_bytes, sizeof(*unigram->score_of));
    if (unigram->token_of == NULL || unigram->score_of == NULL ||
        token_pairs_init(&unigram->children, n_bytes) != 0) {
        return -1;
    }
    for (uint32_t i = 0; i < token_table_count(unigram->table); i++) {
        size_t n;
        const uint8_t *bytes = token_table_bytes(unigram->table, i, &n);
        if (n > 0 && token_table_kind(unigram->table, i) == TOKEN_NORMAL) {
            add_token(unigram, i, bytes, n, scores[i]);
            worst = scores[i] < worst ? scores[i] : worst;
        }
    }
    unigram->unknown_score = (worst < INFINITY ? worst : 0) - UNKNOWN_PENALTY;
    return 0;
}

struct token_unigram *
token_unigram_new(
    const char *path, struct token_table *table, const double *scores)
{
    struct token_unigram *unigram = mem_alloc(1, sizeof(*unigram));

    if (unigram == NULL) {
        return NULL;
    }
    unigram->table = table;
    token_fallback_init(&unigram->fallback, table);
    size_t n_bytes =
        token_table_finish(table) == 0 ? count_bytes(path, table) : 0;
    if (n_bytes == 0 || build_tree(unigram, scores, n_bytes) != 0) {
        token_unigram_free(unigram);
        return NULL;
    }
    return unigram;
}

void
token_unigram_free(struct token_unigram *unigram)
{
    if (unigram == NULL) {
        return;
    }
    token_pairs_release(&unigram->children);
    mem_free(unigram->token_of);
    mem_free(unigram->score_of);
    mem_free(unigram);
}

bool
token_unigram_has_escapes(const struct token_unigram *unigram)
{
    return unigram->fallback.has_escapes;
}

void
token_unigram_scratch_release(struct token_unigram_scratch *scratch)
{
    mem_free(scratch->places);
    *scratch = (struct token_unigram_scratch){0};
}

/* A row may end here with this token: keep it if it is better. */
static void
offer(struct token_unigram_place *place, double score, uint32_t token,
    size_t bytes)
{
    if (place->bytes == 0 || score > place->score) {
        *place = (struct token_unigram_place){score, token, (uint32_t)bytes};
    }
}

/* Offer all tokens that begin at a character of n bytes. */
static void
extend(const struct token_unigram *unigram, struct token_unigram_place *place,
    const uint8_t *text, size_t bytes, size_t n)
{
    uint32_t node = 0;
    bool has_character = false;

    for (size_t i = 0; i < bytes; i++) {
        node = find_child(unigram, node, text[i]);
        if (node == UINT32_MAX) {
            break;
        }
        if (unigram->token_of[node] != 0) {
            offer(place + i + 1, place->score + unigram->score_of[node],
                unigram->token_of[node] - 1, i + 1);
            has_character |= i + 1 == n;
        }
    }
    if (!has_character) {
        offer(place + n, place->score + unigram->unknown_score, UNKNOWN, n);
    }
}

/* Tokens of a part of a piece. */
static int
encode_part(const struct token_unigram *unigram, uint32_t *tokens,
    size_t *n_tokens, struct token_unigram_scratch *scratch,
    const uint8_t *text, size_t bytes)
{
    void *block = scratch->places;
    size_t n_row = 0;

    if (mem_grow(&block, &scratch->n_places_max, 0, bytes + 1,
            sizeof(*scratch->places)) != 0) {
        return -1;
    }
    struct token_unigram_place *places = scratch->places = block;
    memset(places, 0, (bytes + 1) * sizeof(*places));
    for (size_t i = 0, n; i < bytes; i += n) {
        n = token_utf8_character(text + i, bytes - i);
        n = n == 0 ? 1 : n;
        if (i == 0 || places[i].bytes > 0) {
            extend(unigram, places + i, text + i, bytes - i, n);
        }
    }
    /* Back from the end; the row is written from the end too. */
    for (size_t end = bytes; end > 0; end -= places[end].bytes) {
        const struct token_unigram_place *place = &places[end];
        assert(place->bytes > 0 && place->bytes <= end);
        if (place->token != UNKNOWN) {
            tokens[bytes - ++n_row] = place->token;
            continue;
        }
        for (size_t i = 1; i <= place->bytes; i++) {
            tokens[bytes - ++n_row] = unigram->fallback.token[text[end - i]];
        }
    }
    memmove(tokens, tokens + (bytes - n_row), n_row * sizeof(*tokens));
    *n_tokens = n_row;
    return 0;
}

int
token_unigram_encode(const struct token_unigram *unigram, uint32_t *tokens,
    size_t *n_tokens, struct token_unigram_scratch *scratch,
    const uint8_t *piece, size_t bytes)
{
    *n_tokens = 0;
    for (size_t first = 0; first < bytes; first += TOKEN_UNIGRAM_PIECE_BYTES) {
        size_t n = bytes - first, n_part;
        n = n < TOKEN_UNIGRAM_PIECE_BYTES ? n : TOKEN_UNIGRAM_PIECE_BYTES;
        if (encode_part(unigram, tokens + *n_tokens, &n_part, scratch,
                piece + first, n) != 0) {
            return -1;
        }
        *n_tokens += n_part;
    }
    return 0;
}
