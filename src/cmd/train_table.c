/*
 * train_table.c
 */
#include "cmd/train_table.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "cmd/attributes.h"
#include "cmd/train.h"
#include "par/par.h"
#include "results/columns.h"

/* Longest log that is read: some million lines. */
#define LOG_BYTES_MAX ((size_t)1 << 30)

/* What the columns are; values are filled in from keys of that name. */
static const struct column model[] = {
    {"steps", "step", "1", "steps done", NULL, 0},
    {"steps", "bytes", "byte", "of text seen", NULL, 0},
    {"steps", "seconds", "s", "spent in steps", NULL, 0},
    {"steps", "train_bits_per_byte", "bit/byte",
        "loss, mean since the row before", NULL, 0},
    {"steps", "rate", "1", "learning rate of AdamW in the last step", NULL, 0},
    {"steps", "muon_rate", "1", "learning rate of Muon in the last step", NULL,
        0},
    {"steps", "gradient_norm", "1", "before clipping, mean", NULL, 0},
    {"steps", "bytes_per_second", "byte/s", "text over time in steps", NULL, 0},
    {"steps", "gflops", "1e9/s", "floating-point operations over time", NULL,
        0},
    {"steps", "share_of_peak", "1", "of what fma can do on these cores", NULL,
        0},
    {"validation", "step", "1", "steps done", NULL, 0},
    {"validation", "bytes", "byte", "of text seen", NULL, 0},
    {"validation", "validation_bits_per_byte", "bit/byte",
        "held-out part, as codelen measure counts it", NULL, 0},
};

#define N_COLUMNS (sizeof(model) / sizeof(model[0]))

/* Append a line's numbers to the columns of its event; -1: not a line. */
static int
take_line(struct column *columns, double **values, size_t n_max,
    const char *text, size_t bytes)
{
    json_t *line = json_loadb(text, bytes, 0, NULL);
    const char *event = json_string_value(json_object_get(line, "event"));

    for (size_t i = 0; event != NULL && i < N_COLUMNS; i++) {
        if (strcmp(columns[i].group, event) == 0 && columns[i].n < n_max) {
            const json_t *value = json_object_get(line, columns[i].name);
            values[i][columns[i].n++] =
                value == NULL ? NAN : json_number_value(value);
        }
    }
    json_decref(line);
    return event == NULL ? -1 : 0;
}

static int
take_lines(struct column *columns, double **values, size_t n_max,
    const char *path, const char *text)
{
    size_t n = 0;

    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        n++;
        if (take_line(columns, values, n_max, text, bytes) != 0) {
            report_error("%s: line %zu is not one of a log", path, n);
            return -1;
        }
        text += bytes + (text[bytes] == '\n');
    }
    return 0;
}

static size_t
count_lines(const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p != '\0'; p++) {
        n += *p == '\n';
    }
    return n + 1;
}

static void
describe(struct attributes *a, const struct train *t)
{
    char now[32];

    clock_utc(now, sizeof(now));
    attributes_text(a, "run", "command", "train");
    attributes_text(a, "run", "end", now);
    attributes_u64(a, "run", "ranks", (uint64_t)par_size(t->par));
    attributes_u64(a, "run", "threads", (uint64_t)t->n_threads);
    attributes_u64(a, "run", "steps", t->state.step);
    attributes_u64(a, "run", "bytes", t->state.bytes);
    attributes_f64(a, "run", "seconds", t->state.seconds);
    attributes_f64(a, "run", "bytes_per_token", t->bytes_per_token);
    attributes_f64(a, "run", "peak_gflops", 1e-9 * t->peak_flops);
    attributes_text(a, "run", "engine", net_engine_name(t->engine));
    attributes_u64(a, "model", "parameters", t->size);
    attributes_text(a, "model", "architecture", t->config.architecture);
    attributes_text(a, "model", "config", t->config_text);
    for (size_t i = 0; i < t->identity.n; i++) {
        const struct attribute *id = &t->identity.items[i];
        if (strcmp(id->group, "input") == 0 &&
            strcmp(id->name, "config") != 0) {
            attributes_text(a, "input", id->name, id->text);
        }
    }
    attributes_options(a, t->options);
    attributes_build(a);
}

int
train_table_write(const struct train *t, const char *log)
{
    struct column columns[N_COLUMNS];
    double *values[N_COLUMNS] = {NULL};
    size_t bytes;
    char *text = file_read_text(log, &bytes, LOG_BYTES_MAX);
    char *path = file_join(t->settings->out, "train.h5");
    struct attributes *a = attributes_new();
    int rc = text == NULL || path == NULL || a == NULL ? -1 : 0;
    size_t n_max = rc == 0 ? count_lines(text) : 0;

    for (size_t i = 0; i < N_COLUMNS && rc == 0; i++) {
        columns[i] = model[i];
        columns[i].values = values[i] = mem_alloc(n_max, sizeof(double));
        rc = values[i] == NULL ? -1 : 0;
    }
    if (rc == 0) {
        rc = take_lines(columns, values, n_max, log, text);
    }
    if (rc == 0) {
        describe(a, t);
        rc = attributes_failed(a);
    }
    if (rc == 0) {
        rc = columns_write(path, "codelen training log", columns, N_COLUMNS,
            attributes_list(a), attributes_count(a));
    }
    for (size_t i = 0; i < N_COLUMNS; i++) {
        mem_free(values[i]);
    }
    attributes_free(a);
    mem_free(text);
    mem_free(path);
    return rc;
}
