/*
 * decompress.c - codelen decompress and codelen test: archives to bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "archive/archive_decode.h"
#include "archive/archive_reader.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/archive_predictor.h"
#include "cmd/cmd.h"
#include "cmd/decompress.h"
#include "cmd/math_options.h"
#include "cmd/shared_output.h"
#include "cmd/threads.h"
#include "par/par.h"

struct decompress_settings {
    const char *out;
    const char *range;
    bool overwrite;
    const char *model;
    uint64_t threads;
    struct math_settings math; /* the archive says which mathematics */
};

#define AT(field) offsetof(struct decompress_settings, field)

/* What decompress and test have in common. */
#define OPENING_OPTIONS                                                        \
    {.name = "model",                                                          \
        .type = OPTION_TEXT,                                                   \
        .offset = AT(model),                                                   \
        .unit = "NAME|DIR|FILE.gguf",                                          \
        .help = "the model that the archive was made with; without it, the "   \
                "name in the archive is looked for"},                          \
        OPTION_THREADS(struct decompress_settings, threads),                   \
        MATH_KERNEL_OPTIONS(struct decompress_settings, math)

static const struct option table[] = {
    {.name = "out",
        .type = OPTION_TEXT,
        .offset = AT(out),
        .unit = "FILE",
        .is_required = true,
        .help = "where the bytes go, also -o; -: standard output"},
    {.name = "range",
        .type = OPTION_TEXT,
        .offset = AT(range),
        .unit = "FIRST:END",
        .help = "only bytes FIRST up to, without, END (1MiB:2MiB); reads "
                "nothing else of the archive, which must be a file"},
    {.name = "overwrite",
        .type = OPTION_FLAG,
        .offset = AT(overwrite),
        .help = "replace an existing file"},
    OPENING_OPTIONS,
};

static const struct option test_table[] = {OPENING_OPTIONS};

static const struct options_spec spec = {
    .command = "decompress",
    .question = "The bytes that an archive (-: standard input) was made of.  "
                "Any ranks, threads and processor: the bytes are compared "
                "with their checks before they are written.",
    .operands = "FILE.cl|-",
    .example = "codelen decompress book.cl -o book.txt",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

static const struct options_spec test_spec = {
    .command = "test",
    .question = "Does an archive open?  Decodes all of it and compares the "
                "bytes with their checks, without writing them.",
    .operands = "FILE.cl|-",
    .example = "codelen test book.cl --model models/byte-200k",
    .table = test_table,
    .n_options = sizeof(test_table) / sizeof(test_table[0]),
};

/* "FIRST:END" in bytes with units. */
static int
parse_range(struct decompress *d, const char *text)
{
    char first[32];
    const char *colon = strchr(text, ':');
    size_t n = colon == NULL ? sizeof(first) : (size_t)(colon - text);

    if (n < sizeof(first)) {
        memcpy(first, text, n);
        first[n] = '\0';
        if (units_parse_bytes(&d->first, first) == 0 &&
            units_parse_bytes(&d->end, colon + 1) == 0 && d->first <= d->end) {
            return 0;
        }
    }
    report_error("--range \"%s\": want FIRST:END in bytes, e.g. 1MiB:2MiB, "
                 "FIRST not above END",
        text);
    return -1;
}

/* On rank 0: the archive, its header and where to begin. */
static int
open_archive(struct decompress *d, bool has_range)
{
    d->archive = stdin;
    if (strcmp(d->archive_name, "-") == 0) {
        d->archive_name = "standard input";
    } else {
        d->archive = fopen(d->archive_name, "rb");
        if (d->archive == NULL) {
            report_error("%s: %s", d->archive_name, strerror(errno));
            return -1;
        }
    }
    d->reader = archive_reader_new(d->archive, d->archive_name);
    if (d->reader == NULL) {
        return -1;
    }
    d->header = *archive_reader_header(d->reader);
    return has_range ? decompress_seek(d) : 0;
}

/* All rounds, and the output in its place. */
static int
run_rounds(struct decompress *d)
{
    while (!d->is_end && d->first < d->end) {
        if (decompress_round(d) != 0) {
            return -1;
        }
    }
    if (d->output == NULL) {
        return 0;
    }
    uint64_t bytes = d->end == UINT64_MAX ? d->n_done : d->end - d->first;
    int rc = shared_output_finish(d->output, bytes);
    d->output = NULL;
    return rc;
}

static void
tell_result(const struct decompress *d, double seconds)
{
    if (par_rank(d->par) == 0) {
        report_note("%s: %" PRIu64 " bytes, all checks agree; %.1f kB/s",
            d->archive_name, d->n_done, 1e-3 * (double)d->n_done / seconds);
    }
}

static int
decode(struct decompress *d, const struct decompress_settings *settings,
    const struct predictor *predictor, int n_threads)
{
    size_t n_each = (size_t)d->header.block_chunks; /* a small archive's */
    struct archive_work work = {
        .predictor = predictor,
        .chunk_bytes = (size_t)d->header.chunk_bytes,
        .n_threads = n_threads,
        .n_chunks = n_each,
    };
    double start_s = clock_now_s();

    d->decoder = archive_decoder_new(&work);
    if (par_any_failed(d->par, d->decoder == NULL ? -1 : 0)) {
        return -1;
    }
    if (settings->out != NULL) {
        d->output =
            shared_output_open(d->par, settings->out, settings->overwrite);
        if (d->output == NULL) {
            return -1;
        }
    }
    rounds_init(&d->rounds, d->par, n_threads, work.chunk_bytes,
        (size_t)d->header.block_chunks);
    if (run_rounds(d) != 0) {
        return -1;
    }
    tell_result(d, clock_now_s() - start_s);
    return 0;
}

static void
release(struct decompress *d)
{
    shared_output_abandon(d->output, false);
    archive_decoder_free(d->decoder);
    archive_reader_free(d->reader);
    if (d->archive != NULL && d->archive != stdin) {
        fclose(d->archive);
    }
    mem_free(d->codes);
    mem_free(d->checks);
    mem_free(d->chunks);
}

static enum cmd_status
decompress(struct par *par, const struct decompress_settings *settings,
    struct decompress *d)
{
    struct archive_predictor predictor = {0};
    int n_threads = threads_choose(settings->threads, par), rc = 0;

    if (par_rank(par) == 0) {
        rc = open_archive(d, settings->range != NULL);
    }
    if (par_any_failed(par, rc)) {
        release(d);
        return CMD_FAILED;
    }
    par_broadcast(par, &d->header, sizeof(d->header), 0);
    struct archive_finding finding = {
        .file = d->archive_name,
        .model = settings->model,
        .kernel = settings->math.kernel,
        .weights = math_options_weights(&settings->math),
        .n_threads = n_threads,
    };
    rc = archive_predictor_find(&predictor, &d->header, par, &finding);
    if (rc == 0) {
        rc = decode(d, settings, predictor.predictor, n_threads);
    }
    release(d);
    archive_predictor_close(&predictor);
    return rc == 0 ? CMD_DONE : CMD_FAILED;
}

/* Both commands. */
static enum cmd_status
open_with(
    struct par *par, const struct options_spec *which, int argc, char **argv)
{
    struct decompress_settings settings = {0};
    struct decompress d = {.par = par, .end = UINT64_MAX};
    struct options *options = options_new(which);
    enum options_outcome outcome = OPTIONS_WRONG;
    enum cmd_status status = CMD_DONE;

    if (options != NULL) {
        outcome =
            options_parse(options, &settings, argc, argv, par_rank(par) == 0);
    }
    if (outcome == OPTIONS_OK && options_operand_count(options) != 1) {
        report_error("give one archive: codelen %s FILE.cl", which->command);
        outcome = OPTIONS_WRONG;
    }
    if (outcome == OPTIONS_OK && settings.range != NULL &&
        parse_range(&d, settings.range) != 0) {
        outcome = OPTIONS_WRONG;
    }
    if (par_any_failed(par, outcome == OPTIONS_WRONG ? -1 : 0)) {
        status = CMD_USAGE;
    } else if (outcome == OPTIONS_OK) {
        d.archive_name = options_operand(options, 0);
        status = decompress(par, &settings, &d);
    }
    options_free(options);
    return status;
}

enum cmd_status
cmd_decompress(struct par *par, int argc, char **argv)
{
    return open_with(par, &spec, argc, argv);
}

enum cmd_status
cmd_test(struct par *par, int argc, char **argv)
{
    return open_with(par, &test_spec, argc, argv);
}
