/*
 * token_gguf.c
 *
 * The tokenizer in the metadata of a GGUF file.  Such a file names its
 * splitting (tokenizer.ggml.pre) instead of stating it, so the expressions
 * that were published with the models of those names are kept here.
 */
#include "token/token_parts.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/report.h"
#include "format/gguf.h"
#include "token/token_added.h"
#include "token/token_bpe.h"
#include "token/token_pretokenizer.h"
#include "token/token_split.h"
#include "token/token_table.h"

#define KEY_MODEL  "tokenizer.ggml.model"
#define KEY_PRE    "tokenizer.ggml.pre"
#define KEY_TOKENS "tokenizer.ggml.tokens"
#define KEY_TYPES  "tokenizer.ggml.token_type"
#define KEY_MERGES "tokenizer.ggml.merges"

/* Values of KEY_TYPES. */
#define TYPE_NORMAL       1
#define TYPE_USER_DEFINED 4

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES       "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define WORDS_UPPER  "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define WORDS_LOWER  "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define WORD_START   "[^\\r\\n\\p{L}\\p{N}]?"

/* Digits in groups of at most three, or each alone. */
#define LLAMA3(DIGITS)                                                         \
    CONTRACTIONS "|" WORD_START "\\p{L}+|" DIGITS                              \
                 "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" SPACES

/* Words also end where small letters are followed by capital ones. */
#define O200K(SUFFIX, DIGITS)                                                  \
    WORD_START WORDS_UPPER                                                     \
        "*" WORDS_LOWER "+" SUFFIX "|" WORD_START WORDS_UPPER "+" WORDS_LOWER  \
        "*" SUFFIX "|" DIGITS "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" SPACES

static const struct splitting {
    const char *names; /* separated by spaces, with one at each end */
    const char *expressions[3];
    bool ignores_merges;
} splittings[] = {
    {" gpt-2 phi-2 mpt olmo ", {TOKEN_GPT2_EXPRESSION}, false},
    {" smollm starcoder refact command-r codeshell ",
        {"\\p{N}", TOKEN_GPT2_EXPRESSION}, false},
    {" llama-bpe llama3 llama-v3 ", {LLAMA3("\\p{N}{1,3}")}, true},
    {" dbrx smaug-bpe ", {LLAMA3("\\p{N}{1,3}")}, false},
    {" qwen2 deepseek-r1-qwen stablelm2 ", {LLAMA3("\\p{N}")}, false},
    {" falcon ",
        {"[\\p{P}\\$\\+<=>\\^~\\|`]+", TOKEN_GPT2_EXPRESSION,
            "[0-9][0-9][0-9]"},
        false},
    {" gpt-4o ", {O200K(CONTRACTIONS "?", "\\p{N}{1,3}")}, false},
    {" tekken ", {O200K("", "\\p{N}")}, true},
};

#define N_SPLITTINGS (sizeof(splittings) / sizeof(splittings[0]))

static const struct splitting *
find_splitting(const struct gguf *gguf)
{
    const char *name = "";
    size_t bytes = 0;
    char wanted[40] = "", known[512] = "";

    if (gguf_text(gguf, &name, &bytes, KEY_PRE) == 0 && bytes > 0 &&
        bytes < sizeof(wanted) - 2 && memchr(name, ' ', bytes) == NULL) {
        wanted[0] = ' ';
        memcpy(wanted + 1, name, bytes);
        wanted[bytes + 1] = ' ';
        for (size_t i = 0; i < N_SPLITTINGS; i++) {
            if (strstr(splittings[i].names, wanted) != NULL) {
                return &splittings[i];
            }
        }
    }
    for (size_t i = 0; i < N_SPLITTINGS; i++) {
        strncat(known, splittings[i].names, sizeof(known) - strlen(known) - 1);
    }
    report_error("%s: " KEY_PRE " is %s%.*s; known are:%s", gguf_path(gguf),
        bytes == 0 ? "missing" : "", (int)(bytes < 80 ? bytes : 80), name,
        known);
    return NULL;
}

static int
check_model(const struct gguf *gguf)
{
    const char *name = "";
    size_t bytes = 0;

    gguf_text(gguf, &name, &bytes, KEY_MODEL);
    if (bytes != 4 || memcmp(name, "gpt2", 4) != 0) {
        report_error("%s: " KEY_MODEL " is %s%.*s: only gpt2, which is "
                     "byte-level BPE, is supported",
            gguf_path(gguf), bytes == 0 ? "missing" : "",
            (int)(bytes < 80 ? bytes : 80), name);
        return -1;
    }
    return 0;
}

static enum token_kind
kind_of(const struct gguf *gguf, size_t i)
{
    uint64_t type;

    if (gguf_array_u64(gguf, &type, KEY_TYPES, i) != 0 || type == TYPE_NORMAL) {
        return TOKEN_NORMAL;
    }
    return type == TYPE_USER_DEFINED ? TOKEN_ADDED : TOKEN_SPECIAL;
}

/* Token i: into the table, and into added if it is matched in texts. */
static int
add_token(const struct gguf *gguf, struct token_table *table,
    struct token_added *added, size_t i)
{
    const char *text;
    size_t bytes;
    enum token_kind kind = kind_of(gguf, i);

    if (gguf_array_text(gguf, &text, &bytes, KEY_TOKENS, i) != 0) {
        report_error("%s: " KEY_TOKENS " is no list of texts", gguf_path(gguf));
        return -1;
    }
    if (token_table_set(table, (uint32_t)i, text, bytes, kind) != 0) {
        return -1;
    }
    if (kind == TOKEN_NORMAL || bytes == 0 ||
        (kind == TOKEN_SPECIAL && bytes > TOKEN_ADDED_BYTES)) {
        return 0;
    }
    if (bytes > TOKEN_ADDED_BYTES) {
        report_error("%s: token %zu: more than %d bytes are not supported",
            gguf_path(gguf), i, TOKEN_ADDED_BYTES);
        return -1;
    }
    return token_added_add(
        added, (uint32_t)i, text, bytes, kind == TOKEN_SPECIAL);
}

static int
read_tokens(struct token_parts *parts, const struct gguf *gguf)
{
    size_t n_tokens = gguf_array_count(gguf, KEY_TOKENS);
    struct token_added *added = token_added_new();

    if (n_tokens == 0 || n_tokens > INT32_MAX) {
        report_error(
            "%s: " KEY_TOKENS " has %zu entries", gguf_path(gguf), n_tokens);
        goto fail;
    }
    parts->table = token_table_new(gguf_path(gguf), (uint32_t)n_tokens);
    if (added == NULL || parts->table == NULL) {
        goto fail;
    }
    for (size_t i = 0; i < n_tokens; i++) {
        if (add_token(gguf, parts->table, added, i) != 0) {
            goto fail;
        }
    }
    if (token_added_count(added) == 0) {
        token_added_free(added);
        return 0;
    }
    token_added_finish(added);
    return token_split_added(parts->split, gguf_path(gguf), added);

fail:
    token_added_free(added);
    return -1;
}

static int
read_merges(
    struct token_parts *parts, const struct gguf *gguf, bool ignores_merges)
{
    size_t n_merges = gguf_array_count(gguf, KEY_MERGES);

    parts->bpe = token_bpe_new(gguf_path(gguf), parts->table, n_merges);
    if (parts->bpe == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n_merges; i++) {
        const char *text, *space = NULL;
        size_t bytes;
        if (gguf_array_text(gguf, &text, &bytes, KEY_MERGES, i) == 0) {
            space = memchr(text, ' ', bytes);
        }
        if (space == NULL) {
            report_error("%s: " KEY_MERGES " %zu is not \"left right\"",
                gguf_path(gguf), i);
            return -1;
        }
        size_t left = (size_t)(space - text);
        if (token_bpe_add(
                parts->bpe, text, left, space + 1, bytes - left - 1) != 0) {
            return -1;
        }
    }
    return token_bpe_finish(parts->bpe, ignores_merges);
}

/* Add each text of an array, with its length in front. */
static void
hash_texts(struct hash_sha256 *hash, const struct gguf *gguf, const char *key)
{
    size_t n = gguf_array_count(gguf, key);

    for (size_t i = 0; i < n; i++) {
        const char *text = "";
        size_t bytes = 0;
        gguf_array_text(gguf, &text, &bytes, key, i);
        uint64_t length = bytes;
        hash_sha256_add(hash, &length, sizeof(length));
        hash_sha256_add(hash, text, bytes);
    }
}

/* The hash of all that the tokens of a text depend on. */
static int
hash_tokenizer(struct token_parts *parts, const struct gguf *gguf)
{
    struct hash_sha256 *hash = hash_sha256_new();
    const char *pre = "";
    size_t bytes = 0, n_tokens = gguf_array_count(gguf, KEY_TOKENS);

    if (hash == NULL) {
        return -1;
    }
    hash_texts(hash, gguf, KEY_TOKENS);
    hash_texts(hash, gguf, KEY_MERGES);
    for (size_t i = 0; i < n_tokens; i++) {
        uint8_t kind = (uint8_t)kind_of(gguf, i);
        hash_sha256_add(hash, &kind, 1);
    }
    gguf_text(gguf, &pre, &bytes, KEY_PRE);
    hash_sha256_add(hash, pre, bytes);
    hash_sha256_finish(hash, parts->sha256);
    hash_sha256_free(hash);
    return 0;
}

int
token_parts_from_gguf(struct token_parts *parts, const char *path)
{
    struct gguf *gguf = gguf_open(path);
    const struct splitting *splitting = NULL;
    int rc = -1;

    parts->split = token_split_new();
    if (gguf == NULL || parts->split == NULL || check_model(gguf) != 0) {
        goto done;
    }
    splitting = find_splitting(gguf);
    if (splitting == NULL || read_tokens(parts, gguf) != 0) {
        goto done;
    }
    for (size_t i = 0; i < 3 && splitting->expressions[i] != NULL; i++) {
        const char *expression = splitting->expressions[i];
        if (token_split_expression(
                parts->split, path, expression, strlen(expression)) != 0) {
            goto done;
        }
    }
    if (read_merges(parts, gguf, splitting->ignores_merges) == 0) {
        rc = hash_tokenizer(parts, gguf);
    }

done:
    gguf_close(gguf);
    return rc;
}
