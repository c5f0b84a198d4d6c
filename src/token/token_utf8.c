/*
 * token_utf8.c
 */
#include "token/token_utf8.h"

#include "base/bytes.h"

#define TOP_BITS 0x8080808080808080u

size_t
token_utf8_character(const uint8_t *text, size_t bytes)
{
    /* Range of the second byte: excludes overlong forms and surrogates. */
    uint8_t first = text[0], low = 0x80, high = 0xbf;
    size_t n;

    if (first < 0x80) {
        return 1;
    } else if (first < 0xc2 || first > 0xf4) {
        return 0;
    } else if (first < 0xe0) {
        n = 2;
    } else if (first < 0xf0) {
        n = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;
        high = first == 0xed ? 0x9f : 0xbf;
    } else {
        n = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    }
    if (bytes < n || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

size_t
token_utf8_valid(const uint8_t *text, size_t bytes)
{
    size_t i = 0;

    while (i < bytes) {
        if (bytes - i >= 8 && (bytes_load_u64(text + i) & TOP_BITS) == 0) {
            i += 8;
            continue;
        }
        size_t n = token_utf8_character(text + i, bytes - i);
        if (n == 0) {
            break;
        }
        i += n;
    }
    return i;
}

size_t
token_utf8_invalid(const uint8_t *text, size_t bytes)
{
    size_t i = 0;

    while (i < bytes && token_utf8_character(text + i, bytes - i) == 0) {
        i++;
    }
    return i;
}
