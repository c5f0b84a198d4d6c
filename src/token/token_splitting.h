/*
 * token_splitting.h - the expressions of published models, by name.
 *
 * Some files name how texts are cut into pieces instead of stating it.
 */
#ifndef TOKEN_SPLITTING_H
#define TOKEN_SPLITTING_H

#include <stdbool.h>
#include <stddef.h>

struct token_split;

struct token_splitting {
    const char *names; /* separated by spaces, with one at each end */
    const char *expressions[3];
    bool ignores_merges; /* see token_bpe_finish() */
};

/* NULL if the name is not known. */
const struct token_splitting *token_splitting_find(
    const char *name, size_t bytes);

/* All names, separated by spaces, as far as there is room. */
void token_splitting_names(char *out, size_t out_bytes_max);

/* Add its stages; path is for messages. */
int token_splitting_add(struct token_split *split, const char *path,
    const struct token_splitting *splitting);

#endif /* TOKEN_SPLITTING_H */
