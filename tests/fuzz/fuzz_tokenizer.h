/*
 * fuzz_tokenizer.h - open bytes as a tokenizer file and encode with it.
 */
#ifndef FUZZ_TOKENIZER_H
#define FUZZ_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/report.h"
#include "token/token.h"

/* Of the file as a text. */
#define TEXT_BYTES_MAX 512

static const char sample[] = "It's 12 \xc3\xa9l\xc3\xa8ves,  e\xcc\x81\r\n"
                             "   \xe4\xb8\xad\xff\xfe a\x01z\xf0\x9f\x98 "
                             "\xe2\x96\x81 <0x0A> </s>";

static void
round_trip(const struct tokenizer *tokenizer, const uint8_t *text, size_t bytes)
{
    uint32_t tokens[TEXT_BYTES_MAX];
    size_t n_tokens, at = 0;

    if (tokenizer_encode(tokenizer, tokens, &n_tokens, text, bytes) != 0) {
        return; /* an expression that takes too long */
    }
    for (size_t i = 0; i < n_tokens; i++) {
        size_t n;
        const uint8_t *have = tokenizer_bytes(tokenizer, tokens[i], &n);
        if (n == 0 || n > bytes - at || memcmp(have, text + at, n) != 0) {
            abort();
        }
        at += n;
    }
    if (at != bytes) {
        abort();
    }
}

/* Refused, or every text comes back. */
static void
check_tokenizer_file(const uint8_t *data, size_t bytes)
{
    char path[64];
    int fd = memfd_create("tokenizer", 0);

    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes) {
        abort();
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    report_hold(true, NULL);
    report_set_quiet(true);
    struct tokenizer *tokenizer = tokenizer_open(path);
    if (tokenizer != NULL) {
        round_trip(tokenizer, (const uint8_t *)sample, sizeof(sample));
        round_trip(
            tokenizer, data, bytes < TEXT_BYTES_MAX ? bytes : TEXT_BYTES_MAX);
    }
    report_discard();
    tokenizer_free(tokenizer);
    close(fd);
}

#endif /* FUZZ_TOKENIZER_H */
