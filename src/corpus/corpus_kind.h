/*
 * corpus_kind.h - what a kind of corpus provides; only for corpus*.c.
 */
#ifndef CORPUS_CORPUS_KIND_H
#define CORPUS_CORPUS_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "corpus/corpus.h"

/* Contracts as in corpus.h, for the whole corpus instead of a part. */
struct corpus_kind {
    const char *name; /* before the colon */

    /* rest is what stands after the colon; kept. */
    void *(*open)(const char *rest, const struct corpus_part *part);
    void (*close)(void *source);
    uint64_t (*bytes)(const void *source);

    /* Requires: bytes > 0. */
    const uint8_t *(*view)(
        void *source, uint64_t offset, size_t bytes, uint8_t *scratch);

    /* Sets what there is of source_bytes, format and all that follows;
       SHA-256 into hex unless hex is NULL. */
    int (*identify)(void *source, struct corpus_identity *identity, char *hex);

    /* NULL: cannot change. */
    int (*check)(const void *source);
};

extern const struct corpus_kind corpus_text_kind;
extern const struct corpus_kind corpus_image_kind;
extern const struct corpus_kind corpus_audio_kind;
extern const struct corpus_kind corpus_random_kind;
extern const struct corpus_kind corpus_markov_kind;

#endif /* CORPUS_CORPUS_KIND_H */
