/*
 * token_fallback.c
 */
#include "token/token_fallback.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "token/token_alphabet.h"
#include "token/token_table.h"

/*
 * The token of a byte, or TOKEN_NOT_FOUND.  With letters an added token is
 * plain text: "\xc3\xb5" means these two bytes, not the byte F5 that is
 * written so.
 */
static uint32_t
find_byte(const struct token_table *table, uint8_t byte)
{
    bool is_plain = token_table_spelling(table) == TOKEN_PLAIN;
    char text[8];
    size_t n = is_plain ? (size_t)snprintf(text, sizeof(text), "<0x%02X>", byte)
                        : token_alphabet_letter(text, byte);
    uint32_t token = token_table_find(table, text, n);

    if (token == TOKEN_NOT_FOUND) {
        return token;
    }
    enum token_kind kind = token_table_kind(table, token);
    bool is_it = is_plain ? kind == TOKEN_BYTE : n == 1 || kind != TOKEN_ADDED;
    return is_it ? token : TOKEN_NOT_FOUND;
}

void
token_fallback_init(struct token_fallback *fallback, struct token_table *table)
{
    fallback->has_escapes = false;
    for (unsigned b = 0; b < 256; b++) {
        uint32_t token = find_byte(table, (uint8_t)b);
        if (token == TOKEN_NOT_FOUND) {
            token = token_table_count(table) + b;
            fallback->has_escapes = true;
        } else {
            token_table_made(table, token);
        }
        fallback->token[b] = token;
    }
}

bool
token_fallback_is_byte(const char *text, size_t bytes)
{
    return bytes == 6 && memcmp(text, "<0x", 3) == 0 && text[5] == '>' &&
           isxdigit((unsigned char)text[3]) &&
           isxdigit((unsigned char)text[4]) &&
           !islower((unsigned char)text[3]) && !islower((unsigned char)text[4]);
}
