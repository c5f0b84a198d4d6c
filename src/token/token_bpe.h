/*
 * token_bpe.h - merging the bytes of a piece of text into tokens.
 *
 * Each byte is a token at first, with plain texts each character; then, again
 * and again, the neighbours whose merge has the lowest rank become one, the
 * leftmost such pair first.  What has no token is bytes, see
 * token_fallback.h; escapes merge with nothing.
 *
 * Order of calls: new, add for each merge in order or rank, finish, then
 * encode.
 *
 * Threads: encode may be called on one object by several threads, each with
 * its own scratch.
 */
#ifndef TOKEN_BPE_H
#define TOKEN_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct token_bpe;
struct token_flat;
struct token_table;

/* A longer piece is encoded in parts, which bounds the memory it needs. */
#define TOKEN_BPE_PIECE_BYTES ((size_t)1 << 24)

/*
 * Owner: free with token_bpe_free(); path is kept until finish, table as long
 * as the object, and finished by token_bpe_finish().
 */
struct token_bpe *token_bpe_new(
    const char *path, struct token_table *table, size_t n_merges);
void token_bpe_free(struct token_bpe *bpe);

/*
 * The next merge, by the texts of both halves.
 *
 * Requires: at most n_merges calls.
 * Errors: -1 if a half or the result is not in the table; reported.
 */
int token_bpe_add(struct token_bpe *bpe, const char *left, size_t left_bytes,
    const char *right, size_t right_bytes);

/*
 * All merges of a vocabulary that has ranks for tokens: two neighbours merge
 * if together they are the text of a token, which has the rank ranks[token].
 * Tokens of rank TOKEN_NO_RANK have no part in it.
 *
 * Requires: no merge was added.
 * Cost: for each token the square of its length.
 */
int token_bpe_rank(struct token_bpe *bpe, const uint32_t *ranks);

/*
 * ignores_merges: a piece that is a token of the vocabulary is that token,
 * whatever merging would make of it.
 */
int token_bpe_finish(struct token_bpe *bpe, bool ignores_merges);

bool token_bpe_has_escapes(const struct token_bpe *bpe);

/*
 * A finished object in shared memory, which is kept, as is its table.
 *
 * Errors: NULL; reported.
 */
void token_bpe_flatten(const struct token_bpe *bpe, struct token_flat *flat);
struct token_bpe *token_bpe_from_flat(
    struct token_flat *flat, struct token_table *table);

/* Working memory of one thread; zero it before its first use. */
struct token_bpe_scratch {
    struct token_bpe_symbol *symbols;
    size_t n_symbols_max;
    uint64_t *heap;
    size_t n_heap, n_heap_max;
};
void token_bpe_scratch_release(struct token_bpe_scratch *scratch);

/*
 * Tokens of a piece; tokens has room for bytes items.
 *
 * Requires: bytes > 0.
 * Errors: -1 if memory is short; reported.
 * Cost: bytes * log(bytes) at most.
 */
int token_bpe_encode(const struct token_bpe *bpe, uint32_t *tokens,
    size_t *n_tokens, struct token_bpe_scratch *scratch, const uint8_t *piece,
    size_t bytes);

#endif /* TOKEN_BPE_H */
