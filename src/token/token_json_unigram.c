/*
 * token_json_unigram.c
 */
#include "token/token_json.h"

#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "token/token_fallback.h"
#include "token/token_parts.h"
#include "token/token_pretokenizer.h"
#include "token/token_scored.h"

/* An entry of the vocabulary. */
static int
read_item(const struct token_json *json, struct token_scored *item, size_t i)
{
    const json_t *pair = json_array_get(json->vocabulary, i);
    const json_t *text = json_array_get(pair, 0);
    const json_t *score = json_array_get(pair, 1);
    const json_t *unknown = json_object_get(json->model, "unk_id");

    if (json_array_size(pair) != 2 || !json_is_string(text) ||
        !json_is_number(score)) {
        report_error("%s: token %zu is not [text, score]", json->path, i);
        return -1;
    }
    *item = (struct token_scored){.text = json_string_value(text),
        .bytes = json_string_length(text),
        .score = json_number_value(score),
        .type = TOKEN_SCORED_NORMAL};
    if (json_is_integer(unknown) &&
        json_integer_value(unknown) == (json_int_t)i) {
        item->type = TOKEN_SCORED_UNKNOWN;
    } else if (json_is_true(json_object_get(json->model, "byte_fallback")) &&
               token_fallback_is_byte(item->text, item->bytes)) {
        item->type = TOKEN_SCORED_BYTE;
    }
    return 0;
}

static int
read_added(const struct token_json *json, struct token_scored *items, size_t i)
{
    const json_t *added = json_array_get(json->added, i);
    const char *text = json_string_value(json_object_get(added, "content"));
    size_t token = (size_t)json_integer_value(json_object_get(added, "id"));
    struct token_scored *item = &items[token];

    if (item->bytes > 0 && (item->bytes != strlen(text) ||
                               memcmp(item->text, text, item->bytes))) {
        report_error("%s: token %zu is both \"%.80s\" and \"%.80s\"",
            json->path, token, item->text, text);
        return -1;
    }
    item->text = text;
    item->bytes = strlen(text);
    if (json_is_true(json_object_get(added, "special"))) {
        item->type = TOKEN_SCORED_CONTROL;
    } else if (token_json_is_matched(json, added)) {
        item->type = TOKEN_SCORED_USER;
    }
    return 0;
}

/* Room for all tokens, numbers without one are unused; NULL: reported. */
static struct token_scored *
read_items(const struct token_json *json, uint32_t *n_tokens)
{
    size_t n = json_array_size(json->vocabulary);

    *n_tokens = n > INT32_MAX ? INT32_MAX : (uint32_t)n;
    if (token_json_count_added(json, n_tokens) != 0) {
        return NULL;
    }
    struct token_scored *items = mem_alloc(*n_tokens, sizeof(*items));
    if (items == NULL) {
        return NULL;
    }
    int rc = 0;
    for (size_t i = 0; i < *n_tokens && rc == 0; i++) {
        items[i] =
            (struct token_scored){.text = "", .type = TOKEN_SCORED_UNUSED};
        rc = i < n ? read_item(json, &items[i], i) : 0;
    }
    for (size_t i = 0; i < json_array_size(json->added) && rc == 0; i++) {
        rc = read_added(json, items, i);
    }
    if (rc != 0) {
        mem_free(items);
        return NULL;
    }
    return items;
}

int
token_json_unigram(struct token_parts *parts, const struct token_json *json)
{
    uint32_t n_tokens;
    bool cuts_words;

    if (!json_is_array(json->vocabulary)) {
        report_error("%s: no Unigram model with a vocab", json->path);
        return -1;
    }
    struct token_scored *items = read_items(json, &n_tokens);
    if (items == NULL) {
        return -1;
    }
    int rc = token_scored_build(parts, json->path, items, n_tokens, true);
    mem_free(items);
    if (rc != 0) {
        return -1;
    }
    return token_pretokenizer_add_plain(parts->split, json->path,
        json_object_get(json->root, "pre_tokenizer"), &cuts_words);
}
