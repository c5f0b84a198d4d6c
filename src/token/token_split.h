/*
 * token_split.h - cutting a text into the pieces that are merged on their own.
 *
 * A splitter is a row of stages; each cuts every piece of the stage before it
 * as if the piece were a whole text.  Nothing is dropped: what a stage does
 * not match is a piece too.
 *
 * Threads: a splitter may be used by several threads, each with its own walk.
 */
#ifndef TOKEN_SPLIT_H
#define TOKEN_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#define TOKEN_SPLIT_STAGES 16

/* The token of a piece that is still to be merged. */
#define TOKEN_NO_TOKEN UINT32_MAX

struct token_added;
struct token_flat;
struct token_split;
struct token_split_walk;

/* Owner: free with token_split_free(). */
struct token_split *token_split_new(void);
void token_split_free(struct token_split *split);

/*
 * A stage that cuts before and after each match of an expression, written as
 * tokenizer files do (token_expression.h), or of a plain string.  path is for
 * messages.
 *
 * Errors: -1 if the expression is wrong or not supported; reported.
 */
int token_split_expression(struct token_split *split, const char *path,
    const char *expression, size_t bytes);
int token_split_string(struct token_split *split, const char *path,
    const char *string, size_t bytes);

/* A stage that takes added tokens out.  Owner: added is taken, also by -1. */
int token_split_added(
    struct token_split *split, const char *path, struct token_added *added);

/*
 * A splitter in shared memory, from which another is made: expressions are
 * compiled anew.
 *
 * Errors: NULL; reported.
 */
void token_split_flatten(
    const struct token_split *split, struct token_flat *flat);
struct token_split *token_split_from_flat(struct token_flat *flat);

struct token_piece {
    const uint8_t *text;
    size_t bytes;
    uint32_t token; /* of an added token, else TOKEN_NO_TOKEN */
};

/* Owner: free with token_split_walk_free(); split is kept. */
struct token_split_walk *token_split_walk_new(const struct token_split *split);
void token_split_walk_free(struct token_split_walk *walk);

/* Start on a text, which is kept.  Requires: valid UTF-8. */
void token_split_begin(
    struct token_split_walk *walk, const uint8_t *text, size_t bytes);

/*
 * The next piece, which has at least one byte.  Returns 1, or 0 at the end.
 *
 * Errors: -1 if an expression needs too much time or memory; reported.
 */
int token_split_next(struct token_split_walk *walk, struct token_piece *piece);

#endif /* TOKEN_SPLIT_H */
