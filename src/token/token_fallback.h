/*
 * token_fallback.h - the tokens of single bytes, for what no other token
 * expresses.
 */
#ifndef TOKEN_FALLBACK_H
#define TOKEN_FALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct token_table;

struct token_fallback {
    uint32_t token[256]; /* by byte; an escape if the byte has none */
    bool has_escapes;
};

/*
 * Find them: the letters of the alphabet, or with plain texts the tokens of
 * kind TOKEN_BYTE.  A byte b without a token is the escape
 * token_table_count() + b.
 *
 * Requires: the table has all texts and is not finished.
 */
void token_fallback_init(
    struct token_fallback *fallback, struct token_table *table);

/* Whether a text is "<0x0A>" or the like. */
bool token_fallback_is_byte(const char *text, size_t bytes);

#endif /* TOKEN_FALLBACK_H */
