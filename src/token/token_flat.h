/*
 * token_flat.h - tables of a tokenizer one after the other in one block
 * without pointers, which processes share at any address.
 *
 * What is put in some order is got in the same order.  Only for memory of
 * processes of one program: what lies there is believed.
 */
#ifndef TOKEN_FLAT_H
#define TOKEN_FLAT_H

#include <stddef.h>
#include <stdint.h>

struct token_flat {
    uint8_t *memory; /* NULL: only the bytes are counted */
    size_t bytes;    /* so far, whole cache lines */
};

void token_flat_put(struct token_flat *flat, const void *data, size_t bytes);

/* Where the next bytes lie, which nobody writes to any more. */
void *token_flat_get(struct token_flat *flat, size_t bytes);

#endif /* TOKEN_FLAT_H */
