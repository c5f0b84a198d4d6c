/*
 * token_parts.h - what a tokenizer consists of, and the files it comes from.
 */
#ifndef TOKEN_PARTS_H
#define TOKEN_PARTS_H

#include "base/hash.h"

struct token_bpe;
struct token_split;
struct token_table;

struct token_parts {
    struct token_table *table;
    struct token_bpe *bpe;
    struct token_split *split;
    char sha256[HASH_HEX_BYTES];
};

void token_parts_release(struct token_parts *parts);

/*
 * Fill parts, which are all zero, from a tokenizer.json or a GGUF file.
 *
 * Owner: token_parts_release(), also after an error.
 * Errors: -1; reported with the file and what is wrong or not supported.
 */
int token_parts_from_json(struct token_parts *parts, const char *path);
int token_parts_from_gguf(struct token_parts *parts, const char *path);

#endif /* TOKEN_PARTS_H */
