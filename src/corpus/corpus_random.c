/*
 * corpus_random.c
 *
 * Bytes that no compressor can shorten, the same for any reader: byte p is
 * the (p mod 8)-th byte of rng_at(seed, p / 8), the lowest first.
 */
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "base/units.h"
#include "corpus/corpus_kind.h"

struct random_source {
    uint64_t bytes, seed;
};

/* Read "BYTES[,seed=N]". */
static int
parse(struct random_source *source, const char *rest)
{
    const char *comma = strchr(rest, ',');
    size_t n = comma == NULL ? strlen(rest) : (size_t)(comma - rest);
    char size[64] = "";

    if (n < sizeof(size)) {
        memcpy(size, rest, n);
    }
    if (units_parse_bytes(&source->bytes, size) != 0) {
        report_error("corpus random:%s: \"%.*s\" is not a number of bytes, "
                     "write e.g. random:4MB,seed=7",
            rest, (int)n, rest);
        return -1;
    }
    if (comma == NULL) {
        return 0;
    }
    if (strncmp(comma, ",seed=", 6) != 0 ||
        units_parse_u64(&source->seed, comma + 6) != 0) {
        report_error("corpus random:%s: \"%s\" is not understood, write e.g. "
                     "random:4MB,seed=7",
            rest, comma + 1);
        return -1;
    }
    return 0;
}

static void *
random_open(const char *rest, const struct corpus_part *part)
{
    struct random_source *source = mem_alloc(1, sizeof(*source));

    (void)part;
    if (source != NULL && parse(source, rest) != 0) {
        mem_free(source);
        return NULL;
    }
    return source;
}

static uint64_t
random_bytes(const void *source)
{
    return ((const struct random_source *)source)->bytes;
}

static const uint8_t *
random_view(void *object, uint64_t offset, size_t bytes, uint8_t *scratch)
{
    const struct random_source *source = object;

    for (size_t i = 0; i < bytes;) {
        uint64_t number = rng_at(source->seed, (offset + i) / 8);
        unsigned skip = (unsigned)((offset + i) % 8);
        size_t n = bytes - i < 8 - skip ? bytes - i : 8 - skip;

        /* The machine is little-endian (base/bytes.h). */
        memcpy(scratch + i, (const uint8_t *)&number + skip, n);
        i += n;
    }
    return scratch;
}

static int
random_identify(void *source, struct corpus_identity *identity, char *hex)
{
    (void)source;
    (void)hex;
    identity->format = "generated";
    return 0;
}

const struct corpus_kind corpus_random_kind = {
    .name = "random",
    .open = random_open,
    .close = mem_free,
    .bytes = random_bytes,
    .view = random_view,
    .identify = random_identify,
};
