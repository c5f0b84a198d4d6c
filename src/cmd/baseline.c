/*
 * baseline.c - codelen baseline: the same for other people's compressors.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "cmd/attributes.h"
#include "cmd/cmd.h"
#include "cmd/output_name.h"
#include "cmd/run.h"
#include "cmd/run_kind.h"
#include "codec/codec.h"
#include "par/par.h"
#include "results/results.h"

/* More codecs than there are. */
#define CODECS_MAX 32

struct baseline_settings {
    struct run_settings run; /* first: run.c reads it */
    const char *codec;
    const char *header;
};

#define AT(field) offsetof(struct baseline_settings, field)

static const struct option table[] = {
    {.name = "codec",
        .type = OPTION_TEXT,
        .offset = AT(codec),
        .value = "gzip,xz,zstd,bzip2,brotli,ppmd",
        .unit = "NAME[,NAME...]",
        .is_outside = true, /* each output has one, see run_codec() */
        .help = "compressors at their usual best setting; with more than one, "
                "{codec} in --out is replaced by the name, or -NAME put "
                "before its ending"},
    RUN_OPTIONS,
    {.name = "header",
        .type = OPTION_CHOICE,
        .offset = AT(header),
        .value = "once",
        .choices = "once|each",
        .help = "charge the container's header once for all chunks (the "
                "study's rule) or with each"},
};

const struct options_spec baseline_spec = {
    .command = "baseline",
    .question = "How many bytes do other compressors need for a corpus, chunk "
                "by chunk?  Every chunk is decompressed and compared.",
    .example = "codelen baseline --corpus text:book.txt --codec gzip,xz "
               "--chunk whole",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

struct worker {
    const struct codec *codec;
    uint8_t *packed, *unpacked;
    size_t packed_max, unpacked_max;
};

static void
worker_free(void *worker)
{
    struct worker *w = worker;

    if (w != NULL) {
        mem_free(w->packed);
        mem_free(w->unpacked);
        mem_free(w);
    }
}

static void *
worker_new(void *user, size_t chunk_bytes_max, int n_threads)
{
    struct worker *w = mem_alloc(1, sizeof(*w));

    (void)n_threads;
    if (w == NULL) {
        return NULL;
    }
    w->codec = user;
    w->packed_max = codec_bound(w->codec, chunk_bytes_max);
    w->unpacked_max = chunk_bytes_max;
    w->packed = mem_alloc(w->packed_max, 1);
    w->unpacked = mem_alloc(w->unpacked_max, 1);
    if (w->packed == NULL || w->unpacked == NULL) {
        worker_free(w);
        return NULL;
    }
    return w;
}

/* A chunk in work, which is one part. */
struct item {
    const uint8_t *chunk;
    size_t bytes, packed_bytes;
};

static void *
item_new(void *user, struct run *run, size_t chunk_bytes_max, size_t n_open_max)
{
    (void)user;
    (void)run;
    (void)chunk_bytes_max;
    (void)n_open_max;
    return mem_alloc(1, sizeof(struct item));
}

static int
begin(void *object, size_t *n_parts, const uint8_t *chunk, size_t bytes)
{
    struct item *item = object;

    *item = (struct item){.chunk = chunk, .bytes = bytes};
    *n_parts = 1;
    return 0;
}

static int
score(void *worker, const struct run_part *parts, size_t n)
{
    struct worker *w = worker;

    for (size_t i = 0; i < n; i++) {
        struct item *item = parts[i].item;
        size_t unpacked_bytes;
        if (codec_compress(w->codec, w->packed, w->packed_max,
                &item->packed_bytes, item->chunk, item->bytes) != 0 ||
            codec_decompress(w->codec, w->unpacked, w->unpacked_max,
                &unpacked_bytes, w->packed, item->packed_bytes) != 0) {
            return -1;
        }
        if (unpacked_bytes != item->bytes ||
            memcmp(w->unpacked, item->chunk, item->bytes) != 0) {
            report_error("%s: a chunk of %zu bytes does not come back the "
                         "same: the library is broken",
                codec_name(w->codec), item->bytes);
            return -1;
        }
    }
    return 0;
}

static int
finish(void *object, struct result_row *row)
{
    const struct item *item = object;

    row->coded_bytes = item->packed_bytes;
    row->ideal_bits = 8.0 * (double)item->packed_bytes;
    return 0;
}

static enum cmd_status
run_codec(struct run *run, const struct baseline_settings *settings,
    const struct codec *codec, bool is_only)
{
    struct attributes *a = run_attributes(run);
    struct attributes *identity = run_identity(run);
    size_t n_attributes = attributes_count(a);
    size_t n_identity = attributes_count(identity);
    size_t header_bytes = 0;
    char *out = NULL;
    int rc = codec_header_bytes(codec, &header_bytes);

    if (settings->run.out != NULL) {
        out =
            output_name(settings->run.out, "codec", codec_name(codec), is_only);
        rc |= out == NULL ? -1 : 0;
    }
    if (par_any_failed(run_par(run), rc)) {
        mem_free(out);
        return CMD_FAILED;
    }
    bool is_once = strcmp(settings->header, "once") == 0;
    attributes_text(a, "predictor", "name", codec_name(codec));
    attributes_text(a, "predictor", "description", codec_description(codec));
    attributes_u64(a, "predictor", "header_bytes", is_once ? header_bytes : 0);
    attributes_text(identity, "predictor", "codec", codec_name(codec));
    struct run_kind kind = {
        .item_new = item_new,
        .item_free = mem_free,
        .begin = begin,
        .finish = finish,
        .worker_new = worker_new,
        .worker_free = worker_free,
        .score = score,
        .user = (void *)(uintptr_t)codec,
    };
    enum cmd_status status = run_chunks(run, &kind, out);
    attributes_truncate(a, n_attributes);
    attributes_truncate(identity, n_identity);
    mem_free(out);
    return status;
}

/* Say that there is no such codec, and which there are. */
static void
report_unknown(const char *name)
{
    const char *names[CODECS_MAX];
    char known[256] = "";
    size_t bytes = 0;

    for (size_t i = 0; i < codec_count(); i++) {
        names[i] = codec_name(codec_at(i));
        bytes += (size_t)snprintf(known + bytes, sizeof(known) - bytes, "%s%s",
            i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = options_nearest(name, names, codec_count());
    report_error("--codec %s: not known%s%s; known are %s", name,
        nearest ? "; did you mean " : "", nearest ? nearest : "", known);
}

/* Find the codecs of a list "a,b,c".  Returns how many, 0 after an error. */
static size_t
parse_codecs(const struct codec **codecs, const char *list)
{
    size_t n = 0;

    while (*list != '\0' && n < CODECS_MAX) {
        char name[32];
        int bytes = (int)strcspn(list, ",");
        snprintf(name, sizeof(name), "%.*s", bytes, list);
        codecs[n] = codec_find(name);
        if (codecs[n++] == NULL) {
            report_unknown(name);
            return 0;
        }
        list += bytes + (list[bytes] == ',');
    }
    if (n == 0) {
        report_error("--codec: the list is empty");
    }
    return n;
}

enum cmd_status
cmd_baseline(struct par *par, int argc, char **argv)
{
    struct baseline_settings settings = {0};
    struct options *options = options_new(&baseline_spec);
    const struct codec *codecs[CODECS_MAX];
    enum cmd_status status;
    struct run *run = run_open(&status, par, options, &settings, argc, argv);

    if (run != NULL) {
        size_t n = parse_codecs(codecs, settings.codec);
        status = par_any_failed(par, n == 0 ? -1 : 0) ? CMD_USAGE : CMD_DONE;
        for (size_t i = 0; i < n && status == CMD_DONE; i++) {
            status = run_codec(run, &settings, codecs[i], n == 1);
        }
    }
    run_close(run);
    options_free(options);
    return status;
}
