/*
 * token_json.c
 *
 * A tokenizer.json of Hugging Face: byte-level BPE only.  What would change
 * the text before it is split is left out; truncation, padding, the template
 * that adds special tokens, and the decoder have no part in coding a text.
 */
#include "token/token_parts.h"

#include <jansson.h>
#include <string.h>

#include "base/file.h"
#include "base/report.h"
#include "token/token_added.h"
#include "token/token_bpe.h"
#include "token/token_pretokenizer.h"
#include "token/token_split.h"
#include "token/token_table.h"

/*
 * Token numbers may have holes, but must be below this or below the size of
 * the file: the table of tokens must not be out of proportion to the file.
 */
#define TOKENS_ALWAYS ((json_int_t)1 << 20)

struct source {
    const char *path;
    json_int_t tokens_max;
    const json_t *model, *vocabulary, *merges, *added;
};

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
check_model(const struct source *source)
{
    static const char *const unsupported[] = {"dropout", "byte_fallback",
        "continuing_subword_prefix", "end_of_word_suffix"};
    const char *type =
        json_string_value(json_object_get(source->model, "type"));

    if (type != NULL && strcmp(type, "BPE") != 0) {
        report_error("%s: model %s is not supported, only byte-level BPE is",
            source->path, type);
        return -1;
    }
    if (!json_is_object(source->vocabulary) || !json_is_array(source->merges)) {
        report_error("%s: no BPE model with vocab and merges", source->path);
        return -1;
    }
    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
        const json_t *value = json_object_get(source->model, unsupported[i]);
        if (value != NULL && !json_is_null(value) && !json_is_false(value) &&
            !(json_is_string(value) && json_string_length(value) == 0) &&
            !(json_is_number(value) && json_number_value(value) == 0)) {
            report_error("%s: model: %s is not supported, only byte-level BPE "
                         "is",
                source->path, unsupported[i]);
            return -1;
        }
    }
    return 0;
}

/* Check a token number and raise *n_tokens above it. */
static int
count_token(const struct source *source, uint32_t *n_tokens, const char *text,
    const json_t *id)
{
    json_int_t token = json_is_integer(id) ? json_integer_value(id) : -1;

    if (token < 0 || token >= source->tokens_max) {
        report_error("%s: token \"%.80s\": the number must be an integer from "
                     "0 to %lld, which is what the size of the file allows",
            source->path, text, (long long)source->tokens_max - 1);
        return -1;
    }
    if (token >= *n_tokens) {
        *n_tokens = (uint32_t)token + 1;
    }
    return 0;
}

static int
count_tokens(const struct source *source, uint32_t *n_tokens)
{
    const char *text;
    json_t *id;

    /* The macro wants an object that is not const, but changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)source->vocabulary, text, id)
    {
        if (count_token(source, n_tokens, text, id) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < json_array_size(source->added); i++) {
        const json_t *item = json_array_get(source->added, i);
        text = json_string_value(json_object_get(item, "content"));
        if (text == NULL || *text == '\0' || strlen(text) > TOKEN_ADDED_BYTES) {
            report_error("%s: added token %zu: content must be a text of 1 to "
                         "%d bytes",
                source->path, i, TOKEN_ADDED_BYTES);
            return -1;
        }
        if (count_token(source, n_tokens, text, json_object_get(item, "id")) !=
            0) {
            return -1;
        }
    }
    return 0;
}

/* An added token: into the table, and into the search it belongs to. */
static int
add_added(const struct source *source, struct token_table *table,
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
                source->path, text, unsupported[i]);
            return -1;
        }
    }
    if (known != TOKEN_NOT_FOUND && known != token) {
        report_error("%s: added token \"%.80s\" has the number %u, in the "
                     "vocabulary it has %u",
            source->path, text, token, known);
        return -1;
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
read_added(const struct source *source, struct token_parts *parts)
{
    struct token_added *searches[2] = {token_added_new(), token_added_new()};
    int rc = searches[0] == NULL || searches[1] == NULL ? -1 : 0;

    for (size_t i = 0; rc == 0 && i < json_array_size(source->added); i++) {
        rc = add_added(
            source, parts->table, searches, json_array_get(source->added, i));
    }
    for (size_t i = 0; i < 2; i++) {
        if (rc != 0 || token_added_count(searches[i]) == 0) {
            token_added_free(searches[i]);
            continue;
        }
        token_added_finish(searches[i]);
        rc = token_split_added(parts->split, source->path, searches[i]);
    }
    return rc;
}

static int
read_vocabulary(const struct source *source, struct token_parts *parts)
{
    uint32_t n_tokens = 0;
    const char *text;
    json_t *id;

    if (count_tokens(source, &n_tokens) != 0) {
        return -1;
    }
    parts->table = token_table_new(source->path, n_tokens);
    if (parts->table == NULL) {
        return -1;
    }
    json_object_foreach((json_t *)(uintptr_t)source->vocabulary, text, id)
    {
        if (token_table_set(parts->table, (uint32_t)json_integer_value(id),
                text, strlen(text), TOKEN_NORMAL) != 0) {
            return -1;
        }
    }
    return read_added(source, parts);
}

/* A merge is "left right" or ["left", "right"]. */
static int
add_merge(const struct source *source, struct token_bpe *bpe, size_t i)
{
    const json_t *merge = json_array_get(source->merges, i);
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
        source->path, i);
    return -1;
}

static int
read_merges(const struct source *source, struct token_parts *parts)
{
    size_t n_merges = json_array_size(source->merges);

    parts->bpe = token_bpe_new(source->path, parts->table, n_merges);
    if (parts->bpe == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n_merges; i++) {
        if (add_merge(source, parts->bpe, i) != 0) {
            return -1;
        }
    }
    return token_bpe_finish(parts->bpe,
        json_is_true(json_object_get(source->model, "ignore_merges")));
}

static int
read_root(struct token_parts *parts, const char *path, size_t bytes,
    const json_t *root)
{
    const json_t *model = json_object_get(root, "model");
    struct source source = {
        .path = path,
        .model = model,
        .vocabulary = json_object_get(model, "vocab"),
        .merges = json_object_get(model, "merges"),
        .added = json_object_get(root, "added_tokens"),
        .tokens_max = (json_int_t)bytes,
    };

    if (source.tokens_max < TOKENS_ALWAYS) {
        source.tokens_max = TOKENS_ALWAYS;
    } else if (source.tokens_max > INT32_MAX) {
        source.tokens_max = INT32_MAX;
    }
    parts->split = token_split_new();
    if (parts->split == NULL || check_model(&source) != 0 ||
        token_pretokenizer_check_normalizer(
            path, json_object_get(root, "normalizer")) != 0 ||
        read_vocabulary(&source, parts) != 0 ||
        token_pretokenizer_add(
            parts->split, path, json_object_get(root, "pre_tokenizer")) != 0) {
        return -1;
    }
    return read_merges(&source, parts);
}

int
token_parts_from_json(struct token_parts *parts, const char *path)
{
    struct file_map map;
    json_t *root = NULL;
    int rc = -1;

    if (file_map_open(&map, path) != 0) {
        return -1;
    }
    struct hash_sha256 *hash = hash_sha256_new();
    if (hash != NULL) {
        hash_sha256_add(hash, map.data, map.bytes);
        hash_sha256_finish(hash, parts->sha256);
        root = parse(path, &map);
    }
    if (root != NULL) {
        rc = read_root(parts, path, map.bytes, root);
    }
    json_decref(root);
    hash_sha256_free(hash);
    file_map_close(&map);
    return rc;
}
