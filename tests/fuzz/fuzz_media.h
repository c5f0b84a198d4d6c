/*
 * fuzz_media.h - any bytes as the one file of a corpus.
 */
#ifndef TESTS_FUZZ_MEDIA_H
#define TESTS_FUZZ_MEDIA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/report.h"
#include "corpus/corpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Read what is there of "KIND:" with the file of these bytes. */
static void
fuzz_media(const char *kind, const uint8_t *data, size_t bytes)
{
    static const struct corpus_part part = {.n_bytes = 1 << 16};
    static uint8_t out[1 << 16];
    int fd = memfd_create("fuzz", 0);
    char name[64];

    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes) {
        abort();
    }
    snprintf(name, sizeof(name), "%s:/proc/self/fd/%d", kind, fd);
    report_hold(true, NULL);
    struct corpus *corpus = corpus_open(name, &part);
    if (corpus != NULL) {
        (void)corpus_view(corpus, 0, (size_t)corpus_bytes(corpus), out);
    }
    corpus_close(corpus);
    report_discard();
    close(fd);
}

#endif /* TESTS_FUZZ_MEDIA_H */
