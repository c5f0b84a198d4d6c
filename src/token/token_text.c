/*
 * token_text.c
 */
#include "token/token_text.h"

#include "token/token_split.h"
#include "token/token_utf8.h"

/* A stretch of UTF-8. */
static int
stretch_pieces(struct token_split_walk *walk, const uint8_t *text, size_t bytes,
    token_text_work *work, void *user)
{
    struct token_piece piece;
    int rc;

    token_split_begin(walk, text, bytes);
    while ((rc = token_split_next(walk, &piece)) > 0) {
        if (work(user, &piece) != 0) {
            return -1;
        }
    }
    return rc;
}

int
token_text_pieces(struct token_split_walk *walk, const uint8_t *text,
    size_t bytes, token_text_work *work, void *user)
{
    while (bytes > 0) {
        size_t n = token_utf8_valid(text, bytes);
        if (n > 0 && stretch_pieces(walk, text, n, work, user) != 0) {
            return -1;
        }
        text += n;
        bytes -= n;
        struct token_piece other = {.text = text, .token = TOKEN_NO_TOKEN};
        other.bytes = token_utf8_invalid(text, bytes);
        if (other.bytes > 0 && work(user, &other) != 0) {
            return -1;
        }
        text += other.bytes;
        bytes -= other.bytes;
    }
    return 0;
}
