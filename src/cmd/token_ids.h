/*
 * token_ids.h - token numbers as text: a JSON array, or numbers with white
 * space between them.
 */
#ifndef CMD_TOKEN_IDS_H
#define CMD_TOKEN_IDS_H

#include <stddef.h>
#include <stdint.h>

/* A list of token ids.  All zero: empty. */
struct token_ids {
    uint32_t *ids;
    size_t n;
};

/*
 * Read the list from text, which has a zero at its end and is changed; path
 * is for messages.
 *
 * Owner: token_ids_release(), also after an error.
 * Errors: -1 if an item is not a number below end; reported.
 */
int token_ids_parse(struct token_ids *tokens, const char *path, char *text,
    size_t bytes, uint32_t end);
void token_ids_release(struct token_ids *tokens);

#endif /* CMD_TOKEN_IDS_H */
