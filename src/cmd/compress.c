/*
 * compress.c - codelen compress: a file to an archive that any machine opens.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archive_decode.h"
#include "archive/archive_encode.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "cmd/archive_predictor.h"
#include "cmd/cmd.h"
#include "cmd/compress.h"
#include "cmd/math_options.h"
#include "cmd/shared_output.h"
#include "cmd/threads.h"
#include "cmd/window_options.h"
#include "par/par.h"

struct compress_settings {
    const char *model;
    const char *predictor;
    const char *out;
    uint64_t chunk_bytes;
    uint64_t context;
    uint64_t stride;
    bool verify;
    bool overwrite;
    uint64_t threads;
    struct math_settings math;
};

#define AT(field) offsetof(struct compress_settings, field)

static const struct option table[] = {
    {.name = "model",
        .type = OPTION_TEXT,
        .offset = AT(model),
        .unit = "NAME|DIR|FILE.gguf",
        .help = "the model to code with; who opens the archive needs it too"},
    {.name = "predictor",
        .type = OPTION_TEXT,
        .offset = AT(predictor),
        .unit = "KIND:NAME",
        .help = "instead of a model: ngram:K, uniform (or model:DIR)"},
    {.name = "out",
        .type = OPTION_TEXT,
        .offset = AT(out),
        .unit = "OUT.cl",
        .is_required = true,
        .is_outside = true,
        .help = "the archive, also -o; -: standard output"},
    {.name = "chunk",
        .type = OPTION_BYTES,
        .offset = AT(chunk_bytes),
        .value = "2048",
        .min = 1,
        .max = (double)ARCHIVE_BLOCK_MAX,
        .unit = "BYTES",
        .help = "each is coded on its own: longer ones are smaller, shorter "
                "ones are decoded by more threads"},
    WINDOW_OPTIONS(struct compress_settings, context, stride),
    {.name = "verify",
        .type = OPTION_FLAG,
        .offset = AT(verify),
        .is_outside = true,
        .help = "decode everything before it is written"},
    {.name = "overwrite",
        .type = OPTION_FLAG,
        .offset = AT(overwrite),
        .is_outside = true,
        .help = "replace an existing archive"},
    OPTION_THREADS(struct compress_settings, threads),
    MATH_OPTIONS(struct compress_settings, math),
};

static const struct options_spec spec = {
    .command = "compress",
    .question = "Make an archive of a file (-: standard input) with a model "
                "as its predictor.  Its bytes do not depend on ranks, threads "
                "or processor.  An interrupted run goes on when the same "
                "command is given again.",
    .operands = "FILE|-",
    .example = "codelen compress book.txt -o book.cl --model byte-200k",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

/* On rank 0. */
static int
open_input(struct compress *c)
{
    struct stat status;

    if (strcmp(c->input_name, "-") == 0) {
        c->input = stdin;
        c->input_name = "standard input";
        return 0;
    }
    c->input = fopen(c->input_name, "rb");
    if (c->input == NULL || fstat(fileno(c->input), &status) != 0) {
        report_error("%s: %s", c->input_name, strerror(errno));
        return -1;
    }
    if (S_ISDIR(status.st_mode)) {
        report_error("%s: is a directory", c->input_name);
        return -1;
    }
    c->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    return 0;
}

/* Encoder, and decoder if asked for. */
static int
open_coders(struct compress *c, const struct compress_settings *settings,
    const struct predictor *predictor, int n_threads)
{
    struct archive_work work = {
        .predictor = predictor,
        .chunk_bytes = (size_t)c->header.chunk_bytes,
        .n_threads = n_threads,
        .n_chunks = SIZE_MAX,
    };
    uint64_t size = c->size;

    par_broadcast(c->par, &size, sizeof(size), 0);
    if (size > 0) {
        uint64_t n = (size + work.chunk_bytes - 1) / work.chunk_bytes;
        uint64_t n_ranks = (uint64_t)par_size(c->par);
        work.n_chunks = (size_t)((n + n_ranks - 1) / n_ranks);
    }
    c->encoder = archive_encoder_new(&work);
    if (settings->verify) {
        c->decoder = archive_decoder_new(&work);
    }
    return c->encoder == NULL || (settings->verify && c->decoder == NULL) ? -1
                                                                          : 0;
}

static void
show_progress(struct compress *c)
{
    struct progress_state state = {
        .chunks = (double)((c->index.raw_bytes - c->resumed_at) /
                           c->header.chunk_bytes),
        .bytes = (double)(c->index.raw_bytes - c->resumed_at),
        .bits = 8.0 * (double)c->index.archive_bytes,
    };

    if (par_rank(c->par) == 0 && c->size > 0) {
        progress_show(&c->progress, &state);
    }
}

static void
tell_result(const struct compress *c, uint64_t bytes, double seconds)
{
    double raw = (double)c->index.raw_bytes;

    if (par_rank(c->par) == 0 && raw > 0) {
        report_note("%" PRIu64 " bytes to %" PRIu64
                    ": %.4f bits per byte, %.2f %%; %.1f kB/s",
            c->index.raw_bytes, bytes, 8.0 * (double)bytes / raw,
            100.0 * (double)bytes / raw,
            1e-3 * (raw - (double)c->resumed_at) / seconds);
    }
}

/* All rounds.  The output is finished, or left as it is. */
static enum cmd_status
run_rounds(struct compress *c)
{
    double start_s = clock_now_s();
    uint64_t bytes, stop = 0;

    progress_start(&c->progress,
        (c->size + c->header.chunk_bytes - 1) / c->header.chunk_bytes, c->size,
        c->resumed_at / c->header.chunk_bytes, c->resumed_at);
    while (!c->is_end) {
        if (compress_round(c) != 0) {
            return CMD_FAILED;
        }
        show_progress(c);
        stop = stop_requested();
        par_broadcast(c->par, &stop, sizeof(stop), 0);
        if (stop && !c->is_end) {
            progress_end(&c->progress);
            report_note("stopped (%s) after %" PRIu64 " bytes; run the same "
                        "command again to go on",
                stop_reason(), c->index.raw_bytes);
            return CMD_STOPPED;
        }
    }
    progress_end(&c->progress);
    if (compress_end(c, &bytes) != 0) {
        return CMD_FAILED;
    }
    int rc = shared_output_finish(c->output, bytes);
    c->output = NULL;
    if (rc == 0) {
        tell_result(c, bytes, clock_now_s() - start_s);
    }
    return rc == 0 ? CMD_DONE : CMD_FAILED;
}

static void
release(struct compress *c)
{
    /* A block that is done is kept for the next time. */
    shared_output_abandon(c->output, c->index.n_blocks > 0);
    archive_encoder_free(c->encoder);
    archive_decoder_free(c->decoder);
    archive_index_release(&c->index);
    if (c->input != NULL && c->input != stdin) {
        fclose(c->input);
    }
    mem_free(c->raw);
    mem_free(c->coded);
    mem_free(c->chunks);
}

/* With a predictor: the archive. */
static enum cmd_status
compress_with(struct compress *c, const struct compress_settings *settings,
    const struct predictor *predictor, int n_threads)
{
    if (par_any_failed(
            c->par, open_coders(c, settings, predictor, n_threads))) {
        return CMD_FAILED;
    }
    c->output = shared_output_open(c->par, settings->out, settings->overwrite);
    if (c->output == NULL) {
        return CMD_FAILED;
    }
    rounds_init(&c->rounds, c->par, n_threads, (size_t)c->header.chunk_bytes,
        (size_t)c->header.block_chunks);
    return compress_resume(c) != 0 ? CMD_FAILED : run_rounds(c);
}

static enum cmd_status
compress(struct par *par, const struct compress_settings *settings,
    const char *input, const char *predictor_name)
{
    struct compress c = {.par = par, .input_name = input};
    struct archive_predictor predictor = {0};
    int n_threads = threads_choose(settings->threads, par);
    enum cmd_status status = CMD_FAILED;
    struct predictor_options options = {
        .name = predictor_name,
        .start = "model",
        .context = settings->context,
        .stride = settings->stride,
        .kernels = math_options_kernels(&settings->math),
        .weights = math_options_weights(&settings->math),
        .n_threads = n_threads,
    };

    stop_on_signals(0);
    c.header.chunk_bytes = settings->chunk_bytes;
    c.header.block_chunks = archive_header_block_chunks(settings->chunk_bytes);
    c.block_bytes = (size_t)(c.header.chunk_bytes * c.header.block_chunks);
    if (!par_any_failed(par, par_rank(par) == 0 ? open_input(&c) : 0) &&
        archive_predictor_choose(&predictor, &c.header, par, &options) == 0) {
        status = compress_with(&c, settings, predictor.predictor, n_threads);
    }
    release(&c);
    archive_predictor_close(&predictor);
    return status;
}

/* The name of the predictor, one way or the other; freed with mem_free(). */
static char *
choose_predictor(const struct compress_settings *settings)
{
    if ((settings->model == NULL) == (settings->predictor == NULL)) {
        report_error("give --model DIR|FILE.gguf or --predictor KIND:NAME, "
                     "one of them");
        return NULL;
    }
    return settings->model != NULL ? mem_printf("model:%s", settings->model)
                                   : mem_strdup(settings->predictor);
}

enum cmd_status
cmd_compress(struct par *par, int argc, char **argv)
{
    struct compress_settings settings = {0};
    struct options *options = options_new(&spec);
    enum options_outcome outcome = OPTIONS_WRONG;
    enum cmd_status status = CMD_DONE;
    char *predictor = NULL;

    if (options != NULL) {
        outcome =
            options_parse(options, &settings, argc, argv, par_rank(par) == 0);
    }
    if (outcome == OPTIONS_OK && options_operand_count(options) != 1) {
        report_error("give one file: codelen compress FILE -o OUT.cl");
        outcome = OPTIONS_WRONG;
    }
    if (outcome == OPTIONS_OK &&
        (predictor = choose_predictor(&settings)) == NULL) {
        outcome = OPTIONS_WRONG;
    }
    if (par_any_failed(par, outcome == OPTIONS_WRONG ? -1 : 0)) {
        status = CMD_USAGE;
    } else if (outcome == OPTIONS_OK) {
        status =
            compress(par, &settings, options_operand(options, 0), predictor);
    }
    mem_free(predictor);
    options_free(options);
    return status;
}
