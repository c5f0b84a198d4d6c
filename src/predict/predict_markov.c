/*
 * predict_markov.c - the truth about a markov: corpus.
 *
 * A chunk costs its true code length: 4 bits for each of the first `order`
 * symbols, whose past is not in the chunk, then the weights of the source.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/markov.h"
#include "math/elementary.h"
#include "predict/predictor.h"

#define CORPUS_PREFIX "markov:"

struct markov_truth {
    struct markov source;
    char *description;
};

/* From "order=K,seed=S" if given, else from the name of the corpus. */
static int
find_source(struct markov *source, const struct predictor_options *options,
    const char *rest)
{
    uint64_t corpus_bytes;
    size_t prefix = strlen(CORPUS_PREFIX);

    *source = markov_default();
    if (rest != NULL) {
        return markov_parse_fields(source, rest);
    }
    if (options->corpus == NULL ||
        strncmp(options->corpus, CORPUS_PREFIX, prefix) != 0) {
        report_error("predictor markov: the source is not known; measure a "
                     "markov: corpus or use markov:order=K,seed=S");
        return -1;
    }
    return markov_parse(source, &corpus_bytes, options->corpus + prefix);
}

static int
truth_open(struct predictor *predictor, const struct predictor_options *options,
    const char *rest)
{
    struct markov_truth *truth = mem_alloc(1, sizeof(*truth));

    predictor->data = truth;
    if (truth == NULL || find_source(&truth->source, options, rest)) {
        return -1;
    }
    truth->description = mem_printf("truth of markov:order=%u,seed=%" PRIu64
                                    ", entropy %.6f bits per byte",
        truth->source.order, truth->source.seed,
        markov_entropy_bits(&truth->source));
    predictor->info.description = truth->description;
    predictor->info.vocabulary = MARKOV_SYMBOLS;
    predictor->info.context = truth->source.order;
    return truth->description == NULL ? -1 : 0;
}

static void
truth_close(struct predictor *predictor)
{
    struct markov_truth *truth = predictor->data;

    if (truth != NULL) {
        mem_free(truth->description);
        mem_free(truth);
    }
}

static int
truth_score(struct predictor_session *session, const uint8_t *chunk,
    size_t bytes, predict_emit *emit, void *user)
{
    const struct markov_truth *truth = session->predictor->data;
    uint32_t weight[MARKOV_SYMBOLS];

    for (size_t i = 0; i < bytes; i++) {
        unsigned s = (unsigned)chunk[i] - 'a';
        if (s >= MARKOV_SYMBOLS) {
            report_error("predictor markov: byte 0x%02x at offset %zu of the "
                         "chunk: the source has only 'a' to 'p'",
                chunk[i], i);
            return -1;
        }
        markov_weights(weight, &truth->source, chunk, i);
        struct predict_symbol symbol = {
            .frequency = weight[s],
            .total = UINT64_C(1) << MARKOV_WEIGHT_BITS,
            .bits = MARKOV_WEIGHT_BITS - elementary_log2(weight[s]),
            .n_bytes = 1,
        };
        while (s-- > 0) {
            symbol.cumulative += weight[s];
        }
        if (emit(user, &symbol)) {
            return -1;
        }
    }
    return 0;
}

const struct predict_kind predict_markov = {
    .name = "markov",
    .usage = "markov[:order=K,seed=S]",
    .open = truth_open,
    .close = truth_close,
    .score = truth_score,
};
