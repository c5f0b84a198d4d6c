/*
 * token_scored.h - vocabularies whose tokens have scores: SentencePiece's, in
 * its own files, in GGUF files and in a tokenizer.json.
 *
 * Texts are plain (TOKEN_PLAIN).  The scores are ranks of merges (the largest
 * first) or, in a unigram model, logarithms of probabilities.
 */
#ifndef TOKEN_SCORED_H
#define TOKEN_SCORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct token_parts;

/* The longest text of a token that merging can make; bounds the cost. */
#define TOKEN_SCORED_BYTES 512

/* What a token is, with the numbers that files use. */
enum token_scored_type {
    TOKEN_SCORED_NORMAL = 1,
    TOKEN_SCORED_UNKNOWN,
    TOKEN_SCORED_CONTROL,
    TOKEN_SCORED_USER, /* matched before anything else */
    TOKEN_SCORED_UNUSED,
    TOKEN_SCORED_BYTE,
};

struct token_scored {
    const char *text;
    size_t bytes;
    double score;
    enum token_scored_type type;
};

/*
 * Change the items to what SentencePiece makes of them: it writes spaces as
 * U+2581 before it looks for tokens, so one with a space in it is never found;
 * and in a unigram model those of the user have scores that nearly always win.
 */
void token_scored_adapt(struct token_scored *items, size_t n, bool is_unigram);

/*
 * Make the parts of a tokenizer of n tokens; item i is token i.  path and the
 * texts are kept until the call returns.
 *
 * Requires: parts->split exists.
 * Errors: -1; reported.
 */
int token_scored_build(struct token_parts *parts, const char *path,
    const struct token_scored *items, size_t n, bool is_unigram);

/*
 * Add the stage that cuts texts in front of spaces after other characters, if
 * no token goes across such a place: nothing changes but the time it takes.
 *
 * Requires: the table is finished, its texts are plain.
 */
int token_scored_cut_words(struct token_parts *parts, const char *path);

/*
 * One note for all that would change a text before it is encoded, a list of
 * texts in what; none if it is empty.
 */
void token_scored_note_left_out(const char *path, const char *what);

#endif /* TOKEN_SCORED_H */
