/*
 * token_tiktoken.c
 *
 * The tables of OpenAI's tiktoken: tokens in base64 with their ranks, which
 * are their numbers too; two neighbours merge if together they are a token,
 * that of the lowest rank first.  A piece that is a token is that token.
 * Such a file does not say how texts are cut; that is known by the number of
 * its tokens.
 */
#include "token/token_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "token/token_alphabet.h"
#include "token/token_bpe.h"
#include "token/token_pairs.h"
#include "token/token_scored.h"
#include "token/token_split.h"
#include "token/token_splitting.h"
#include "token/token_table.h"

/* Ranks may have gaps, but not out of proportion to the file. */
#define RANKS_ALWAYS ((uint64_t)1 << 20)

/* The splitting of published files. */
static const struct known {
    size_t n_tokens;
    const char *splitting;
    const char *name;
} known[] = {
    {50256, "gpt-2", "r50k_base"},
    {50257, "gpt-2", "multilingual"},
    {50280, "gpt-2", "p50k_base"},
    {100256, "dbrx", "cl100k_base"},
    {128000, "llama3", "Llama 3"},
    {151643, "qwen2", "Qwen"},
    {199998, "gpt-4o", "o200k_base"},
};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

struct item {
    size_t first, bytes; /* in the letters */
    uint32_t rank;
};

/* Tokens as texts in letters of the alphabet. */
struct ranks {
    const char *path;
    uint64_t ranks_max;
    struct item *items;
    size_t n_items, n_items_max;
    char *letters;
    size_t n_letters, n_letters_max;
    uint32_t end; /* above all ranks */
};

static void
ranks_release(struct ranks *ranks)
{
    mem_free(ranks->items);
    mem_free(ranks->letters);
}

/* The value of a base64 digit, or -1. */
static int
digit_of(uint8_t c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Append the letters of the bytes that a word of base64 stands for. */
static int
append_letters(struct ranks *ranks, const char *word, size_t bytes)
{
    void *block = ranks->letters;
    uint32_t bits = 0;
    unsigned n_bits = 0;

    if (mem_grow(&block, &ranks->n_letters_max, ranks->n_letters,
            ranks->n_letters + 2 * bytes + 1, 1) != 0) {
        return -1;
    }
    ranks->letters = block;
    while (bytes > 0 && word[bytes - 1] == '=') {
        bytes--;
    }
    for (size_t i = 0; i < bytes; i++) {
        int digit = digit_of((uint8_t)word[i]);
        if (digit < 0) {
            report_error("%s: token %zu: \"%.*s\" is not base64", ranks->path,
                ranks->n_items, (int)(bytes < 80 ? bytes : 80), word);
            return -1;
        }
        bits = bits << 6 | (uint32_t)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            ranks->n_letters += token_alphabet_letter(
                ranks->letters + ranks->n_letters, (uint8_t)(bits >> n_bits));
        }
    }
    return 0;
}

static int
add_item(struct ranks *ranks, const char *word, size_t bytes, uint64_t rank)
{
    void *block = ranks->items;
    size_t first = ranks->n_letters;

    if (rank >= ranks->ranks_max) {
        report_error("%s: token %zu: the rank %" PRIu64 " is too large; the "
                     "size of the file allows %" PRIu64,
            ranks->path, ranks->n_items, rank, ranks->ranks_max - 1);
        return -1;
    }
    if (append_letters(ranks, word, bytes) != 0 ||
        mem_grow(&block, &ranks->n_items_max, ranks->n_items,
            ranks->n_items + 1, sizeof(*ranks->items)) != 0) {
        return -1;
    }
    ranks->items = block;
    ranks->items[ranks->n_items++] =
        (struct item){first, ranks->n_letters - first, (uint32_t)rank};
    if (rank >= ranks->end) {
        ranks->end = (uint32_t)rank + 1;
    }
    return 0;
}

/* Digits at *at, which moves behind them.  -1 if there are none or too many. */
static int
read_number(uint64_t *value, const char **at, const char *end)
{
    const char *first = *at;

    *value = 0;
    while (*at < end && **at >= '0' && **at <= '9' && *at - first < 12) {
        *value = 10 * *value + (uint64_t)(*(*at)++ - '0');
    }
    return *at == first ? -1 : 0;
}

static void
skip(const char **at, const char *end, const char *letters)
{
    while (*at < end && **at != '\0' && strchr(letters, **at) != NULL) {
        ++*at;
    }
}

/* The letters up to white space. */
static size_t
word_length(const char *at, const char *end)
{
    size_t n = 0;

    while (at + n < end && !isspace((unsigned char)at[n])) {
        n++;
    }
    return n;
}

/* Lines "BASE64 RANK". */
static int
read_lines(struct ranks *ranks, const char *at, const char *end)
{
    skip(&at, end, "\r\n");
    while (at < end) {
        uint64_t rank;
        const char *word = at;
        size_t bytes = word_length(at, end);
        at += bytes;
        skip(&at, end, " ");
        if (read_number(&rank, &at, end) != 0 ||
            (at < end && *at != '\r' && *at != '\n')) {
            report_error("%s: line %zu is not a token in base64 and its rank",
                ranks->path, ranks->n_items + 1);
            return -1;
        }
        if (add_item(ranks, word, bytes, rank) != 0) {
            return -1;
        }
        skip(&at, end, "\r\n");
    }
    return 0;
}

/* Lines "! RANK BASE64 BASE64 ...": ranks RANK, RANK + 1, ... */
static int
read_runs(struct ranks *ranks, const char *at, const char *end)
{
    uint64_t rank = 0;

    for (skip(&at, end, " \n"); at < end; skip(&at, end, " \n")) {
        size_t bytes = word_length(at, end);
        if (bytes == 1 && *at == '!') {
            at++;
            skip(&at, end, " ");
            if (read_number(&rank, &at, end) != 0) {
                report_error("%s: bpe_ranks: no number after token %zu",
                    ranks->path, ranks->n_items);
                return -1;
            }
            continue;
        }
        if (bytes == 0) {
            report_error("%s: bpe_ranks: white space of an unknown kind after "
                         "token %zu",
                ranks->path, ranks->n_items);
            return -1;
        }
        if (add_item(ranks, at, bytes, rank++) != 0) {
            return -1;
        }
        at += bytes;
    }
    return 0;
}

/* The special tokens {TEXT: NUMBER, ...}; only raises end without a table. */
static int
read_special(
    struct ranks *ranks, struct token_table *table, const json_t *special)
{
    const char *text;
    json_t *id;

    json_object_foreach((json_t *)(uintptr_t)special, text, id)
    {
        json_int_t token = json_is_integer(id) ? json_integer_value(id) : -1;
        if (token < 0 || (uint64_t)token >= ranks->ranks_max) {
            report_error("%s: special token \"%.80s\" has no sound number",
                ranks->path, text);
            return -1;
        }
        if (table == NULL && token >= ranks->end) {
            ranks->end = (uint32_t)token + 1;
        } else if (table != NULL &&
                   token_table_set(table, (uint32_t)token, text, strlen(text),
                       TOKEN_SPECIAL) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The rank of each token, TOKEN_NO_RANK for one too long to be merged. */
static int
fill_table(const struct ranks *ranks, struct token_table *table, uint32_t *by)
{
    for (uint32_t i = 0; i < ranks->end; i++) {
        by[i] = TOKEN_NO_RANK;
    }
    for (size_t i = 0; i < ranks->n_items; i++) {
        const struct item *item = &ranks->items[i];
        if (item->bytes == 0) {
            continue; /* a place holder */
        }
        if (token_table_set(table, item->rank, ranks->letters + item->first,
                item->bytes, TOKEN_NORMAL) != 0) {
            return -1;
        }
        if (item->bytes <= TOKEN_SCORED_BYTES) {
            by[item->rank] = item->rank;
        }
    }
    return 0;
}

static int
build(struct token_parts *parts, struct ranks *ranks, const json_t *special)
{
    int rc = -1;

    if (ranks->n_items == 0) {
        report_error("%s: no tokens", ranks->path);
        return -1;
    }
    if (read_special(ranks, NULL, special) != 0) {
        return -1;
    }
    uint32_t *by = mem_alloc(ranks->end, sizeof(*by));
    parts->table = token_table_new(ranks->path, ranks->end, TOKEN_LETTERS);
    if (by != NULL && parts->table != NULL &&
        fill_table(ranks, parts->table, by) == 0 &&
        read_special(ranks, parts->table, special) == 0) {
        parts->bpe = token_bpe_new(ranks->path, parts->table, 0);
    }
    if (parts->bpe != NULL && token_bpe_rank(parts->bpe, by) == 0) {
        rc = token_bpe_finish(parts->bpe, true);
    }
    mem_free(by);
    return rc;
}

/* How files with so many tokens cut texts. */
static int
add_known_splitting(struct token_parts *parts, const struct ranks *ranks)
{
    char names[400] = "";

    for (size_t i = 0; i < N_KNOWN; i++) {
        const char *name = known[i].splitting;
        if (known[i].n_tokens == ranks->n_items) {
            return token_splitting_add(parts->split, ranks->path,
                token_splitting_find(name, strlen(name)));
        }
        size_t n = strlen(names);
        snprintf(names + n, sizeof(names) - n, "%s%zu (%s)", i == 0 ? "" : ", ",
            known[i].n_tokens, known[i].name);
    }
    report_error("%s: %zu tokens: how such a file cuts texts is not known; "
                 "known are those of %s",
        ranks->path, ranks->n_items, names);
    return -1;
}

static void
ranks_init(struct ranks *ranks, const char *path, size_t bytes)
{
    *ranks = (struct ranks){.path = path, .ranks_max = bytes};
    if (ranks->ranks_max < RANKS_ALWAYS) {
        ranks->ranks_max = RANKS_ALWAYS;
    } else if (ranks->ranks_max > INT32_MAX) {
        ranks->ranks_max = INT32_MAX;
    }
}

int
token_parts_from_tiktoken(
    struct token_parts *parts, const char *path, const struct file_map *map)
{
    struct ranks ranks;
    const char *text = (const char *)map->data;
    int rc = -1;

    ranks_init(&ranks, path, map->bytes);
    if (read_lines(&ranks, text, text + map->bytes) == 0 &&
        add_known_splitting(parts, &ranks) == 0) {
        rc = build(parts, &ranks, NULL);
    }
    ranks_release(&ranks);
    return rc;
}

int
token_parts_from_ranks(
    struct token_parts *parts, const char *path, const json_t *root)
{
    struct ranks ranks;
    const json_t *pattern = json_object_get(root, "pat_str");
    const json_t *runs = json_object_get(root, "bpe_ranks");
    int rc = -1;

    if (!json_is_string(pattern) || !json_is_string(runs)) {
        report_error("%s: bpe_ranks and pat_str must be texts", path);
        return -1;
    }
    const char *text = json_string_value(runs);
    size_t bytes = json_string_length(runs);
    ranks_init(&ranks, path, bytes);
    if (read_runs(&ranks, text, text + bytes) == 0 &&
        token_split_expression(parts->split, path, json_string_value(pattern),
            json_string_length(pattern)) == 0) {
        rc = build(parts, &ranks, json_object_get(root, "special_tokens"));
    }
    ranks_release(&ranks);
    return rc;
}

bool
token_parts_is_tiktoken(const struct file_map *map)
{
    const char *at = (const char *)map->data, *end = at + map->bytes;
    uint64_t rank;

    while (at < end && (digit_of((uint8_t)*at) >= 0 || *at == '=')) {
        at++;
    }
    if (at == end || at == (const char *)map->data || *at != ' ') {
        return false;
    }
    at++;
    return read_number(&rank, &at, end) == 0 &&
           (at == end || *at == '\r' || *at == '\n');
}
