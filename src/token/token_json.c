/*
 * token_json.c
 *
 * A tokenizer.json of Hugging Face: byte-level BPE, and what SentencePiece
 * models are written as.  What would change the text before it is split is
 * left out; truncation, padding, the template that adds special tokens, and the
 * decoder have no part in coding a text.
 */
#include "token/token_parts.h"

#include <jansson.h>
#include <string.h>

#include "base/file.h"
#include "base/report.h"
#include "token/token_added.h"
#include "token/token_bpe.h"
#include "token/token_fallback.h"
#include "token/token_json.h"
#include "token/token_pretokenizer.h"
#include "token/token_scored.h"
#include "token/token_split.h"
#include "token/token_table.h"

/*
 * Token numbers may have holes, but must be below this or below the size of
 * the file: the table of tokens must not be out of proportion to the file.
 */
#define TOKENS_ALWAYS ((json_int_t)1 << 20)

static json_t *
parse(const char *path, const struct file_map *map)
{
    json_error_t error;
    json_t *root = json_loadb(
        (const char *)map->data, map->bytes, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        report_error("%s: line %d: not sound JSON: %s%s", path, error.line,
            error.text,
            json_error_code(&error) == json_error_premature_end_of_input
                ? "; the file is cut short"
                : "");
    }
    return root;
}

/* Members of the model that must be absent, null, false or empty. */
static int
check_model(const struct token_json *json)
{
    static const char *const unsupported[] = {"dropout",
        "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"};
    size_t n_unsupported = json->is_plain ? 3 : 4;
    const char *type = json_string_value(json_object_get(json->model, "type"));

    if (type != NULL && strcmp(type, "BPE") != 0) {
        report_error("%s: model %s is not supported, only byte-level BPE and "
                     "SentencePiece's BPE and Unigram are",
            json->path, type);
        return -1;
    }
    if (!json_is_object(json->vocabulary) ||
        !json_is_array(json_object_get(json->model, "merges"))) {
        report_error("%s: no BPE model with vocab and merges", json->path);
        return -1;
    }
    for (size_t i = 0; i < n_unsupported; i++) {
        const json_t *value = json_object_get(json->model, unsupported[i]);
        if (value != NULL && !json_is_null(value) && !json_is_false(value) &&
            !(json_is_string(value) && json_string_length(value) == 0) &&
            !(json_is_number(value) && json_number_value(value) == 0)) {
            report_error("%s: model: %s is not supported%s", json->path,
                unsupported[i], json->is_plain ? "" : " with byte-level BPE");
            return -1;
        }
    }
    return 0;
}

int
token_json_count(const struct token_json *json, uint32_t *n_tokens,
    const char *text, const json_t *id)
{
    json_int_t token = json_is_integer(id) ? json_integer_value(id) : -1;

    if (token < 0 || token >= json->tokens_max) {
        report_error("%s: token \"%.80s\": the number must be an integer from "
                     "0 to %lld, which is what the size of the file allows",
            json->path, text, (long long)json->tokens_max - 1);
        return -1;
    }
    if (token >= *n_tokens) {
        *n_tokens = (uint32_t)token + 1;
    }
    return 0;
}

int
token_json_count_added(const struct token_json *json, uint32_t *n_tokens)
{
    for (size_t i = 0; i < json_array_size(json->added); i++) {
        const json_t *item = json_array_get(json->added, i);
        const char *text = json_string_value(json_object_get(item, "content"));
        if (text == NULL || *text == '\0' || strlen(text) > TOKEN_ADDED_BYTES) {
            report_error("%s: added token %zu: content must be a text of 1 to "
                         "%d bytes",
                json->path, i, TOKEN_ADDED_BYTES);
            return -1;
        }
        if (token_json_count(
                json, n_tokens, text, json_object_get(item, "id")) != 0) {
            return -1;
        }
    }
    return 0;
}

static int
count_tokens(const struct token_json *json, uint32_t *n_tokens)
{
    const char *text;
    json_t *id;

    /* The macro wants an object that is not const, but changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)json->vocabulary, text, id)
    {
        if (token_json_count(json, n_tokens, text, id) != 0) {
            return -1;
        }
    }
    return token_json_count_added(json, n_tokens);
}

bool
token_json_is_matched(const struct token_json *json, const json_t *item)
{
    const char *text = json_string_value(json_object_get(item, "content"));

    /* U+2581 itself is no part of any token: merging makes such a one. */
    return !json_is_true(json_object_get(item, "special")) &&
           !(json->is_plain && strstr(text, TOKEN_SPACE) != NULL);
}

/* An added token: into the table, and into the search it belongs to. */
static int
add_added(const struct token_json *json, struct token_table *table,
    struct token_added *searches[2], const json_t *item)
{
    static const char *const unsupported[] = {
        "single_word", "lstrip", "rstrip"};
    const char *text = json_string_value(json_object_get(item, "content"));
    size_t bytes = strlen(text);
    uint32_t token = (uint32_t)json_integer_value(json_object_get(item, "id"));
    bool is_special = json_is_true(json_object_get(item, "special"));
    bool is_late = json_is_true(json_object_get(item, "normalized"));
    uint32_t known = token_table_find(table, text, bytes);

    for (size_t i = 0; i < 3 && !is_special; i++) {
        if (json_is_true(json_object_get(item, unsupported[i]))) {
            report_error("%s: added token \"%.80s\": %s is not supported",
                json->path, text, unsupported[i]);
            return -1;
        }
    }
    if (known != TOKEN_NOT_FOUND && known != token) {
        report_error("%s: added token \"%.80s\" has the number %u, in the "
                     "vocabulary it has %u",
            json->path, text, token, known);
        return -1;
    }
    if (!is_special && !token_json_is_matched(json, item)) {
        return token_table_set(table, token, text, bytes, TOKEN_NORMAL);
    }
    if (token_table_set(table, token, text, bytes,
            is_special ? TOKEN_SPECIAL : TOKEN_ADDED) != 0) {
        return -1;
    }
    return token_added_add(searches[is_late], token, text, bytes, is_special);
}

/*
 * Added tokens are taken out before any other splitting: first those that a
 * normalizer would not touch, then the others.
 */
static int
read_added(const struct token_json *json, struct token_parts *parts)
{
    struct token_added *searches[2] = {token_added_new(), token_added_new()};
    int rc = searches[0] == NULL || searches[1] == NULL ? -1 : 0;

    for (size_t i = 0; rc == 0 && i < json_array_size(json->added); i++) {
        rc = add_added(
            json, parts->table, searches, json_array_get(json->added, i));
    }
    for (size_t i = 0; i < 2; i++) {
        if (rc != 0 || token_added_count(searches[i]) == 0) {
            token_added_free(searches[i]);
            continue;
        }
        token_added_finish(searches[i]);
        rc = token_split_added(parts->split, json->path, searches[i]);
    }
    return rc;
}

/* The kind of a token of the vocabulary. */
static enum token_kind
kind_of(const struct token_json *json, const char *text)
{
    bool is_byte =
        json->is_plain &&
        json_is_true(json_object_get(json->model, "byte_fallback")) &&
        token_fallback_is_byte(text, strlen(text));

    return is_byte ? TOKEN_BYTE : TOKEN_NORMAL;
}

static int
read_vocabulary(const struct token_json *json, struct token_parts *parts)
{
    uint32_t n_tokens = 0;
    const char *text;
    json_t *id;

    if (count_tokens(json, &n_tokens) != 0) {
        return -1;
    }
    parts->table = token_table_new(
        json->path, n_tokens, json->is_plain ? TOKEN_PLAIN : TOKEN_LETTERS);
    if (parts->table == NULL) {
        return -1;
    }
    json_object_foreach((json_t *)(uintptr_t)json->vocabulary, text, id)
    {
        if (token_table_set(parts->table, (uint32_t)json_integer_value(id),
                text, strlen(text), kind_of(json, text)) != 0) {
            return -1;
        }
    }
    if (json->is_plain && token_table_find(parts->table, TOKEN_SPACE,
                              strlen(TOKEN_SPACE)) == TOKEN_NOT_FOUND) {
        report_error("%s: spaces are to be written U+2581, but that is not in "
                     "the vocabulary",
            json->path);
        return -1;
    }
    return read_added(json, parts);
}

/* A merge is "left right" or ["left", "right"]. */
static int
add_merge(const struct token_json *json, struct token_bpe *bpe, size_t i)
{
    const json_t *merge =
        json_array_get(json_object_get(json->model, "merges"), i);
    const json_t *left = json_array_get(merge, 0);
    const json_t *right = json_array_get(merge, 1);

    if (json_is_string(merge)) {
        const char *text = json_string_value(merge);
        const char *space = strchr(text, ' ');
        if (space != NULL && strchr(space + 1, ' ') == NULL) {
            return token_bpe_add(bpe, text, (size_t)(space - text), space + 1,
                strlen(space + 1));
        }
    } else if (json_array_size(merge) == 2 && json_is_string(left) &&
               json_is_string(right)) {
        return token_bpe_add(bpe, json_string_value(left),
            json_string_length(left), json_string_value(right),
            json_string_length(right));
    }
    report_error("%s: merge %zu is neither \"left right\" nor [left, right]",
        json->path, i);
    return -1;
}

static int
read_merges(const struct token_json *json, struct token_parts *parts)
{
    size_t n_merges = json_array_size(json_object_get(json->model, "merges"));

    parts->bpe = token_bpe_new(json->path, parts->table, n_merges);
    if (parts->bpe == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n_merges; i++) {
        if (add_merge(json, parts->bpe, i) != 0) {
            return -1;
        }
    }
    return token_bpe_finish(parts->bpe,
        json_is_true(json_object_get(json->model, "ignore_merges")));
}

/* The stages of the pre-tokenizer; *cuts_words as for plain texts. */
static int
read_splitting(
    const struct token_json *json, struct token_parts *parts, bool *cuts_words)
{
    const json_t *node = json_object_get(json->root, "pre_tokenizer");

    *cuts_words = true;
    return json->is_plain
               ? token_pretokenizer_add_plain(
                     parts->split, json->path, node, cuts_words)
               : token_pretokenizer_add(parts->split, json->path, node);
}

static int
read_bpe(struct token_parts *parts, const struct token_json *json)
{
    bool cuts_words;

    if (check_model(json) != 0 || read_vocabulary(json, parts) != 0 ||
        read_splitting(json, parts, &cuts_words) != 0 ||
        read_merges(json, parts) != 0) {
        return -1;
    }
    return cuts_words ? 0 : token_scored_cut_words(parts, json->path);
}

static int
read_root(struct token_parts *parts, const char *path, size_t bytes,
    const json_t *root)
{
    const json_t *model = json_object_get(root, "model");
    const json_t *normalizer = json_object_get(root, "normalizer");
    const char *type = json_string_value(json_object_get(model, "type"));
    struct token_json json = {
        .path = path,
        .tokens_max = (json_int_t)bytes,
        .is_plain = token_pretokenizer_is_plain(
            normalizer, json_object_get(root, "pre_tokenizer")),
        .root = root,
        .model = model,
        .vocabulary = json_object_get(model, "vocab"),
        .added = json_object_get(root, "added_tokens"),
    };

    if (json.tokens_max < TOKENS_ALWAYS) {
        json.tokens_max = TOKENS_ALWAYS;
    } else if (json.tokens_max > INT32_MAX) {
        json.tokens_max = INT32_MAX;
    }
    if (token_pretokenizer_check_normalizer(path, normalizer, json.is_plain) !=
        0) {
        return -1;
    }
    return json.is_plain && type != NULL && strcmp(type, "Unigram") == 0
               ? token_json_unigram(parts, &json)
               : read_bpe(parts, &json);
}

int
token_parts_from_json(
    struct token_parts *parts, const char *path, const struct file_map *map)
{
    json_t *root = parse(path, map);
    int rc = -1;

    if (json_object_get(root, "bpe_ranks") != NULL) {
        rc = token_parts_from_ranks(parts, path, root);
    } else if (root != NULL) {
        rc = read_root(parts, path, map->bytes, root);
    }
    json_decref(root);
    return rc;
}
