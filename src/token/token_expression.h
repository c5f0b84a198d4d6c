/*
 * token_expression.h - expressions of tokenizer files for PCRE2.
 *
 * Tokenizer files are written for Oniguruma with Ruby's syntax.  Nearly all of
 * what they use means the same to PCRE2; the rest is rewritten or refused:
 *
 *   \s \S      PCRE2 counts U+180E as white space, Unicode no longer does
 *   \p{Han}    a script: to PCRE2 also characters that it shares with others
 *   \w \b      other sets of characters: refused
 *   [a[b]] &&  sets inside sets: refused
 *   {1,3}+     repeats the repetition, does not forbid backtracking: refused
 */
#ifndef TOKEN_EXPRESSION_H
#define TOKEN_EXPRESSION_H

#include <stddef.h>

/*
 * The expression for PCRE2 (UTF, UCP and MULTILINE) as a new string; free()
 * it.  path is for messages.
 *
 * Errors: NULL; reported.
 */
char *token_expression_translate(
    const char *path, const char *expression, size_t bytes);

#endif /* TOKEN_EXPRESSION_H */
