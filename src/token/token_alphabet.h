/*
 * token_alphabet.h - the letters with which byte-level vocabularies write bytes.
 *
 * Printable Latin-1 characters stand for their own byte; the other 68 bytes
 * are written with the characters from U+0100 on, in order.
 */
#ifndef TOKEN_ALPHABET_H
#define TOKEN_ALPHABET_H

#include <stddef.h>
#include <stdint.h>

/* The letter of a byte in UTF-8.  Returns its length, 1 or 2. */
size_t token_alphabet_letter(char out[2], uint8_t byte);

/*
 * The bytes that text, in UTF-8, is written for.  out has room for bytes.
 *
 * Errors: -1 if a character is not of the alphabet; not reported.
 */
int token_alphabet_decode(
    uint8_t *out, size_t *out_bytes, const char *text, size_t bytes);

#endif /* TOKEN_ALPHABET_H */
