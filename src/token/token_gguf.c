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
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "format/gguf.h"
#include "token/token_added.h"
#include "token/token_bpe.h"
#include "token/token_scored.h"
#include "token/token_split.h"
#include "token/token_splitting.h"
#include "token/token_table.h"

#define KEY_MODEL  "tokenizer.ggml.model"
#define KEY_PRE    "tokenizer.ggml.pre"
#define KEY_TOKENS "tokenizer.ggml.tokens"
#define KEY_TYPES  "tokenizer.ggml.token_type"
#define KEY_MERGES "tokenizer.ggml.merges"
#define KEY_SCORES "tokenizer.ggml.scores"
#define KEY_PREFIX "tokenizer.ggml.add_space_prefix"
#define KEY_EXTRA  "tokenizer.ggml.remove_extra_whitespaces"
#define KEY_MAP    "tokenizer.ggml.precompiled_charsmap"

/* Values of KEY_TYPES. */
#define TYPE_NORMAL       1
#define TYPE_USER_DEFINED 4

static const struct token_splitting *
find_splitting(const struct gguf *gguf)
{
    const char *name = "";
    size_t bytes = 0;
    char known[512];

    const struct token_splitting *found =
        gguf_text(gguf, &name, &bytes, KEY_PRE) == 0
            ? token_splitting_find(name, bytes)
            : NULL;
    if (found == NULL) {
        token_splitting_names(known, sizeof(known));
        report_error("%s: " KEY_PRE " is %s%.*s; known are:%s", gguf_path(gguf),
            bytes == 0 ? "missing" : "", (int)(bytes < 80 ? bytes : 80), name,
            known);
    }
    return found;
}

/* The models of vocabularies that are supported. */
enum model {
    MODEL_UNKNOWN,
    MODEL_LETTERS, /* byte-level BPE */
    MODEL_BPE,     /* SentencePiece's */
    MODEL_UNIGRAM,
};

static enum model
find_model(const struct gguf *gguf)
{
    static const struct {
        const char *name;
        enum model model;
    } models[] = {
        {"gpt2", MODEL_LETTERS}, {"llama", MODEL_BPE}, {"t5", MODEL_UNIGRAM}};
    const char *name = "";
    size_t bytes = 0;

    gguf_text(gguf, &name, &bytes, KEY_MODEL);
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        if (bytes == strlen(models[i].name) &&
            memcmp(name, models[i].name, bytes) == 0) {
            return models[i].model;
        }
    }
    report_error("%s: " KEY_MODEL " is %s%.*s; known are gpt2 (byte-level "
                 "BPE), llama (SentencePiece BPE) and t5 (SentencePiece "
                 "unigram)",
        gguf_path(gguf), bytes == 0 ? "missing" : "",
        (int)(bytes < 80 ? bytes : 80), name);
    return MODEL_UNKNOWN;
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
    parts->table =
        token_table_new(gguf_path(gguf), (uint32_t)n_tokens, TOKEN_LETTERS);
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

static int
read_byte_level(struct token_parts *parts, const struct gguf *gguf)
{
    const struct token_splitting *splitting = find_splitting(gguf);

    if (splitting == NULL || read_tokens(parts, gguf) != 0 ||
        token_splitting_add(parts->split, gguf_path(gguf), splitting) != 0) {
        return -1;
    }
    return read_merges(parts, gguf, splitting->ignores_merges);
}

static int
read_scored_item(const struct gguf *gguf, struct token_scored *item, size_t i)
{
    uint64_t type = TYPE_NORMAL;

    *item = (struct token_scored){.text = ""};
    if (gguf_array_text(gguf, &item->text, &item->bytes, KEY_TOKENS, i) != 0 ||
        gguf_array_f64(gguf, &item->score, KEY_SCORES, i) != 0) {
        report_error("%s: token %zu has no text or no score (" KEY_SCORES ")",
            gguf_path(gguf), i);
        return -1;
    }
    gguf_array_u64(gguf, &type, KEY_TYPES, i);
    if (type <= TOKEN_SCORED_BYTE) {
        item->type = (enum token_scored_type)type;
    }
    return 0;
}

/* What SentencePiece does to a text before it is encoded. */
static void
note_left_out(const struct gguf *gguf)
{
    bool has_space = true, removes_spaces = false;
    char what[200];

    gguf_bool(gguf, &has_space, KEY_PREFIX);
    gguf_bool(gguf, &removes_spaces, KEY_EXTRA);
    snprintf(what, sizeof(what), "%s%s%s",
        gguf_array_count(gguf, KEY_MAP) > 0 ? "[a map of characters] " : "",
        removes_spaces ? "[removing extra spaces] " : "",
        has_space ? "[a space in front]" : "");
    token_scored_note_left_out(gguf_path(gguf), what);
}

static int
read_scored(struct token_parts *parts, const struct gguf *gguf, bool is_unigram)
{
    size_t n = gguf_array_count(gguf, KEY_TOKENS);
    struct token_scored *items = mem_alloc(n, sizeof(*items));
    int rc = items == NULL ? -1 : 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = read_scored_item(gguf, &items[i], i);
    }
    if (rc == 0) {
        note_left_out(gguf);
        token_scored_adapt(items, n, is_unigram);
        rc = token_scored_build(parts, gguf_path(gguf), items, n, is_unigram);
    }
    mem_free(items);
    return rc;
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
    /* Merges make scores superfluous. */
    bool has_scores = gguf_array_count(gguf, KEY_MERGES) == 0;
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
        double score;
        hash_sha256_add(hash, &kind, 1);
        if (has_scores && gguf_array_f64(gguf, &score, KEY_SCORES, i) == 0) {
            hash_sha256_add(hash, &score, sizeof(score));
        }
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
    enum model model = gguf == NULL ? MODEL_UNKNOWN : find_model(gguf);
    int rc = -1;

    if (model == MODEL_LETTERS) {
        rc = read_byte_level(parts, gguf);
    } else if (model != MODEL_UNKNOWN) {
        rc = read_scored(parts, gguf, model == MODEL_UNIGRAM);
    }
    if (rc == 0) {
        rc = hash_tokenizer(parts, gguf);
    }
    gguf_close(gguf);
    return rc;
}
