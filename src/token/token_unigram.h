/*
 * token_unigram.h - the likeliest tokens of a piece of text: SentencePiece's
 * unigram model.
 *
 * Of all rows of tokens that give the piece, the one with the largest sum of
 * scores is taken; a character without a token costs more than any token, and
 * becomes bytes (token_fallback.h).
 *
 * Threads: encode may be called on one object by several threads, each with
 * its own scratch.
 */
#ifndef TOKEN_UNIGRAM_H
#define TOKEN_UNIGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct token_table;
struct token_unigram;

/* A longer token would make a search slow. */
#define TOKEN_UNIGRAM_BYTES 1024

/* A longer piece is encoded in parts, which bounds the memory it needs. */
#define TOKEN_UNIGRAM_PIECE_BYTES ((size_t)1 << 22)

/*
 * scores: by token, of which those of kind TOKEN_NORMAL count.  Finishes
 * table.
 *
 * Owner: free with token_unigram_free(); table is kept.
 * Errors: NULL if a token is too long or memory is short; reported.
 */
struct token_unigram *token_unigram_new(
    const char *path, struct token_table *table, const double *scores);
void token_unigram_free(struct token_unigram *unigram);

bool token_unigram_has_escapes(const struct token_unigram *unigram);

/* Working memory of one thread; zero it before its first use. */
struct token_unigram_scratch {
    struct token_unigram_place *places;
    size_t n_places_max;
};
void token_unigram_scratch_release(struct token_unigram_scratch *scratch);

/*
 * Tokens of a piece; tokens has room for bytes items.
 *
 * Requires: bytes > 0.
 * Errors: -1 if memory is short; reported.
 * Cost: bytes times the length of the longest token at most.
 */
int token_unigram_encode(const struct token_unigram *unigram, uint32_t *tokens,
    size_t *n_tokens, struct token_unigram_scratch *scratch,
    const uint8_t *piece, size_t bytes);

#endif /* TOKEN_UNIGRAM_H */
