/*
 * train_log.c
 */
#include "cmd/train_log.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/build.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "cmd/train.h"
#include "cmd/train_table.h"
#include "par/par.h"

/* Bits in a nat. */
#define BITS 1.4426950408889634

/* The mean of the progress line covers about so many steps. */
#define SHOWN_STEPS 100

/* Sums over the steps since the last line. */
struct sums {
    uint64_t n;
    double nats, n_targets, norm, flops, seconds;
};

struct train_log {
    char *path;
    FILE *file;
    struct sums sums;
    uint64_t step;     /* of the last step that was taken */
    double factor;     /* of it */
    double shown_bits; /* running mean */
    uint64_t n_shown;
    const struct train *train; /* while steps are taken */
};

static int
fail(const struct train_log *log)
{
    report_error("%s: %s", log->path, strerror(errno));
    return -1;
}

/* Cut the file to so many bytes, if it has more.  Errors: -1, not reported. */
static int
cut(struct train_log *log, off_t bytes)
{
    off_t end = lseek(fileno(log->file), 0, SEEK_END);

    return end > bytes ? ftruncate(fileno(log->file), bytes) : end < 0 ? -1 : 0;
}

struct train_log *
train_log_open(const char *directory, uint64_t keep_bytes)
{
    struct train_log *log = mem_alloc(1, sizeof(*log));

    if (log == NULL) {
        return NULL;
    }
    log->path = file_join(directory, "train.jsonl");
    if (log->path == NULL) {
        train_log_close(log);
        return NULL;
    }
    log->file = fopen(log->path, "a");
    if (log->file == NULL || cut(log, (off_t)keep_bytes) != 0) {
        fail(log);
        train_log_close(log);
        return NULL;
    }
    return log;
}

void
train_log_close(struct train_log *log)
{
    if (log != NULL) {
        if (log->file != NULL) {
            fclose(log->file);
        }
        mem_free(log->path);
        mem_free(log);
    }
}

/* Write a line; takes the object. */
static int
write_line(struct train_log *log, json_t *line)
{
    int rc = -1;

    if (line == NULL) {
        report_error("%s: no memory for a line", log->path);
    } else if (json_dumpf(line, log->file,
                   JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 ||
               fputc('\n', log->file) == EOF || fflush(log->file) != 0) {
        fail(log);
    } else {
        rc = 0;
    }
    json_decref(line);
    return rc;
}

int
train_log_start(struct train_log *log, const struct train *t)
{
    const struct options_spec *spec = options_spec(t->options);
    char now[32];
    json_t *options = json_object();

    for (size_t i = 0; i < spec->n_options; i++) {
        json_object_set_new(options, spec->table[i].name,
            json_string(options_text(t->options, i)));
    }
    clock_utc(now, sizeof(now));
    return write_line(log,
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:s,s:f,s:f,s:o}",
            "event", "start", "time", now, "version", build_version(),
            "revision", build_revision(), "architecture",
            t->config.architecture, "parameters", (json_int_t)t->size, "step",
            (json_int_t)t->state.step, "ranks", (json_int_t)par_size(t->par),
            "threads", (json_int_t)t->n_threads, "engine",
            net_engine_name(t->engine), "peak_gflops", 1e-9 * t->peak_flops,
            "bytes_per_token", t->bytes_per_token, "options", options));
}

/* The mean of the steps since the last line. */
static int
write_steps(struct train_log *log, const struct train *t)
{
    const struct train_settings *s = t->settings;
    struct sums *sums = &log->sums;
    double n = (double)sums->n;
    double bytes = n * (double)s->batch * t->bytes_per_token;
    double gflops = 1e-9 * sums->flops / sums->seconds;

    if (sums->n == 0) {
        return 0;
    }
    json_t *line = json_pack("{s:s,s:I,s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f}",
        "event", "steps", "step", (json_int_t)t->state.step, "bytes",
        (json_int_t)t->state.bytes, "seconds", t->state.seconds,
        "train_bits_per_byte",
        BITS * sums->nats / sums->n_targets / t->bytes_per_token, "rate",
        s->rate * log->factor, "muon_rate", s->muon_rate * log->factor,
        "gradient_norm", sums->norm / n, "bytes_per_second",
        bytes / sums->seconds, "gflops", gflops, "share_of_peak",
        1e9 * gflops / t->peak_flops);
    *sums = (struct sums){0};
    return write_line(log, line);
}

int
train_log_step(
    struct train_log *log, const struct train *t, const struct train_step *step)
{
    struct sums *sums = &log->sums;
    double bits = BITS * step->nats / step->n_targets / t->bytes_per_token;

    sums->n++;
    sums->nats += step->nats;
    sums->n_targets += step->n_targets;
    sums->norm += step->norm;
    sums->flops += step->flops;
    sums->seconds += step->seconds;
    log->factor = step->factor;
    log->train = t;
    log->n_shown += log->n_shown < SHOWN_STEPS;
    log->shown_bits += (bits - log->shown_bits) / (double)log->n_shown;
    return t->state.step % t->settings->log_every == 0 ? write_steps(log, t)
                                                       : 0;
}

double
train_log_bits(const struct train_log *log)
{
    return log->shown_bits;
}

int
train_log_validation(
    struct train_log *log, const struct train *t, const struct train_measure *m)
{
    return write_line(
        log, json_pack("{s:s,s:I,s:I,s:f,s:f,s:I,s:f}", "event", "validation",
                 "step", (json_int_t)t->state.step, "bytes",
                 (json_int_t)t->state.bytes, "seconds", t->state.seconds,
                 "validation_bits_per_byte", m->bits / m->bytes, "chunk_bytes",
                 (json_int_t)t->settings->validate_chunk, "measure_seconds",
                 m->seconds));
}

int
train_log_end(struct train_log *log, const struct train *t,
    const struct train_measure *full, const struct train_measure *stored)
{
    char now[32];

    clock_utc(now, sizeof(now));
    json_t *line = json_pack("{s:s,s:s,s:I,s:I,s:f,s:s}", "event", "end",
        "time", now, "step", (json_int_t)t->state.step, "bytes",
        (json_int_t)t->state.bytes, "seconds", t->state.seconds, "stored_as",
        tensor_type_name(train_store(t)));
    if (line != NULL && full != NULL) {
        json_object_set_new(line, "validation_bits_per_byte_f32",
            json_real(full->bits / full->bytes));
        json_object_set_new(line, "validation_bits_per_byte",
            json_real(stored->bits / stored->bytes));
    }
    return write_line(log, line);
}

int
train_log_sync(struct train_log *log, uint64_t *bytes)
{
    if (log->train != NULL && write_steps(log, log->train) != 0) {
        return -1;
    }
    /* EINVAL: this file system has nothing to sync here. */
    if (fflush(log->file) != 0 ||
        (fsync(fileno(log->file)) != 0 && errno != EINVAL)) {
        return fail(log);
    }
    off_t at = lseek(fileno(log->file), 0, SEEK_END);
    if (at < 0) {
        return fail(log);
    }
    *bytes = (uint64_t)at;
    return 0;
}

int
train_log_table(struct train_log *log, const struct train *t)
{
    return train_table_write(t, log->path);
}
