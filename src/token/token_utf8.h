/*
 * token_utf8.h - which parts of a text are UTF-8.
 *
 * Valid means: what PCRE2 accepts, so no surrogates, no overlong forms,
 * nothing above U+10FFFF.
 */
#ifndef TOKEN_UTF8_H
#define TOKEN_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the character that text begins with, 0 if it is not valid. */
size_t token_utf8_character(const uint8_t *text, size_t bytes);

/* Length of the longest beginning of text that is valid. */
size_t token_utf8_valid(const uint8_t *text, size_t bytes);

/* Length of the longest beginning with no valid character in it. */
size_t token_utf8_invalid(const uint8_t *text, size_t bytes);

#endif /* TOKEN_UTF8_H */
