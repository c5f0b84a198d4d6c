/*
 * corpus_markov.c
 *
 * The source of markov.h as a kind of corpus.
 */
#include "base/mem.h"
#include "corpus/corpus_kind.h"
#include "corpus/markov.h"

struct markov_source {
    struct markov markov;
    uint64_t bytes;
};

static void *
markov_open(const char *rest, const struct corpus_part *part)
{
    struct markov_source *source = mem_alloc(1, sizeof(*source));

    (void)part;
    if (source != NULL &&
        markov_parse(&source->markov, &source->bytes, rest) != 0) {
        mem_free(source);
        return NULL;
    }
    return source;
}

static uint64_t
markov_bytes(const void *source)
{
    return ((const struct markov_source *)source)->bytes;
}

static const uint8_t *
markov_view(void *object, uint64_t offset, size_t bytes, uint8_t *scratch)
{
    const struct markov_source *source = object;

    markov_fill(&source->markov, scratch, offset, bytes);
    return scratch;
}

static int
markov_identify(void *source, struct corpus_identity *identity, char *hex)
{
    (void)source;
    (void)hex;
    identity->format = "generated";
    return 0;
}

const struct corpus_kind corpus_markov_kind = {
    .name = "markov",
    .open = markov_open,
    .close = mem_free,
    .bytes = markov_bytes,
    .view = markov_view,
    .identify = markov_identify,
};
