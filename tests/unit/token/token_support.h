/*
 * token_support.h - what the tests of src/token share: files, base64, round
 * trips, and the vocabularies of the reference data.
 */
#ifndef TESTS_TOKEN_SUPPORT_H
#define TESTS_TOKEN_SUPPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tokenizer;

/* The tokenizer of 300 tokens that is part of the repository. */
#define SUPPORT_TINY "tests/reference/token/tokenizer.json"

/* A model with the same one, and the tokens of a text. */
#define SUPPORT_TINY_GGUF "tests/reference/models/small-Q4_0"

/* A file as JSON; json_decref() it.  Exits if it cannot be read. */
json_t *support_json(const char *path);

/* A whole file with a zero at its end; free() it. */
uint8_t *support_read(const char *path, size_t *bytes);

/* Write a scratch file; returns its path (see check_scratch). */
const char *support_write(const char *name, const void *data, size_t bytes);

/* The bytes of a base64 text; free() them. */
uint8_t *support_base64(const char *text, size_t *bytes);

/* Assert that decode(encode(text)) = text, in no more tokens than bytes. */
void support_round_trip(
    const struct tokenizer *tokenizer, const uint8_t *text, size_t bytes);

/* Assert that text has exactly the tokens of the JSON array want. */
void support_same_tokens(const struct tokenizer *tokenizer, const uint8_t *text,
    size_t bytes, const json_t *want, bool has_start);

/*
 * A copy of text, with a space in front if is_spaced and it is not empty: what
 * SentencePiece encodes.  free() it.
 */
uint8_t *support_spaced(const uint8_t *text, size_t *bytes, bool is_spaced);

/*
 * A file of the reference archive of vocabularies, extracted to the scratch
 * folder.  NULL and a skip if the archive is absent.
 */
const char *support_vocabulary(const char *name);

/* GPT-2's tokenizer.json, made of encoder.json and vocab.bpe; NULL: skip. */
const char *support_gpt2(void);

/*
 * SmolLM2-135M-Instruct.Q4_1.gguf in $CODELEN_CACHE or ~/.cache/codelen;
 * NULL and a skip if it is not there.
 */
const char *support_smollm2(void);

#endif /* TESTS_TOKEN_SUPPORT_H */
