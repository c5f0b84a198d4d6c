/*
 * token_pretokenizer.h - the "normalizer" and "pre_tokenizer" of a
 * tokenizer.json.
 */
#ifndef TOKEN_PRETOKENIZER_H
#define TOKEN_PRETOKENIZER_H

#include <jansson.h>
#include <stdbool.h>

struct token_split;

/* GPT-2's expression, which ByteLevel uses unless told not to. */
#define TOKEN_GPT2_EXPRESSION                                                  \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"        \
    "|\\s+(?!\\S)|\\s+"

/*
 * Whether texts of tokens are plain, with U+2581 for a space: a normalizer or
 * pre-tokenizer writes spaces so.
 */
bool token_pretokenizer_is_plain(
    const json_t *normalizer, const json_t *pre_tokenizer);

/*
 * Check a normalizer.  One that changes the text (Unicode normal forms and
 * the like) is left out, with a note, because the text could not be restored.
 *
 * Errors: -1 if leaving it out makes no sense; reported.
 */
int token_pretokenizer_check_normalizer(
    const char *path, const json_t *normalizer, bool is_plain);

/*
 * Add the stages of a pre-tokenizer to split.
 *
 * Errors: -1 if it is not byte-level or not supported; reported.
 */
int token_pretokenizer_add(
    struct token_split *split, const char *path, const json_t *node);

/*
 * The same for plain texts, which need no pre-tokenizer: *cuts_words tells
 * whether it cuts in front of each space.
 */
int token_pretokenizer_add_plain(struct token_split *split, const char *path,
    const json_t *node, bool *cuts_words);

#endif /* TOKEN_PRETOKENIZER_H */
