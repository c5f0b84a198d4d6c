/*
 * token.h - bytes to tokens and back, for every byte string (contract C3).
 *
 * A token is a number below token_vocabulary(), or an escape: the number
 * token_vocabulary() + b stands for the raw byte b that the vocabulary cannot
 * express.  Text that looks like a special token is text.
 *
 * Threads: encode and decode may be called on one object by several threads.
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tokenizer;

/* Vocabulary 256, token = byte. */
struct tokenizer *tokenizer_new_bytes(void);

/*
 * Open the tokenizer of a model: a tokenizer.json, a tokenizer.model of
 * SentencePiece, a directory with one of them, a GGUF file with a tokenizer in
 * its metadata, or a table of tiktoken.  What other software does to a text
 * before encoding it is left out, with a note: the space that SentencePiece
 * puts in front, too.
 *
 * Errors: NULL; reported with file and what is wrong or not supported.
 */
struct tokenizer *tokenizer_open(const char *path);

/* Whether a directory has a file that tokenizer_open() would take. */
bool tokenizer_is_in(const char *directory);
void tokenizer_free(struct tokenizer *tokenizer);

/* "bytes", "bpe" or "unigram". */
const char *tokenizer_kind(const struct tokenizer *tokenizer);
uint32_t tokenizer_vocabulary(const struct tokenizer *tokenizer);

/* Whether some byte string needs an escape. */
bool tokenizer_has_escapes(const struct tokenizer *tokenizer);

/*
 * Tokens of text.  There are never more tokens than bytes.
 *
 * Requires: tokens has room for bytes items.
 * Errors: -1 if memory is short; reported.
 */
int tokenizer_encode(const struct tokenizer *tokenizer, uint32_t *tokens,
    size_t *n_tokens, const uint8_t *text, size_t bytes);

/*
 * The bytes that a token stands for: a pointer valid as long as the
 * tokenizer; *bytes is 0 for special tokens, which encode() never makes.
 */
const uint8_t *tokenizer_bytes(
    const struct tokenizer *tokenizer, uint32_t token, size_t *bytes);

/* SHA-256 (hexadecimal) of what defines the tokenizer; "" for bytes. */
const char *tokenizer_sha256(const struct tokenizer *tokenizer);

/*
 * For processes that share memory: write a tokenizer to a block (NULL: only
 * count) and return its bytes; make one that reads from the block, at any
 * address, as long as it lives.  A kind that cannot be shared so has 0 bytes.
 *
 * Errors: NULL; reported.
 */
size_t tokenizer_flatten(const struct tokenizer *tokenizer, void *block);
struct tokenizer *tokenizer_from_flat(void *block);

#endif /* TOKEN_TOKEN_H */
