/*
 * generate.c - codelen generate: how a predictor goes on with a text.
 *
 * A decoder whose choices are drawn by chance (coder/draw.h) instead of read
 * from an archive.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/replace.h"
#include "base/report.h"
#include "cmd/cmd.h"
#include "cmd/input.h"
#include "cmd/math_options.h"
#include "cmd/single.h"
#include "cmd/threads.h"
#include "coder/draw.h"
#include "math/numerics.h"
#include "predict/predict.h"
#include "predict/walk.h"

struct generate_settings {
    const char *predictor;
    const char *prompt;
    uint64_t bytes;
    double temperature;
    uint64_t top_k, seed;
    uint64_t context, ahead;
    const char *out;
    bool overwrite;
    uint64_t threads;
    struct math_settings math;
};

#define AT(field) offsetof(struct generate_settings, field)

static const struct option table[] = {
    {.name = "predictor",
        .type = OPTION_TEXT,
        .offset = AT(predictor),
        .unit = "NAME",
        .is_required = true,
        .help = "model:NAME, model:DIR, model:FILE.gguf, ngram:K, uniform, "
                "codec:gzip, codec:xz or another codec of codelen baseline"},
    {.name = "prompt",
        .type = OPTION_TEXT,
        .offset = AT(prompt),
        .unit = "FILE|-",
        .is_required = true,
        .help = "what goes before; -: standard input"},
    {.name = "bytes",
        .type = OPTION_BYTES,
        .offset = AT(bytes),
        .min = 1,
        .max = 1 << 30,
        .unit = "BYTES",
        .is_required = true,
        .help = "to generate; the last token of a model may be cut"},
    {.name = "temperature",
        .type = OPTION_REAL,
        .offset = AT(temperature),
        .value = "1",
        .min = 0,
        .max = 1000,
        .unit = "T",
        .help = "probabilities to the power of 1/T; 0: always the most "
                "likely, the first of equals"},
    {.name = "top-k",
        .type = OPTION_COUNT,
        .offset = AT(top_k),
        .value = "all",
        .min = 1,
        .max = 1 << 20,
        .choices = "all",
        .unit = "K",
        .help = "draw from the K most likely bytes or tokens only"},
    {.name = "seed",
        .type = OPTION_COUNT,
        .offset = AT(seed),
        .value = "0",
        .max = 1e18,
        .unit = "N",
        .help = "the same seed gives the same bytes; codecs: with the same "
                "version of their library"},
    {.name = "context",
        .type = OPTION_COUNT,
        .offset = AT(context),
        .value = "all",
        .min = 2,
        .max = 1 << 30,
        .choices = "all",
        .unit = "N",
        .help = "tokens that a model may see, bytes that a codec is given"},
    {.name = "ahead",
        .type = OPTION_COUNT,
        .offset = AT(ahead),
        .value = "0",
        .max = 1 << 16,
        .unit = "BYTES",
        .help = "codecs: before lengths are compared, go on after each "
                "candidate with what followed the longest earlier occurrence "
                "of its end"},
    {.name = "out",
        .type = OPTION_TEXT,
        .offset = AT(out),
        .value = "-",
        .unit = "FILE|-",
        .help = "where the bytes go, without the prompt, also -o; -: standard "
                "output"},
    {.name = "overwrite",
        .type = OPTION_FLAG,
        .offset = AT(overwrite),
        .help = "replace an existing file"},
    OPTION_THREADS(struct generate_settings, threads),
    MATH_KERNEL_OPTIONS(struct generate_settings, math),
};

static const struct options_spec spec = {
    .command = "generate",
    .question =
        "How does a predictor go on with a text?  It is the decoder of an "
        "archive with symbols drawn by chance.  A codec is run 256 times for "
        "each byte: b has a probability proportional to 2^-(length(context+b) "
        "- length(context)).  Lengths are bits for gzip, whole bytes for the "
        "others.  So most of the 256 have the same length, a tie from which "
        "is drawn evenly, and much of what comes out is noise.  --ahead 16 "
        "compares the lengths after 16 more bytes, which tells apart what a "
        "match goes on with.",
    .example = "codelen generate --predictor codec:gzip --ahead 16 --prompt "
               "a.txt --bytes 100",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

static uint32_t
choose(void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    (void)total;
    return draw_symbol(chooser, frequency, n);
}

/* The only path. */
static struct predict_path *
next_path(void *user)
{
    struct predict_path **path = user, *now = *path;

    *path = NULL;
    return now;
}

static struct predictor *
open_predictor(const struct generate_settings *settings, int n_threads)
{
    const struct kernels *kernels = math_options_kernels(&settings->math);
    enum math_weights weights = math_options_weights(&settings->math);

    if (kernels == NULL || numerics_check(kernels) != 0) {
        return NULL;
    }
    struct predictor_options options = {
        .name = settings->predictor,
        .context = settings->context,
        .generates = true,
        .ahead = settings->ahead,
        .kernels = kernels,
        /* Steps read all weights for one token. */
        .weights = weights == MATH_WEIGHTS_AUTO ? MATH_WEIGHTS_STORED : weights,
        .n_threads = n_threads,
    };
    struct predictor *predictor = predictor_open(&options);
    if (predictor != NULL && !predictor_can_walk(predictor)) {
        report_error("predictor %s: cannot generate; use a model, ngram:K, "
                     "uniform or codec:NAME",
            settings->predictor);
        predictor_close(predictor);
        return NULL;
    }
    return predictor;
}

/* Fill text, which begins with the prompt, to its end. */
static int
go_on(const struct predictor *predictor, struct predict_path *path,
    const struct draw_options *options, int n_threads)
{
    uint32_t vocabulary = predictor_info(predictor)->vocabulary;
    size_t n_max = (vocabulary < 256 ? 256 : (size_t)vocabulary) + 1;
    struct predictor_walk *walker =
        predictor_walk_new(predictor, path->n_bytes, 1, n_threads);
    struct draw draw = {0};
    int rc = -1;

    path->chooser = &draw;
    if (walker != NULL && draw_init(&draw, n_max, options) == 0) {
        struct predict_path *next = path;
        const struct predict_walk walk = {choose, next_path, &next, 1};
        rc = predictor_walk(walker, &walk);
    }
    draw_release(&draw);
    predictor_walk_free(walker);
    return rc;
}

static int
write_out(const char *path, const uint8_t *data, size_t bytes)
{
    if (strcmp(path, "-") != 0) {
        return replace_file(path, data, bytes);
    }
    if (fwrite(data, 1, bytes, stdout) != bytes || fflush(stdout) != 0) {
        report_error("standard output: %s", strerror(errno));
        return -1;
    }
    return 0;
}

static int
generate_after(const struct generate_settings *settings,
    const struct input *prompt, int n_threads)
{
    const struct draw_options options = {
        .temperature = settings->temperature,
        .top_k = settings->top_k,
        .seed = settings->seed,
    };
    size_t n_bytes = prompt->bytes + settings->bytes;
    struct predictor *predictor = open_predictor(settings, n_threads);
    uint8_t *text = predictor == NULL ? NULL : mem_alloc(n_bytes, 1);
    double start_s = clock_now_s();
    int rc = -1;

    if (text != NULL) {
        struct predict_path path = {
            .out = text,
            .n_bytes = n_bytes,
            .n_given = prompt->bytes,
            .is_sampled = true,
        };
        memcpy(text, prompt->data, prompt->bytes);
        rc = go_on(predictor, &path, &options, n_threads);
    }
    double seconds = clock_now_s() - start_s;
    if (rc == 0) {
        rc = write_out(settings->out, text + prompt->bytes, settings->bytes);
    }
    if (rc == 0) {
        report_note("%zu bytes given, %" PRIu64 " generated by %s; %.1f s",
            prompt->bytes, settings->bytes,
            predictor_info(predictor)->description, seconds);
    }
    mem_free(text);
    predictor_close(predictor);
    return rc;
}

static int
generate(const struct options *options, const void *user, const struct par *par)
{
    const struct generate_settings *settings = user;
    int n_threads = threads_choose(settings->threads, par);
    struct input prompt = {0};
    int rc = -1;

    (void)options;
    if (strcmp(settings->out, "-") != 0 && file_exists(settings->out) &&
        !settings->overwrite) {
        report_error("%s: exists; --overwrite replaces it", settings->out);
        return -1;
    }
    if (input_open(&prompt, settings->prompt) == 0) {
        if (prompt.bytes == 0) {
            report_error(
                "%s: an empty prompt; give at least one byte", prompt.name);
        } else {
            rc = generate_after(settings, &prompt, n_threads);
        }
    }
    input_close(&prompt);
    return rc;
}

enum cmd_status
cmd_generate(struct par *par, int argc, char **argv)
{
    struct generate_settings settings = {.math.math = "exact"};

    return single_run(par, &spec, &settings, argc, argv, generate);
}
