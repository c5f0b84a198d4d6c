/*
 * export_training.c
 */
#include "cmd/export_training.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/table.h"
#include "results/columns_file.h"
#include "results/results.h"

/* Columns of the two groups; both begin with step and bytes. */
static const char *const step_names[] = {"step", "bytes", "seconds",
    "train_bits_per_byte", "rate", "muon_rate", "gradient_norm",
    "bytes_per_second", "gflops", "share_of_peak"};
static const char *const validation_names[] = {
    "step", "bytes", "validation_bits_per_byte"};

#define N_STEP       (sizeof(step_names) / sizeof(step_names[0]))
#define N_VALIDATION (sizeof(validation_names) / sizeof(validation_names[0]))

/* A log while it is written. */
struct log {
    struct columns_file *file;
    const char *path;
    double *steps[N_STEP], *validations[N_VALIDATION];
    size_t n_steps, n_validations;
};

static const char *
text_of(const struct log *log, const char *group, const char *name)
{
    const struct attribute *a = columns_file_attribute(log->file, group, name);

    return a != NULL && a->type == ATTRIBUTE_TEXT ? a->text : "";
}

static double
number_of(const struct log *log, const char *group, const char *name)
{
    const struct attribute *a = columns_file_attribute(log->file, group, name);

    return a == NULL                  ? NAN
           : a->type == ATTRIBUTE_U64 ? (double)a->u64
           : a->type == ATTRIBUTE_F64 ? a->f64
                                      : NAN;
}

/* Whether the run is where its options say that it ends. */
static bool
is_ended(const struct log *log)
{
    uint64_t steps = 0, bytes = 0;

    /* Words there stand for no end. */
    (void)units_parse_u64(&steps, text_of(log, "options", "steps"));
    (void)units_parse_u64(&bytes, text_of(log, "options", "max-bytes"));
    return number_of(log, "run", "steps") >= (double)steps &&
           number_of(log, "run", "bytes") >= (double)bytes;
}

static int
read_group(struct log *log, double **columns, size_t *n_rows, const char *group,
    const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t rows;
        if (columns_file_read(log->file, &columns[i], &rows, group, names[i]) !=
            0) {
            return -1;
        }
        if (i > 0 && rows != *n_rows) {
            report_error("%s: damaged: columns of /%s differ in length",
                log->path, group);
            return -1;
        }
        *n_rows = rows;
    }
    return 0;
}

/* What was trained how, for each row. */
static void
write_run(struct table *t, const struct log *log)
{
    table_text(t, "file", log->path);
    table_text(t, "corpus", text_of(log, "options", "corpus"));
    table_text(t, "config", text_of(log, "options", "config"));
    table_text(t, "tokenizer", text_of(log, "options", "tokenizer"));
    table_f64(t, "parameters", number_of(log, "model", "parameters"));
    table_text(t, "seed", text_of(log, "options", "seed"));
}

/* Row i of one of the groups. */
static void
write_row(struct table *t, const struct log *log, bool is_validation, size_t i)
{
    double *const *columns = is_validation ? log->validations : log->steps;

    table_row(t);
    write_run(t, log);
    table_text(t, "event", is_validation ? "validation" : "steps");
    table_f64(t, "step", columns[0][i]);
    table_f64(t, "bytes", columns[1][i]);
    table_f64(t, validation_names[2], is_validation ? columns[2][i] : NAN);
    for (size_t c = 2; c < N_STEP; c++) {
        table_f64(t, step_names[c], is_validation ? NAN : columns[c][i]);
    }
}

/* Both groups, by step; of the same step what was learnt comes first. */
static void
write_rows(struct table *t, const struct log *log)
{
    size_t s = 0, v = 0;

    while (s < log->n_steps || v < log->n_validations) {
        bool is_validation =
            s == log->n_steps || (v < log->n_validations &&
                                     log->validations[0][v] < log->steps[0][s]);
        write_row(t, log, is_validation, is_validation ? v : s);
        *(is_validation ? &v : &s) += 1;
    }
}

int
export_training(struct table *table, const char *path, bool may_be_short)
{
    struct log log = {.path = path, .file = columns_file_open(path)};
    int rc = log.file == NULL ? -1 : 0;

    if (rc == 0 && !may_be_short && !is_ended(&log)) {
        report_error("%s: of a run that has not reached its end: run its "
                     "command again, or export it with --incomplete",
            path);
        rc = -1;
    }
    if (rc == 0 &&
        (read_group(
             &log, log.steps, &log.n_steps, "steps", step_names, N_STEP) != 0 ||
            read_group(&log, log.validations, &log.n_validations, "validation",
                validation_names, N_VALIDATION) != 0)) {
        rc = -1;
    }
    if (rc == 0) {
        write_rows(table, &log);
    }
    for (size_t i = 0; i < N_STEP; i++) {
        mem_free(log.steps[i]);
    }
    for (size_t i = 0; i < N_VALIDATION; i++) {
        mem_free(log.validations[i]);
    }
    columns_file_close(log.file);
    return rc;
}
