/*
 * token_table.h - the tokens of a vocabulary: texts while it is being read,
 * bytes afterwards.
 *
 * Order of calls: new, set for every token, made for each token that merging
 * can make, finish; then only bytes and kind.  Numbers without a token (holes)
 * are allowed and have no bytes.
 */
#ifndef TOKEN_TABLE_H
#define TOKEN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TOKEN_NOT_FOUND UINT32_MAX

enum token_kind {
    TOKEN_HOLE,
    TOKEN_NORMAL,
    TOKEN_ADDED,   /* matched before splitting; in plain text with letters */
    TOKEN_SPECIAL, /* never made from text */
    TOKEN_BYTE,    /* "<0x0A>" with plain text: a byte without a token */
};

/* How texts stand for bytes. */
enum token_spelling {
    TOKEN_LETTERS, /* a letter of the byte-level alphabet for each byte */
    TOKEN_PLAIN,   /* as they are, but U+2581 means a space: SentencePiece */
};

/* What stands for a space in plain texts: U+2581. */
#define TOKEN_SPACE "\xe2\x96\x81"

struct token_flat;
struct token_table;

/* Owner: free with token_table_free(); path is kept until finish. */
struct token_table *token_table_new(
    const char *path, uint32_t n_tokens, enum token_spelling spelling);
void token_table_free(struct token_table *table);

/*
 * Give number token its text, which is kept until finish.  A token may be set
 * again with the same text: the last kind counts.  If two tokens have one
 * text, it means the first.
 *
 * Requires: token < n_tokens.
 * Errors: -1 if the number has another text; reported.
 */
int token_table_set(struct token_table *table, uint32_t token, const char *text,
    size_t bytes, enum token_kind kind);

/* The token of a text, or TOKEN_NOT_FOUND. */
uint32_t token_table_find(
    const struct token_table *table, const char *text, size_t bytes);

/* The text of a token, NULL for a hole.  Requires: not finished. */
const char *token_table_text(
    const struct token_table *table, uint32_t token, size_t *bytes);

/* Merging can make this token: it stands for bytes also if it is special. */
void token_table_made(struct token_table *table, uint32_t token);

/*
 * Turn texts into bytes.
 *
 * Errors: -1 if an added token is also made by merging, for other bytes.
 */
int token_table_finish(struct token_table *table);

uint32_t token_table_count(const struct token_table *table);
enum token_spelling token_table_spelling(const struct token_table *table);
enum token_kind token_table_kind(
    const struct token_table *table, uint32_t token);
const uint8_t *token_table_bytes(
    const struct token_table *table, uint32_t token, size_t *bytes);

/* A finished table in shared memory, which is kept.  Errors: NULL; reported. */
void token_table_flatten(
    const struct token_table *table, struct token_flat *flat);
struct token_table *token_table_from_flat(struct token_flat *flat);

#endif /* TOKEN_TABLE_H */
