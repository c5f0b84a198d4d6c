/*
 * token_json.h - what the readers of a tokenizer.json share.
 */
#ifndef TOKEN_JSON_H
#define TOKEN_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct token_parts;

struct token_json {
    const char *path;
    json_int_t tokens_max; /* token numbers are below this */
    bool is_plain;         /* spaces are written U+2581 */
    const json_t *root, *model, *vocabulary, *added;
};

/*
 * Check the numbers and texts of added tokens, and raise *n_tokens above the
 * numbers.
 */
int token_json_count_added(const struct token_json *json, uint32_t *n_tokens);

/* Check a token number and raise *n_tokens above it. */
int token_json_count(const struct token_json *json, uint32_t *n_tokens,
    const char *text, const json_t *id);

/* Whether an added token is to be matched in texts. */
bool token_json_is_matched(const struct token_json *json, const json_t *item);

/* Read the vocabulary of a unigram model: an array of [text, score]. */
int token_json_unigram(
    struct token_parts *parts, const struct token_json *json);

#endif /* TOKEN_JSON_H */
