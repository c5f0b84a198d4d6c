/*
 * token_scored.c
 */
#include "token/token_scored.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "token/token_added.h"
#include "token/token_bpe.h"
#include "token/token_fallback.h"
#include "token/token_pairs.h"
#include "token/token_parts.h"
#include "token/token_split.h"
#include "token/token_table.h"
#include "token/token_unigram.h"

/* A run of spaces with what follows it. */
#define WORD " +[^ ]*|[^ ]+"

static enum token_kind
kind_of(enum token_scored_type type)
{
    switch (type) {
    case TOKEN_SCORED_NORMAL:
        return TOKEN_NORMAL;
    case TOKEN_SCORED_USER:
        return TOKEN_ADDED;
    case TOKEN_SCORED_BYTE:
        return TOKEN_BYTE;
    default:
        return TOKEN_SPECIAL;
    }
}

static int
check_item(const char *path, const struct token_scored *item, size_t i)
{
    int shown = (int)(item->bytes < 80 ? item->bytes : 80);

    if (item->type < TOKEN_SCORED_NORMAL || item->type > TOKEN_SCORED_BYTE) {
        report_error("%s: token %zu, \"%.*s\", is of the unknown type %d", path,
            i, shown, item->text, (int)item->type);
        return -1;
    }
    if (!isfinite(item->score)) {
        report_error("%s: token %zu, \"%.*s\": the score is %g", path, i, shown,
            item->text, item->score);
        return -1;
    }
    if (item->type == TOKEN_SCORED_BYTE &&
        !token_fallback_is_byte(item->text, item->bytes)) {
        report_error("%s: token %zu, \"%.*s\", is to be a byte, but not "
                     "written \"<0x0A>\"",
            path, i, shown, item->text);
        return -1;
    }
    if (item->type != TOKEN_SCORED_NORMAL && item->bytes > TOKEN_ADDED_BYTES) {
        report_error("%s: token %zu has %zu bytes, more than the %d that are "
                     "supported",
            path, i, item->bytes, TOKEN_ADDED_BYTES);
        return -1;
    }
    return 0;
}

void
token_scored_adapt(struct token_scored *items, size_t n, bool is_unigram)
{
    double best = 0; /* SentencePiece begins with a number close to 0 */

    for (size_t i = 0; i < n; i++) {
        if (items[i].bytes > 0 &&
            memchr(items[i].text, ' ', items[i].bytes) != NULL) {
            items[i].type = TOKEN_SCORED_UNUSED;
        }
        if (items[i].type == TOKEN_SCORED_NORMAL && items[i].score > best) {
            best = items[i].score;
        }
    }
    for (size_t i = 0; i < n && is_unigram; i++) {
        if (items[i].type == TOKEN_SCORED_USER) {
            items[i].type = TOKEN_SCORED_NORMAL;
            items[i].score = (double)items[i].bytes * best - 0.1;
        }
    }
}

/* A token to be matched: U+2581 in its text means a space. */
static int
add_user(struct token_added *added, uint32_t token,
    const struct token_scored *item, bool is_special)
{
    char text[TOKEN_ADDED_BYTES];
    size_t n = 0, n_space = strlen(TOKEN_SPACE);

    for (size_t i = 0; i < item->bytes;) {
        bool is_space = item->bytes - i >= n_space &&
                        memcmp(item->text + i, TOKEN_SPACE, n_space) == 0;
        text[n++] = is_space ? ' ' : item->text[i];
        i += is_space ? n_space : 1;
    }
    return n == 0 ? 0 : token_added_add(added, token, text, n, is_special);
}

static int
read_items(struct token_parts *parts, const char *path,
    const struct token_scored *items, size_t n)
{
    struct token_added *added = token_added_new();

    parts->table = token_table_new(path, (uint32_t)n, TOKEN_PLAIN);
    if (added == NULL || parts->table == NULL) {
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t token = (uint32_t)i;
        if (check_item(path, &items[i], i) != 0 ||
            token_table_set(parts->table, token, items[i].text, items[i].bytes,
                kind_of(items[i].type)) != 0) {
            goto fail;
        }
        if (items[i].type == TOKEN_SCORED_USER &&
            add_user(added, token, &items[i], false) != 0) {
            goto fail;
        }
    }
    if (token_added_count(added) == 0) {
        token_added_free(added);
        return 0;
    }
    token_added_finish(added);
    return token_split_added(parts->split, path, added);

fail:
    token_added_free(added);
    return -1;
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

/* Where score would be among n different ones that fall. */
static uint32_t
rank_of(const double *scores, size_t n, double score)
{
    size_t first = 0, end = n;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (scores[middle] > score) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return (uint32_t)first;
}

/* Ranks by falling score; equal scores have equal ranks. */
static uint32_t *
rank_items(const struct token_scored *items, size_t n)
{
    double *scores = mem_alloc(n, sizeof(*scores));
    uint32_t *ranks = mem_alloc(n, sizeof(*ranks));

    if (scores == NULL || ranks == NULL) {
        mem_free(scores);
        mem_free(ranks);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        scores[i] = items[i].score;
    }
    qsort(scores, n, sizeof(*scores), compare_doubles);
    for (size_t i = 0; i < n; i++) {
        bool can_merge = (items[i].type == TOKEN_SCORED_NORMAL ||
                             items[i].type == TOKEN_SCORED_USER) &&
                         items[i].bytes <= TOKEN_SCORED_BYTES;
        ranks[i] =
            can_merge ? rank_of(scores, n, items[i].score) : TOKEN_NO_RANK;
    }
    mem_free(scores);
    return ranks;
}

static int
build_merges(struct token_parts *parts, const char *path,
    const struct token_scored *items, size_t n)
{
    uint32_t *ranks = rank_items(items, n);
    int rc = -1;

    if (ranks != NULL) {
        parts->bpe = token_bpe_new(path, parts->table, 0);
    }
    if (parts->bpe != NULL && token_bpe_rank(parts->bpe, ranks) == 0) {
        rc = token_bpe_finish(parts->bpe, false);
    }
    mem_free(ranks);
    return rc;
}

static int
build_unigram(struct token_parts *parts, const char *path,
    const struct token_scored *items, size_t n)
{
    double *scores = mem_alloc(n, sizeof(*scores));

    if (scores == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        scores[i] = items[i].score;
    }
    parts->unigram = token_unigram_new(path, parts->table, scores);
    mem_free(scores);
    return parts->unigram == NULL ? -1 : 0;
}

int
token_scored_build(struct token_parts *parts, const char *path,
    const struct token_scored *items, size_t n, bool is_unigram)
{
    if (n == 0 || n > INT32_MAX) {
        report_error("%s: a vocabulary of %zu tokens", path, n);
        return -1;
    }
    if (read_items(parts, path, items, n) != 0) {
        return -1;
    }
    int rc = is_unigram ? build_unigram(parts, path, items, n)
                        : build_merges(parts, path, items, n);
    return rc != 0 ? -1 : token_scored_cut_words(parts, path);
}

/* Whether a space stands behind another character in a token. */
static bool
goes_across(const struct token_table *table, uint32_t token)
{
    size_t n;
    const uint8_t *bytes = token_table_bytes(table, token, &n);

    for (size_t i = 1; i < n; i++) {
        if (bytes[i] == ' ' && bytes[i - 1] != ' ') {
            return token_table_kind(table, token) == TOKEN_NORMAL;
        }
    }
    return false;
}

int
token_scored_cut_words(struct token_parts *parts, const char *path)
{
    for (uint32_t i = 0; i < token_table_count(parts->table); i++) {
        if (goes_across(parts->table, i)) {
            return 0;
        }
    }
    return token_split_expression(parts->split, path, WORD, strlen(WORD));
}

void
token_scored_note_left_out(const char *path, const char *what)
{
    if (what[0] != '\0') {
        report_note("%s: left out, because the text could not be restored: %s",
            path, what);
    }
}
