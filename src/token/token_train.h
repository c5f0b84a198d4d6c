/*
 * token_train.h - a byte-level BPE vocabulary from the words of a corpus.
 *
 * Tokens 0 to 255 are the 256 bytes in the order of their letters
 * (token_alphabet.h).  Then the pair of neighbours that is most frequent in
 * all words becomes a token, again and again; of equally frequent pairs the
 * one with the smaller left token, then with the smaller right token.  This is
 * what the BpeTrainer of Hugging Face's tokenizers does.
 */
#ifndef TOKEN_TRAIN_H
#define TOKEN_TRAIN_H

#include <stddef.h>
#include <stdint.h>

struct token_train;
struct token_words;

/* Byte tokens, which every vocabulary has. */
#define TOKEN_TRAIN_BYTES 256

/* A larger vocabulary than any model has. */
#define TOKEN_TRAIN_MAX 4000000

/*
 * Learn up to n_vocabulary tokens; fewer if the words have no more pairs.
 *
 * Requires: TOKEN_TRAIN_BYTES <= n_vocabulary <= TOKEN_TRAIN_MAX.
 * Owner: free with token_train_free().
 * Cost: memory about 12 times the bytes of the words.
 */
struct token_train *token_train_new(
    const struct token_words *words, uint32_t n_vocabulary);
void token_train_free(struct token_train *train);

uint32_t token_train_vocabulary(const struct token_train *train);

/*
 * The first n_vocabulary tokens as the text of a tokenizer.json: what training
 * with n_vocabulary would have learnt.
 *
 * Owner: the caller frees with free().
 */
char *token_train_json(
    const struct token_train *train, size_t *bytes, uint32_t n_vocabulary);

#endif /* TOKEN_TRAIN_H */
