/*
 * token_alphabet.c
 */
#include "token/token_alphabet.h"

#include <stdbool.h>

/* Characters of the alphabet lie below U+0100 + 68. */
#define ALPHABET_END 0x144

static bool
is_own_letter(unsigned byte)
{
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) ||
           byte >= 0xae;
}

/* The number of the n-th byte without a letter of its own. */
static unsigned
nth_other(unsigned n)
{
    unsigned byte = 0;

    for (;; byte++) {
        if (!is_own_letter(byte) && n-- == 0) {
            return byte;
        }
    }
}

size_t
token_alphabet_letter(char out[2], uint8_t byte)
{
    unsigned point = byte;

    if (!is_own_letter(byte)) {
        point = 0x100;
        for (unsigned b = 0; b < byte; b++) {
            point += !is_own_letter(b);
        }
    }
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    out[0] = (char)(0xc0 | point >> 6);
    out[1] = (char)(0x80 | (point & 0x3f));
    return 2;
}

int
token_alphabet_decode(
    uint8_t *out, size_t *out_bytes, const char *text, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes;) {
        unsigned point = (uint8_t)text[i++];
        if (point >= 0x80) {
            if (point < 0xc2 || point > 0xdf || i == bytes ||
                ((uint8_t)text[i] & 0xc0) != 0x80) {
                return -1;
            }
            point = (point & 0x1f) << 6 | ((uint8_t)text[i++] & 0x3f);
        }
        if (point >= ALPHABET_END || (point < 0x100 && !is_own_letter(point))) {
            return -1;
        }
        out[n++] = (uint8_t)(point < 0x100 ? point : nth_other(point - 0x100));
    }
    *out_bytes = n;
    return 0;
}
