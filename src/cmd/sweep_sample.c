/*
 * sweep_sample.c - predictors and codecs on a sample of the corpus.
 *
 * A sample goes through the calls of a run: tokens, windows, several short
 * chunks together, range coder, sums by position.  Where a window would take
 * too long, a shorter one is timed and its time scaled by operations.  Time is
 * that of the thread, so that a busy machine does not make work dearer.
 */
#include "cmd/sweep_sample.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/math_options.h"
#include "cmd/meter.h"
#include "cmd/run_kind.h"
#include "codec/codec.h"
#include "corpus/corpus.h"
#include "math/peak.h"
#include "model/model.h"
#include "predict/chunk.h"
#include "predict/predict.h"
#include "results/results.h"

/* Bytes of a chunk that is looked at, at most. */
#define CHUNK_MAX 65536

/* The same for codecs, which a block of 900 kB of bzip2 should fit in. */
#define CODEC_CHUNK_MAX 1048576

/* Operations of what is timed at once: a tenth of a second or so. */
#define FLOPS_MAX 2e10

/* Shortest chunk that is timed in place of a longer one. */
#define TIMED_CHUNK_MIN 256

/* Weights above this are not loaded for a sample. */
#define WEIGHTS_MAX ((size_t)4 << 30)

/* Then: speed, as a share of the peak of fused multiply-adds; what models
   reach, src/math/README.md. */
#define PEAK_SHARE 0.6

/* Places of the corpus whose operations are counted. */
#define PLACES 4

double
sweep_sample_resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    double total, resident = NAN;

    if (file == NULL) {
        return NAN;
    }
    if (fscanf(file, "%lf %lf", &total, &resident) != 2) {
        resident = NAN;
    }
    fclose(file);
    return resident * (double)sysconf(_SC_PAGESIZE);
}

/* Length of a chunk of the run, at most max. */
static size_t
chunk_length(
    const struct options *options, const struct corpus *corpus, size_t max)
{
    uint64_t chunk = 0, bytes = corpus_bytes(corpus);

    if (units_parse_u64(&chunk, options_named(options, "chunk")) != 0) {
        chunk = bytes; /* whole */
    }
    chunk = chunk < bytes ? chunk : bytes;
    return chunk < max ? (size_t)chunk : max;
}

/*
 * Predictors.
 */

/* What is needed to score chunks; released by sample_release(). */
struct sample {
    struct corpus *corpus;
    struct predictor *predictor;
    const struct kernels *kernels;
    struct predictor_session *session;
    struct predictor_chunk *chunks[RUN_PARTS_MAX];
    struct meter *meters[RUN_PARTS_MAX];
    uint8_t *texts[RUN_PARTS_MAX];
    size_t n;          /* chunks at once */
    size_t length;     /* of each */
    uint64_t position; /* in the corpus */
    void *weights;
    size_t weights_bytes;
};

static void
release_chunks(struct sample *s)
{
    for (size_t i = 0; i < s->n; i++) {
        predictor_chunk_free(s->chunks[i]);
        meter_free(s->meters[i]);
        mem_free(s->texts[i]);
    }
    s->n = 0;
}

static void
sample_release(struct sample *s)
{
    release_chunks(s);
    predictor_session_free(s->session);
    predictor_close(s->predictor);
    mem_unmap(s->weights, s->weights_bytes);
}

/* Room for n chunks of length bytes. */
static int
set_chunks(struct sample *s, size_t n, size_t length)
{
    size_t n_buckets = results_bucket_count(length);

    release_chunks(s);
    s->length = length;
    for (size_t i = 0; i < n; i++) {
        s->n++;
        s->texts[i] = mem_alloc(length, 1);
        s->meters[i] = meter_new(NULL, length, n_buckets, false);
        s->chunks[i] = predictor_chunk_new(
            s->predictor, length, 1, meter_take, s->meters[i]);
        if (s->texts[i] == NULL || s->meters[i] == NULL ||
            s->chunks[i] == NULL) {
            return -1;
        }
    }
    return 0;
}

/* Begin chunk i with the text at a place; adds its operations to *flops. */
static int
begin_at(struct sample *s, double *flops, size_t i, uint64_t place)
{
    const uint8_t *text = corpus_view(s->corpus, place, s->length, s->texts[i]);

    if (text == NULL) {
        return -1;
    }
    if (text != s->texts[i]) {
        memcpy(s->texts[i], text, s->length);
    }
    meter_start(s->meters[i]);
    if (predictor_chunk_begin(s->chunks[i], s->texts[i], s->length) != 0) {
        return -1;
    }
    for (size_t p = 0; p < predictor_chunk_parts(s->chunks[i]); p++) {
        *flops += predictor_chunk_flops(s->chunks[i], p);
    }
    return 0;
}

/* Operations a byte of chunks of the set length. */
static int
count_flops(struct sample *s, double *flops)
{
    uint64_t last = corpus_bytes(s->corpus) - s->length;
    double sum = 0;

    for (uint64_t k = 0; k < PLACES; k++) {
        if (begin_at(s, &sum, 0, last / PLACES * k) != 0) {
            return -1;
        }
    }
    *flops = sum / (double)(PLACES * s->length);
    return 0;
}

/* Score the n chunks together, as far as they have parts. */
static int
score(struct sample *s)
{
    size_t n_parts = 1;
    struct result_row row;

    for (size_t p = 0; p < n_parts; p++) {
        struct predictor_part parts[RUN_PARTS_MAX];
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
            size_t mine = predictor_chunk_parts(s->chunks[i]);
            n_parts = mine > n_parts ? mine : n_parts;
            if (p < mine) {
                parts[n++] = (struct predictor_part){s->chunks[i], p};
            }
        }
        if (predictor_score_parts(s->session, parts, n) != 0) {
            return -1;
        }
        for (size_t k = 0; k < n; k++) {
            if (predictor_chunk_emit(parts[k].chunk) != 0) {
                return -1;
            }
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        if (predictor_chunk_end(s->chunks[i]) != 0 ||
            meter_finish(s->meters[i], &row) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Set *seconds and *flops a byte of what is set; the first round warms up. */
static int
time_chunks(struct sample *s, double *seconds, double *flops)
{
    double start = clock_thread_s(), bytes = 0, counted = 0;

    *seconds = 0;
    for (int round = 0; round < 2 || clock_thread_s() - start < SWEEP_SAMPLE_S;
         round++) {
        double before = clock_thread_s(), here = 0;
        for (size_t i = 0; i < s->n; i++) {
            if (s->position > corpus_bytes(s->corpus) - s->length) {
                s->position = 0;
            }
            if (begin_at(s, &here, i, s->position) != 0) {
                return -1;
            }
            s->position += s->length;
        }
        if (score(s) != 0) {
            return -1;
        }
        if (round == 0) {
            continue;
        }
        *seconds += clock_thread_s() - before;
        bytes += (double)(s->n * s->length);
        counted += here;
    }
    *seconds /= bytes;
    *flops = counted / bytes;
    return 0;
}

static int
open_predictor(struct sample *s, const struct options *o)
{
    struct math_settings math = {.math = options_named(o, "math"),
        .kernel = options_named(o, "kernel"),
        .weights = options_named(o, "weights")};
    struct predictor_options options = {
        .name = options_named(o, "predictor"),
        .corpus = options_named(o, "corpus"),
        .start = options_named(o, "start"),
        .carry = strcmp(options_named(o, "carry"), "yes") == 0,
        .weights = math_options_weights(&math),
        .n_threads = 1,
        .is_filled_later = true,
    };

    /* Words there stand for 0. */
    (void)units_parse_u64(&options.context, options_named(o, "context"));
    (void)units_parse_u64(&options.stride, options_named(o, "stride"));
    options.kernels = s->kernels = math_options_kernels(&math);
    s->predictor = s->kernels == NULL ? NULL : predictor_open(&options);
    return s->predictor == NULL ? -1 : 0;
}

/* Load the weights; a session for chunks of length bytes. */
static int
load(struct sample *s, size_t length)
{
    struct model_place place = {.n_parts = 1};

    s->weights_bytes = predictor_place_bytes(s->predictor);
    s->weights = mem_map(s->weights_bytes);
    place.memory = s->weights;
    if (s->weights == NULL || predictor_fill(s->predictor, &place) != 0 ||
        predictor_attach(s->predictor, &place) != 0) {
        return -1;
    }
    s->session = predictor_session_new(s->predictor, length, 1);
    return s->session == NULL ? -1 : 0;
}

/* Time chunks of length bytes, or shorter ones. */
static int
time_sample(struct sample *s, struct sweep_rate *rate, size_t length)
{
    struct predictor_grain grain;
    double seconds, flops = 0;
    size_t n = 1;

    while (
        rate->flops * (double)length > FLOPS_MAX && length > TIMED_CHUNK_MIN) {
        length /= 2;
    }
    grain = predictor_grain(s->predictor, length);
    if (grain.rows_max > 0 && grain.part_rows > 0) {
        n = grain.rows_max / grain.part_rows;
        n = n < 1 ? 1 : n > RUN_PARTS_MAX ? RUN_PARTS_MAX : n;
    }
    if (load(s, length) != 0 || set_chunks(s, n, length) != 0 ||
        time_chunks(s, &seconds, &flops) != 0) {
        return -1;
    }
    rate->seconds = flops > 0 ? seconds * rate->flops / flops : seconds;
    rate->memory_bytes = sweep_sample_resident();
    return 0;
}

int
sweep_sample_measure(struct sweep_rate *rate, const struct options *options,
    struct corpus *corpus)
{
    struct sample s = {.corpus = corpus};
    size_t length = chunk_length(options, corpus, CHUNK_MAX);
    int rc = open_predictor(&s, options);

    if (rc == 0) {
        rc =
            set_chunks(&s, 1, length) != 0 || count_flops(&s, &rate->flops) != 0
                ? -1
                : 0;
    }
    if (rc == 0 && predictor_place_bytes(s.predictor) > WEIGHTS_MAX) {
        rate->seconds =
            rate->flops / PEAK_SHARE / peak_measure(kernels_name(s.kernels), 1);
        rate->memory_bytes = sweep_sample_resident() +
                             (double)predictor_place_bytes(s.predictor);
    } else if (rc == 0) {
        rc = time_sample(&s, rate, length);
    }
    sample_release(&s);
    return rc;
}

/*
 * Codecs.
 */

int
sweep_sample_baseline(struct sweep_rate *rate, const struct options *options,
    struct corpus *corpus)
{
    const struct codec *codec = codec_find(options_named(options, "codec"));
    size_t length = chunk_length(options, corpus, CODEC_CHUNK_MAX);
    size_t chunk = chunk_length(options, corpus, SIZE_MAX);
    size_t bound = codec == NULL ? 0 : codec_bound(codec, length);
    uint8_t *text = mem_alloc(length, 1), *back = mem_alloc(length, 1);
    uint8_t *packed = mem_alloc(bound, 1);
    double start = clock_thread_s(), bytes = 0;
    int rc = codec == NULL || text == NULL || back == NULL || packed == NULL;
    uint64_t place = 0;

    if (codec == NULL) {
        report_error("--codec %s: not known", options_named(options, "codec"));
    }
    while (
        rc == 0 && (bytes == 0 || clock_thread_s() - start < SWEEP_SAMPLE_S)) {
        size_t n, n_back;
        place = place > corpus_bytes(corpus) - length ? 0 : place;
        const uint8_t *view = corpus_view(corpus, place, length, text);
        rc = view == NULL ||
             codec_compress(codec, packed, bound, &n, view, length) != 0 ||
             codec_decompress(codec, back, length, &n_back, packed, n) != 0;
        place += length;
        bytes += (double)length;
    }
    if (rc == 0) {
        rate->seconds = (clock_thread_s() - start) / bytes;
        rate->memory_bytes =
            sweep_sample_resident() +
            (double)(codec_bound(codec, chunk) - bound + 2 * (chunk - length));
    }
    mem_free(text);
    mem_free(back);
    mem_free(packed);
    return rc == 0 ? 0 : -1;
}
