/*
 * token_parts.h - what a tokenizer consists of, and the files it comes from.
 */
#ifndef TOKEN_PARTS_H
#define TOKEN_PARTS_H

#include <stdbool.h>

#include "base/hash.h"

struct file_map;
struct json_t;
struct token_bpe;
struct token_split;
struct token_table;
struct token_unigram;

/* One of bpe and unigram is not NULL. */
struct token_parts {
    struct token_table *table;
    struct token_bpe *bpe;
    struct token_unigram *unigram;
    struct token_split *split;
    char sha256[HASH_HEX_BYTES];
};

void token_parts_release(struct token_parts *parts);

/*
 * Fill parts, which are all zero, from a file of any kind.
 *
 * Owner: token_parts_release(), also after an error.
 * Errors: -1; reported with the file and what is wrong or not supported.
 */
int token_parts_open(struct token_parts *parts, const char *path);

/* The same for one kind of file; split exists, sha256 is set by gguf only. */
int token_parts_from_gguf(struct token_parts *parts, const char *path);
int token_parts_from_json(
    struct token_parts *parts, const char *path, const struct file_map *map);
int token_parts_from_model(
    struct token_parts *parts, const char *path, const struct file_map *map);
int token_parts_from_tiktoken(
    struct token_parts *parts, const char *path, const struct file_map *map);

/* Whether a file has the form of tiktoken's: lines of base64 and a number. */
bool token_parts_is_tiktoken(const struct file_map *map);

/* tiktoken's tables as JSON; root is an object with bpe_ranks. */
int token_parts_from_ranks(
    struct token_parts *parts, const char *path, const struct json_t *root);

#endif /* TOKEN_PARTS_H */
