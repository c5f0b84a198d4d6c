/*
 * token_text.h - all pieces of a text, also where it is not UTF-8.
 */
#ifndef TOKEN_TEXT_H
#define TOKEN_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct token_piece;
struct token_split_walk;

/* What to do with a piece.  Errors: -1 ends the walk. */
typedef int token_text_work(void *user, const struct token_piece *piece);

/*
 * Do work with each piece from left to right.  Expressions see stretches of
 * UTF-8 only; the bytes between two of them are a piece of their own.
 *
 * Errors: -1 from work, or if an expression needs too much; reported.
 */
int token_text_pieces(struct token_split_walk *walk, const uint8_t *text,
    size_t bytes, token_text_work *work, void *user);

#endif /* TOKEN_TEXT_H */
