/*
 * token_added.h - the longest added token at the leftmost place of a text.
 */
#ifndef TOKEN_ADDED_H
#define TOKEN_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest text of an added token; bounds the cost of a search. */
#define TOKEN_ADDED_BYTES 1024

struct token_added;
struct token_flat;

/* Owner: free with token_added_free(). */
struct token_added *token_added_new(void);
void token_added_free(struct token_added *added);

/*
 * Add one.  A special token takes part in the search, so that no other token
 * matches in the middle of it, but what it matches stays text.
 *
 * Requires: 0 < bytes <= TOKEN_ADDED_BYTES.
 */
int token_added_add(struct token_added *added, uint32_t token, const char *text,
    size_t bytes, bool is_special);

/* To be called once after the last token, before the first search. */
void token_added_finish(struct token_added *added);

/* Number of tokens that are not special. */
size_t token_added_count(const struct token_added *added);

/*
 * Find the next token in text from *first on.  Sets [*first, *end) and
 * *token and returns true, or returns false.
 */
bool token_added_find(const struct token_added *added, uint32_t *token,
    size_t *first, size_t *end, const uint8_t *text, size_t bytes);

/* A finished object in shared memory, which is copied.  Errors: NULL. */
void token_added_flatten(
    const struct token_added *added, struct token_flat *flat);
struct token_added *token_added_from_flat(struct token_flat *flat);

#endif /* TOKEN_ADDED_H */
