/*
 * token_words.h - the pieces of a corpus and how often each occurs: all that
 * a vocabulary is trained on.
 *
 * A corpus is counted block by block, by any number of threads with an object
 * each, which are then joined.  If the blocks are cut where token_words_cut()
 * says, the counts are those of the whole corpus.
 */
#ifndef TOKEN_WORDS_H
#define TOKEN_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct token_words;

/* Owner: free with token_words_free(). */
struct token_words *token_words_new(void);
void token_words_free(struct token_words *words);

/*
 * The largest length at most bytes at which GPT-2's expression cuts whatever
 * follows: in front of white space behind a letter, digit or sign of ASCII.
 * bytes itself if there is no such place.
 */
size_t token_words_cut(const uint8_t *text, size_t bytes);

/* Count the pieces that GPT-2's expression makes of text. */
int token_words_count(
    struct token_words *words, const uint8_t *text, size_t bytes);

/* Add the counts of another object. */
int token_words_join(struct token_words *words, const struct token_words *more);

/* Number of different words, and word i < that number. */
size_t token_words_n(const struct token_words *words);
const uint8_t *token_words_get(
    const struct token_words *words, size_t i, size_t *bytes, uint64_t *count);

#endif /* TOKEN_WORDS_H */
