/*
 * predict_codec.c - "codec:NAME": a compressor as a predictor, to generate.
 *
 * A code of n bits stands for a probability of 2^-n, so the next byte is b
 * with p(b) proportional to 2^-length(context + b).  Each of the 256 lengths
 * is that of a compression of its own.
 *
 * Lengths are coarse.  Whole bytes (all codecs but gzip) leave most of the 256
 * equal, and even bits do not tell a byte that goes on with a match from one
 * that ends it: the match may cost a bit less, the next byte the rest.  Looking
 * n bytes ahead compares length(context + b + c), where c is n bytes that are
 * likely after b: those that followed the longest earlier occurrence of the end
 * of context + b.  The sum over all c would be right; its largest term is
 * what can be had for one compression.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "codec/codec.h"
#include "predict/predictor.h"

/*
 * The shortest has a frequency of 2^40; one that is 40 bits or more longer has
 * 1, which makes 256 of them a chance of less than 2^-32.
 */
#define FREQUENCY_BITS 40

/* Longer matches are not told apart, which bounds the search. */
#define MATCH_MAX 256

struct codec_settings {
    const struct codec *codec;
    size_t context; /* bytes that are compressed; 0: all */
    size_t ahead;
};

struct codec_walk {
    int n_threads;
    size_t text_bytes; /* of one candidate, at most */
    uint8_t *texts;    /* (n_threads, text_bytes) */
};

static void
report_unknown(const char *name)
{
    char known[256] = "";

    for (size_t i = 0; i < codec_count(); i++) {
        size_t bytes = strlen(known);
        snprintf(known + bytes, sizeof(known) - bytes, "%s%s",
            i > 0 ? ", " : "", codec_name(codec_at(i)));
    }
    report_error(
        "predictor \"codec:%s\": unknown codec; known are %s", name, known);
}

static int
codec_open(struct predictor *predictor, const struct predictor_options *options,
    const char *rest)
{
    struct codec_settings *settings = mem_alloc(1, sizeof(*settings));

    predictor->data = settings;
    if (settings == NULL) {
        return -1;
    }
    settings->codec = codec_find(rest == NULL ? "" : rest);
    if (settings->codec == NULL) {
        report_unknown(rest == NULL ? "" : rest);
        return -1;
    }
    settings->context = options->context;
    settings->ahead = options->ahead;
    predictor->info.description = codec_description(settings->codec);
    predictor->info.context = options->context;
    return 0;
}

static void
codec_close(struct predictor *predictor)
{
    mem_free(predictor->data);
}

static int
codec_walk_init(struct predictor_walk *walk, int n_threads)
{
    const struct codec_settings *settings = walk->predictor->data;
    struct codec_walk *w = mem_alloc(1, sizeof(*w));
    size_t context = walk->chunk_bytes_max;

    walk->data = w;
    if (w == NULL) {
        return -1;
    }
    if (settings->context != 0 && settings->context < context) {
        context = settings->context;
    }
    w->n_threads = n_threads;
    w->text_bytes = context + 1 + settings->ahead;
    w->texts = mem_alloc((size_t)n_threads, w->text_bytes);
    return w->texts == NULL ? -1 : 0;
}

static void
codec_walk_release(struct predictor_walk *walk)
{
    struct codec_walk *w = walk->data;

    if (w != NULL) {
        mem_free(w->texts);
        mem_free(w);
    }
}

/* Bytes that text[0..at) and text[0..n) have in common at their ends. */
static size_t
match_before(const uint8_t *text, size_t at, size_t n)
{
    size_t length = 0;

    while (length < at && length < MATCH_MAX &&
           text[at - 1 - length] == text[n - 1 - length]) {
        length++;
    }
    return length;
}

/*
 * Where, for each byte, text goes on after the longest earlier occurrence of
 * the end of text + byte, the last of them if there are more; the start of
 * the text for bytes that it does not have.
 */
static void
find_followers(size_t follower[256], const uint8_t *text, size_t n)
{
    size_t longest[256] = {0};

    memset(follower, 0, 256 * sizeof(*follower));
    for (size_t i = 0; i < n; i++) {
        size_t length = 1 + match_before(text, i, n);
        if (length >= longest[text[i]]) {
            longest[text[i]] = length;
            follower[text[i]] = i + 1;
        }
    }
}

/* The length of the text's first n bytes, then byte, then what follows it. */
static int
candidate_bits(uint64_t *bits, const struct codec_settings *settings,
    uint8_t *text, size_t n, uint8_t byte, size_t follower)
{
    text[n] = byte;
    for (size_t i = 0; i < settings->ahead; i++) {
        text[n + 1 + i] = text[follower + i]; /* may lie in the copy itself */
    }
    return codec_bits(settings->codec, bits, text, n + 1 + settings->ahead);
}

/* The lengths of all candidates for the byte after context[0..n). */
static int
measure_candidates(struct codec_walk *w, const struct codec_settings *settings,
    uint64_t bits[256], const uint8_t *context, size_t n)
{
    size_t follower[256];
    int n_failed = 0;

    find_followers(follower, context, n);
    for (int i = 0; i < w->n_threads; i++) {
        memcpy(w->texts + (size_t)i * w->text_bytes, context, n);
    }
#pragma omp parallel for num_threads(w->n_threads) schedule(static)            \
    reduction(+ : n_failed)
    for (int t = 0; t < w->n_threads; t++) {
        uint8_t *text = w->texts + (size_t)t * w->text_bytes;
        for (int b = t; b < 256 && n_failed == 0; b += w->n_threads) {
            n_failed += candidate_bits(&bits[b], settings, text, n, (uint8_t)b,
                            follower[b]) != 0;
        }
    }
    return n_failed == 0 ? 0 : -1;
}

/* 2^-bits, scaled.  Returns the total. */
static uint64_t
frequencies_of(uint64_t frequency[256], const uint64_t bits[256])
{
    uint64_t least = UINT64_MAX, total = 0;

    for (size_t b = 0; b < 256; b++) {
        least = bits[b] < least ? bits[b] : least;
    }
    for (size_t b = 0; b < 256; b++) {
        uint64_t more = bits[b] - least;
        frequency[b] =
            more < FREQUENCY_BITS ? UINT64_C(1) << (FREQUENCY_BITS - more) : 1;
        total += frequency[b];
    }
    return total;
}

static int
codec_walk(struct predictor_walk *walk, struct predict_path *path,
    predict_choose *choose)
{
    const struct codec_settings *settings = walk->predictor->data;
    struct codec_walk *w = walk->data;
    uint64_t bits[256], frequency[256];

    assert(path->n_bytes <= walk->chunk_bytes_max);
    for (size_t i = path->n_given; i < path->n_bytes; i++) {
        size_t n = settings->context != 0 && settings->context < i
                       ? settings->context
                       : i;
        if (measure_candidates(w, settings, bits, path->out + i - n, n) != 0) {
            return -1;
        }
        uint64_t total = frequencies_of(frequency, bits);
        path->out[i] = (uint8_t)choose(path->chooser, frequency, 256, total);
    }
    return 0;
}

const struct predict_kind predict_codec = {
    .name = "codec",
    .usage = "codec:NAME",
    .open = codec_open,
    .close = codec_close,
    .walk_init = codec_walk_init,
    .walk_release = codec_walk_release,
    .walk_bytes = codec_walk,
};
