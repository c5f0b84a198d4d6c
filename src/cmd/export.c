/*
 * export.c - codelen export: results files as tables for other programs.
 *
 * A table is a list of columns with names; each row is written at once, as
 * CSV with a header line or as a JSON array of objects.  Reals have 17 digits:
 * what is read back is the same number.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "cmd/cmd.h"
#include "cmd/export_files.h"
#include "cmd/export_training.h"
#include "cmd/single.h"
#include "cmd/summary.h"
#include "cmd/table.h"
#include "results/results.h"
#include "results/results_file.h"

/* Rows read at once. */
#define ROWS 65536

struct export_settings {
    const char *table;
    const char *format;
    bool incomplete;
};

#define AT(field) offsetof(struct export_settings, field)

static const struct option table[] = {
    {.name = "table",
        .type = OPTION_CHOICE,
        .offset = AT(table),
        .value = "summary",
        .choices = "summary|positions|chunks|training",
        .help = "summary: a row for each file; positions: bits by position in "
                "the chunk; chunks: a row for each chunk; training: a row for "
                "each line of the logs of codelen train"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .offset = AT(format),
        .value = "csv",
        .choices = "csv|json",
        .help = "how to write it to standard output"},
    {.name = "incomplete",
        .type = OPTION_FLAG,
        .offset = AT(incomplete),
        .help = "leave out runs that were begun and are not complete, take "
                "logs of training so far, in place of refusing"},
};

static const struct options_spec spec = {
    .command = "export",
    .question = "Results files as one table, sorted by name; a directory or a "
                "pattern stands for all below it.  Rates have original bytes "
                "below the line; adjusted ones charge the parameters too.",
    .operands = "FILE.h5|DIR|'PATTERN'...",
    .example = "codelen export 'out/ngram-*.h5' out/codecs --format csv",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

/* What was measured how: part of every row that holds a rate. */
static void
write_protocol(struct table *t, const char *path, const struct summary *s)
{
    char start[32] = "";

    if (s->has_start) {
        snprintf(start, sizeof(start), "%" PRIu64, s->start_token);
    } else if (s->parameters > 0) {
        snprintf(start, sizeof(start), "none");
    }
    table_text(t, "file", path);
    table_text(t, "corpus", s->corpus);
    table_u64(t, "first_byte", s->first_byte);
    table_text(t, "predictor", s->predictor);
    table_text(t, "tokenizer", s->tokenizer);
    table_u64(t, "chunk_bytes", s->chunk_bytes);
    table_text(t, "bytes_as", s->bytes_as);
    table_u64(t, "carry", s->carry);
    table_u64(t, "context", s->context);
    table_u64(t, "stride", s->stride);
    table_text(t, "start_token", start);
}

static void
write_summary(struct table *t, const char *path, const struct summary *s)
{
    table_row(t);
    write_protocol(t, path, s);
    table_u64(t, "chunks", s->chunks);
    table_u64(t, "raw_bytes", s->raw_bytes);
    table_u64(t, "tokens", s->tokens);
    table_u64(t, "lost_bits", s->lost_bits);
    table_f64(t, "ideal_bits", summary_ideal_bits(s));
    table_f64(t, "coded_bytes", summary_coded_bytes(s));
    table_u64(t, "header_bytes", s->header_bytes);
    table_f64(t, "bits_per_byte", summary_bits_per_byte(s));
    table_f64(t, "raw_rate", summary_raw_rate(s));
    table_u64(t, "parameters", s->parameters);
    table_f64(t, "parameter_bytes", s->parameter_bytes);
    table_f64(t, "adjusted_rate", summary_adjusted_rate(s));
    table_u64(t, "ranks", s->ranks);
    table_u64(t, "threads", s->threads);
    table_text(t, "math", s->math);
    table_text(t, "kernel", s->kernel);
    table_f64(t, "flops", s->flops);
    table_f64(t, "seconds", s->seconds);
    table_f64(t, "bytes_per_second", summary_bytes_per_second(s));
    table_f64(t, "tokens_per_second", summary_tokens_per_second(s));
    table_u64(t, "complete", s->complete);
}

static int
export_summary(struct table *t, const char *path, struct results_file *file)
{
    struct summary summary;

    if (summary_read(&summary, file) != 0) {
        return -1;
    }
    write_summary(t, path, &summary);
    return 0;
}

/* The columns of /chunk that are one number for each chunk. */
static const struct column {
    const char *name;
    bool is_real;
} columns[] = {
    {"index", false},
    {"offset", false},
    {"raw_bytes", false},
    {"tokens", false},
    {"ideal_bits", true},
    {"coded_bytes", false},
    {"lost_bits", false},
    {"flops", true},
    {"seconds", true},
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Rows [first, first + n); a buffer of ROWS numbers for each column. */
static int
export_rows(struct table *t, const char *path, struct results_file *file,
    void *const *buffers, uint64_t first, uint64_t n)
{
    int rc = 0;

    for (size_t c = 0; c < N_COLUMNS && rc == 0; c++) {
        rc = columns[c].is_real ? results_file_read_f64(file, columns[c].name,
                                      buffers[c], first, n)
                                : results_file_read_u64(file, columns[c].name,
                                      buffers[c], first, n);
    }
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        table_row(t);
        table_text(t, "file", path);
        for (size_t c = 0; c < N_COLUMNS; c++) {
            if (columns[c].is_real) {
                table_f64(t, columns[c].name, ((double *)buffers[c])[i]);
            } else {
                table_u64(t, columns[c].name, ((uint64_t *)buffers[c])[i]);
            }
        }
    }
    return rc;
}

static int
export_chunks(struct table *t, const char *path, struct results_file *file)
{
    void *buffers[N_COLUMNS] = {NULL};
    uint64_t n = results_file_chunk_count(file);
    int rc = 0;

    for (size_t c = 0; c < N_COLUMNS; c++) {
        buffers[c] = mem_alloc(ROWS, sizeof(uint64_t));
        rc |= buffers[c] == NULL ? -1 : 0;
    }
    for (uint64_t first = 0; first < n && rc == 0; first += ROWS) {
        uint64_t rows = n - first < ROWS ? n - first : ROWS;
        rc = export_rows(t, path, file, buffers, first, rows);
    }
    for (size_t c = 0; c < N_COLUMNS; c++) {
        mem_free(buffers[c]);
    }
    return rc;
}

/* Bytes of all chunks in each bucket. */
static int
sum_bytes(struct results_file *file, uint64_t *bytes, const uint64_t *begin,
    const uint64_t *end, size_t n_buckets)
{
    uint64_t n = results_file_chunk_count(file);
    uint64_t *raw = mem_alloc(ROWS, sizeof(*raw));
    int rc = raw == NULL ? -1 : 0;

    for (uint64_t first = 0; first < n && rc == 0; first += ROWS) {
        uint64_t rows = n - first < ROWS ? n - first : ROWS;
        rc = results_file_read_u64(file, "raw_bytes", raw, first, rows);
        for (uint64_t i = 0; i < rows && rc == 0; i++) {
            for (size_t b = 0; b < n_buckets && begin[b] < raw[i]; b++) {
                bytes[b] += (end[b] < raw[i] ? end[b] : raw[i]) - begin[b];
            }
        }
    }
    mem_free(raw);
    return rc;
}

static int
export_positions(struct table *t, const char *path, struct results_file *file)
{
    size_t n = results_file_bucket_count(file);
    uint64_t *first = mem_alloc(n, sizeof(*first));
    uint64_t *end = mem_alloc(n, sizeof(*end));
    uint64_t *bytes = mem_alloc(n, sizeof(*bytes));
    double *bits = mem_alloc(n, sizeof(*bits));
    struct summary summary = {0};
    size_t n_attributes;
    const struct attribute *list = results_file_attributes(file, &n_attributes);
    int rc = first == NULL || end == NULL || bytes == NULL || bits == NULL;

    summary_describe(&summary, list, n_attributes);
    if (n == 0 && results_file_chunk_count(file) > 0) {
        report_error("%s: has no bits by position (a baseline has none)", path);
        rc = -1;
    }
    if (rc == 0 && n > 0) {
        rc = results_file_read_buckets(file, first, end) != 0 ||
             results_file_sum_positions(file, bits) != 0 ||
             sum_bytes(file, bytes, first, end, n) != 0;
    }
    for (size_t b = 0; b < n && rc == 0; b++) {
        table_row(t);
        write_protocol(t, path, &summary);
        table_u64(t, "first", first[b]);
        table_u64(t, "end", end[b]);
        table_u64(t, "raw_bytes", bytes[b]);
        table_f64(t, "ideal_bits", bits[b]);
        table_f64(
            t, "bits_per_byte", bytes[b] > 0 ? bits[b] / (double)bytes[b] : 0);
    }
    mem_free(first);
    mem_free(end);
    mem_free(bytes);
    mem_free(bits);
    return rc != 0 ? -1 : 0;
}

static int
export_file(
    struct table *t, const struct export_settings *settings, const char *path)
{
    int rc = -1;

    if (strcmp(settings->table, "training") == 0) {
        return export_training(t, path, settings->incomplete);
    }
    struct results_file *file = results_file_open(path);
    if (file == NULL) {
        return -1;
    }
    if (!settings->incomplete && !results_file_is_complete(file)) {
        report_error("%s: was not written to its end; --incomplete takes it "
                     "as it is",
            path);
    } else if (strcmp(settings->table, "summary") == 0) {
        rc = export_summary(t, path, file);
    } else if (strcmp(settings->table, "chunks") == 0) {
        rc = export_chunks(t, path, file);
    } else {
        rc = export_positions(t, path, file);
    }
    results_file_close(file);
    return rc;
}

static int
export_all(
    const struct options *options, const void *settings, const struct par *par)
{
    const struct export_settings *s = settings;
    struct table t = {.is_json = strcmp(s->format, "json") == 0, .out = stdout};
    bool is_training = strcmp(s->table, "training") == 0;
    size_t n = options_operand_count(options);
    const char **names = mem_alloc(n, sizeof(*names));
    struct export_files files = {0};
    int rc = names == NULL ? -1 : 0;

    (void)par;
    for (size_t i = 0; i < n && rc == 0; i++) {
        names[i] = options_operand(options, i);
    }
    if (rc == 0) {
        rc = export_files_find(&files, names, n,
            is_training ? RESULTS_KIND_TRAINING : RESULTS_KIND_RUN,
            s->incomplete);
    }
    for (size_t i = 0; i < files.n && rc == 0; i++) {
        rc = export_file(&t, s, files.paths[i]);
    }
    if (rc == 0) {
        table_end(&t);
    }
    export_files_release(&files);
    mem_free(names);
    return rc;
}

enum cmd_status
cmd_export(struct par *par, int argc, char **argv)
{
    struct export_settings settings = {0};

    return single_run(par, &spec, &settings, argc, argv, export_all);
}
