/*
 * measure.c - codelen measure: bits that a predictor needs for a corpus.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/options.h"
#include "cmd/attributes.h"
#include "cmd/cmd.h"
#include "cmd/math_options.h"
#include "cmd/meter.h"
#include "cmd/run.h"
#include "cmd/run_kind.h"
#include "cmd/shared_predictor.h"
#include "cmd/window_options.h"
#include "math/kernels.h"
#include "par/par.h"
#include "predict/bytes_as.h"
#include "predict/predict.h"
#include "results/results.h"

struct measure_settings {
    struct run_settings run; /* first: run.c reads it */
    const char *predictor;
    const char *bytes_as;
    const char *start;
    uint64_t context;
    uint64_t stride;
    bool carry;
    bool token_bits;
    struct math_settings math;
    double parameter_bytes;
};

#define AT(field) offsetof(struct measure_settings, field)

static const struct option table[] = {
    {.name = "predictor",
        .type = OPTION_TEXT,
        .offset = AT(predictor),
        .unit = "KIND:NAME",
        .is_required = true,
        .is_outside = true, /* known by what it is, see identify() */
        .help = "uniform, ngram:K, markov, model:NAME, model:DIR or "
                "model:FILE.gguf"},
    RUN_OPTIONS,
    {.name = "bytes-as",
        .type = OPTION_CHOICE,
        .offset = AT(bytes_as),
        .value = "exact",
        .choices = BYTES_AS_CHOICES,
        .is_outside = true, /* in the identity if it is not exact */
        .help = "what the predictor is given: the bytes; seven bits of them, "
                "text without the top bit, all else without the lowest, with "
                "rates scaled (the study's code) or a bit added for each lost "
                "one (its paper); or characters U+0000 to U+00FF in UTF-8"},
    {.name = "start",
        .type = OPTION_TEXT,
        .offset = AT(start),
        .value = "model",
        .unit = "TOKEN",
        .help = "token put before each chunk: model (its bos_token_id, else "
                "none), none (the first symbol costs log2 of the vocabulary), "
                "or a number"},
    WINDOW_OPTIONS(struct measure_settings, context, stride),
    {.name = "carry",
        .type = OPTION_FLAG,
        .offset = AT(carry),
        .help = "ngram: keep what was learnt between chunks (then one rank "
                "does all of them in order)"},
    MATH_OPTIONS(struct measure_settings, math),
    {.name = "token-bits",
        .type = OPTION_FLAG,
        .offset = AT(token_bits),
        .help = "also store the bits of every token"},
    {.name = "parameter-bytes",
        .type = OPTION_REAL,
        .offset = AT(parameter_bytes),
        .value = "2",
        .min = 0,
        .max = 16,
        .unit = "BYTES",
        .help = "charged for each parameter in the adjusted rate"},
};

const struct options_spec measure_spec = {
    .command = "measure",
    .question = "How many bits does a predictor need to describe a corpus, "
                "chunk by chunk?  Under mpirun the ranks share the chunks; the "
                "numbers do not depend on how many there are.",
    .example = "mpirun -n 2 codelen measure --corpus text:book.txt "
               "--predictor ngram:5 --out book.h5",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

/* What all workers share. */
struct measure {
    const struct measure_settings *settings;
    struct predictor *predictor;
    struct bytes_as_rule bytes_as;
    size_t n_buckets;
};

/* A chunk in work. */
struct item {
    const struct bytes_as_rule *bytes_as;
    struct predictor_chunk *chunk;
    struct meter *meter;
    double flops;

    /* What is described in place of the chunk; NULL: the chunk itself. */
    uint8_t *described;
    size_t described_max;
    size_t n_emitted; /* bytes of it */
    uint64_t lost_bits;
};

static void
item_free(void *object)
{
    struct item *item = object;

    if (item != NULL) {
        predictor_chunk_free(item->chunk);
        meter_free(item->meter);
        mem_unmap(item->described, item->described_max);
        mem_free(item);
    }
}

/* Pass a symbol on with the bytes of the chunk that it stands for. */
static int
take_symbol(void *user, const struct predict_symbol *symbol)
{
    struct item *item = user;
    struct predict_symbol of_chunk = *symbol;

    if (item->described != NULL) {
        of_chunk.n_bytes = bytes_as_ends(
            item->bytes_as, item->described + item->n_emitted, symbol->n_bytes);
        item->n_emitted += symbol->n_bytes;
    }
    return meter_take(item->meter, &of_chunk);
}

static void *
item_new(void *user, struct run *run, size_t chunk_bytes_max, size_t n_open_max)
{
    struct measure *measure = user;
    struct item *item = mem_alloc(1, sizeof(*item));

    if (item == NULL) {
        return NULL;
    }
    item->bytes_as = &measure->bytes_as;
    item->meter = meter_new(run, chunk_bytes_max, measure->n_buckets,
        measure->settings->token_bits);
    item->described_max = bytes_as_bound(item->bytes_as, chunk_bytes_max);
    item->chunk = predictor_chunk_new(
        measure->predictor, item->described_max, n_open_max, take_symbol, item);
    bool is_exact = item->bytes_as->as == BYTES_EXACT;
    item->described = is_exact ? NULL : mem_map(item->described_max);
    if (item->meter == NULL || item->chunk == NULL ||
        (!is_exact && item->described == NULL)) {
        item_free(item);
        return NULL;
    }
    return item;
}

/* Put what is described in the place of the chunk. */
static int
describe_chunk(struct item *item, const uint8_t **chunk, size_t *bytes)
{
    item->n_emitted = 0;
    item->lost_bits = 0;
    if (item->described == NULL) {
        return 0;
    }
    size_t n = bytes_as_apply(
        item->bytes_as, item->described, &item->lost_bits, *chunk, *bytes);
    if (bytes_as_check(item->bytes_as, item->described, n, *chunk, *bytes)) {
        return -1;
    }
    *chunk = item->described;
    *bytes = n;
    return 0;
}

static int
begin(void *object, size_t *n_parts, const uint8_t *chunk, size_t bytes)
{
    struct item *item = object;

    meter_start(item->meter);
    if (describe_chunk(item, &chunk, &bytes) != 0 ||
        predictor_chunk_begin(item->chunk, chunk, bytes) != 0) {
        return -1;
    }
    *n_parts = predictor_chunk_parts(item->chunk);
    item->flops = 0;
    for (size_t i = 0; i < *n_parts; i++) {
        item->flops += predictor_chunk_flops(item->chunk, i);
    }
    return 0;
}

static size_t
rows(const void *object, size_t part)
{
    const struct item *item = object;

    return predictor_chunk_rows(item->chunk, part);
}

static int
emit(void *object)
{
    struct item *item = object;

    return predictor_chunk_emit(item->chunk);
}

static int
finish(void *object, struct result_row *row)
{
    struct item *item = object;

    row->flops = item->flops;
    row->lost_bits = item->lost_bits;
    return predictor_chunk_end(item->chunk) != 0
               ? -1
               : meter_finish(item->meter, row);
}

static void *
worker_new(void *user, size_t chunk_bytes_max, int n_threads)
{
    struct measure *measure = user;

    return predictor_session_new(measure->predictor,
        bytes_as_bound(&measure->bytes_as, chunk_bytes_max), n_threads);
}

static void
worker_free(void *worker)
{
    predictor_session_free(worker);
}

static int
score(void *worker, const struct run_part *parts, size_t n)
{
    struct predictor_part scored[RUN_PARTS_MAX];

    for (size_t i = 0; i < n; i++) {
        struct item *item = parts[i].item;
        scored[i] = (struct predictor_part){item->chunk, parts[i].index};
    }
    return predictor_score_parts(worker, scored, n);
}

static struct predictor *
open_predictor(struct par_memory **memory, struct run *run,
    const struct measure_settings *settings, const struct kernels *kernels)
{
    struct predictor_options options = {
        .name = settings->predictor,
        .corpus = settings->run.corpus,
        .start = settings->start,
        .context = settings->context,
        .stride = settings->stride,
        .carry = settings->carry,
        .kernels = kernels,
        .weights = math_options_weights(&settings->math),
        .n_threads = run_threads(run),
    };

    return shared_predictor_open(
        memory, run_par(run), run_phases(run), &options);
}

/* Put the predictor into the lists of attributes. */
static void
describe(struct run *run, const struct measure_settings *settings,
    const struct predictor *predictor, const struct kernels *kernels)
{
    const struct predictor_info *info = predictor_info(predictor);
    struct attributes *a = run_attributes(run);
    struct attributes *identity = run_identity(run);
    char model[HASH_HEX_BYTES] = "", tokenizer[HASH_HEX_BYTES] = "";

    if (par_rank(run_par(run)) == 0) {
        snprintf(model, sizeof(model), "%s", info->model_sha256);
        snprintf(tokenizer, sizeof(tokenizer), "%s", info->tokenizer_sha256);
    }
    par_broadcast(run_par(run), model, sizeof(model), 0);
    par_broadcast(run_par(run), tokenizer, sizeof(tokenizer), 0);

    attributes_text(a, "predictor", "name", settings->predictor);
    attributes_text(a, "predictor", "bytes_as", settings->bytes_as);
    attributes_text(a, "predictor", "description", info->description);
    attributes_text(a, "predictor", "tokenizer", info->tokenizer);
    attributes_text(a, "predictor", "model_sha256", model);
    attributes_text(a, "predictor", "tokenizer_sha256", tokenizer);
    attributes_u64(a, "predictor", "vocabulary", info->vocabulary);
    attributes_u64(a, "predictor", "parameters", info->n_parameters);
    attributes_f64(
        a, "predictor", "parameter_bytes", settings->parameter_bytes);
    attributes_u64(a, "predictor", "context", info->context);
    attributes_u64(a, "predictor", "stride", info->stride);
    if (info->start_token >= 0) {
        attributes_u64(
            a, "predictor", "start_token", (uint64_t)info->start_token);
    }
    attributes_text(
        a, "predictor", "math", math_mode_name(kernels_mode(kernels)));
    attributes_text(a, "predictor", "kernel", kernels_name(kernels));

    /* A model is known by its content: it may lie in another place. */
    bool is_model = model[0] != '\0';
    attributes_text(identity, "predictor", "predictor",
        is_model ? info->kind : settings->predictor);
    attributes_text(identity, "predictor", "model sha256", model);
    attributes_text(identity, "predictor", "tokenizer sha256", tokenizer);
    if (strcmp(settings->bytes_as, "exact") != 0) {
        attributes_text(identity, "predictor", "bytes as", settings->bytes_as);
    }
}

static enum cmd_status
measure(struct run *run, const struct measure_settings *settings)
{
    enum cmd_status status = CMD_FAILED;
    struct predictor *predictor = NULL;
    struct par_memory *memory = NULL;
    const struct kernels *kernels = math_options_kernels(&settings->math);

    if (!par_any_failed(run_par(run), kernels == NULL ? -1 : 0)) {
        predictor = open_predictor(&memory, run, settings, kernels);
    }
    if (predictor != NULL) {
        struct measure shared = {
            .settings = settings,
            .predictor = predictor,
            .bytes_as =
                bytes_as_parse(settings->bytes_as, settings->run.corpus),
            .n_buckets = results_bucket_count(run_chunk_bytes_max(run)),
        };
        struct run_kind kind = {
            .item_new = item_new,
            .item_free = item_free,
            .begin = begin,
            .rows = rows,
            .emit = emit,
            .finish = finish,
            .worker_new = worker_new,
            .worker_free = worker_free,
            .score = score,
            .user = &shared,
            .grain = predictor_grain(
                predictor, bytes_as_bound(&shared.bytes_as,
                               (size_t)run_chunk_bytes_max(run))),
            .n_buckets = shared.n_buckets,
            .has_token_bits = settings->token_bits,
            .is_sequential = predictor_info(predictor)->is_sequential,
        };
        describe(run, settings, predictor, kernels);
        status = run_chunks(run, &kind, settings->run.out);
    }
    predictor_close(predictor);
    par_memory_free(memory);
    return status;
}

enum cmd_status
cmd_measure(struct par *par, int argc, char **argv)
{
    struct measure_settings settings = {0};
    struct options *options = options_new(&measure_spec);
    enum cmd_status status;
    struct run *run = run_open(&status, par, options, &settings, argc, argv);

    if (run != NULL) {
        status = measure(run, &settings);
    }
    run_close(run);
    options_free(options);
    return status;
}
