/*
 * corpus.c
 *
 * The kinds know only whole corpora; names, parts and provenance are here.
 */
#include "corpus/corpus.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus_kind.h"

struct corpus {
    const struct corpus_kind *kind;
    char *rest;   /* of the name, after the colon */
    void *source; /* of the kind */

    /* The part taken: first_byte + n_bytes <= bytes of the source. */
    uint64_t first_byte, n_bytes;
    char sha256[HASH_HEX_BYTES];
};

static const struct corpus_kind *const kinds[] = {
    &corpus_text_kind,
    &corpus_image_kind,
    &corpus_audio_kind,
    &corpus_random_kind,
    &corpus_markov_kind,
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define KINDS_KNOWN                                                            \
    "text:FILE, image:DIR|FILE, audio:DIR|FILE, random:BYTES[,seed=N] and "    \
    "markov:BYTES[,order=K][,seed=N]"

/* The kind before the colon of name; NULL, reported, if there is none. */
static const struct corpus_kind *
find_kind(const char *name)
{
    size_t n = strcspn(name, ":");

    if (name[n] == '\0') {
        report_error("corpus \"%s\": no kind before a colon; write %s%s, known "
                     "are " KINDS_KNOWN,
            name, "text:", n > 0 ? name : "FILE");
        return NULL;
    }
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strlen(kinds[i]->name) == n &&
            memcmp(kinds[i]->name, name, n) == 0) {
            return kinds[i];
        }
    }
    report_error("corpus \"%s\": unknown kind \"%.*s\", known are " KINDS_KNOWN,
        name, (int)n, name);
    return NULL;
}

/* Keep what part asks for of the bytes that there are. */
static int
take_part(
    struct corpus *corpus, const char *name, const struct corpus_part *part)
{
    uint64_t bytes = corpus->kind->bytes(corpus->source);

    if (part->first_byte > bytes) {
        report_error("corpus %s: the part begins at byte %llu, but there are "
                     "only %llu bytes",
            name, (unsigned long long)part->first_byte,
            (unsigned long long)bytes);
        return -1;
    }
    corpus->first_byte = part->first_byte;
    corpus->n_bytes = bytes - part->first_byte;
    if (part->n_bytes > 0 && part->n_bytes < corpus->n_bytes) {
        corpus->n_bytes = part->n_bytes;
    }
    return 0;
}

static bool
is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* What the kind would silently ignore is an error. */
static int
check_image_options(
    const struct corpus_kind *kind, const struct corpus_part *part)
{
    if (kind == &corpus_image_kind ||
        (!is_given(part->patch) && !is_given(part->grey))) {
        return 0;
    }
    report_error("--%s: a corpus of kind %s has no patches; it works with "
                 "image: only",
        is_given(part->patch) ? "patch" : "gray", kind->name);
    return -1;
}

struct corpus *
corpus_open(const char *name, const struct corpus_part *part)
{
    const struct corpus_kind *kind = find_kind(name);
    struct corpus *corpus = NULL;

    if (kind == NULL || check_image_options(kind, part) != 0) {
        return NULL;
    }
    corpus = mem_alloc(1, sizeof(*corpus));
    if (corpus == NULL) {
        return NULL;
    }
    corpus->kind = kind;
    corpus->rest = mem_strdup(strchr(name, ':') + 1);
    if (corpus->rest == NULL) {
        goto fail;
    }
    corpus->source = kind->open(corpus->rest, part);
    if (corpus->source == NULL || take_part(corpus, name, part) != 0) {
        goto fail;
    }
    return corpus;

fail:
    corpus_close(corpus);
    return NULL;
}

void
corpus_close(struct corpus *corpus)
{
    if (corpus == NULL) {
        return;
    }
    if (corpus->source != NULL) {
        corpus->kind->close(corpus->source);
    }
    mem_free(corpus->rest);
    mem_free(corpus);
}

uint64_t
corpus_bytes(const struct corpus *corpus)
{
    return corpus->n_bytes;
}

const uint8_t *
corpus_view(
    struct corpus *corpus, uint64_t offset, size_t bytes, uint8_t *scratch)
{
    static const uint8_t nothing[1];

    assert(offset <= corpus->n_bytes && bytes <= corpus->n_bytes - offset);
    if (bytes == 0) {
        return scratch != NULL ? scratch : nothing;
    }
    return corpus->kind->view(
        corpus->source, corpus->first_byte + offset, bytes, scratch);
}

int
corpus_identify(
    struct corpus *corpus, struct corpus_identity *identity, int hash)
{
    *identity = (struct corpus_identity){
        .kind = corpus->kind->name,
        .name = corpus->rest,
        .sha256 = corpus->sha256,
        .reading = "",
        .decoder = "",
    };
    corpus->sha256[0] = '\0';
    return corpus->kind->identify(
        corpus->source, identity, hash ? corpus->sha256 : NULL);
}

int
corpus_check(const struct corpus *corpus)
{
    return corpus->kind->check == NULL ? 0
                                       : corpus->kind->check(corpus->source);
}
