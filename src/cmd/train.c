/*
 * train.c - codelen train: a model from a corpus.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/threads.h"
#include "cmd/train.h"
#include "cmd/train_log.h"
#include "par/par.h"

/* "BYTES,BYTES,...", rising. */
static int
parse_saves(struct train *t)
{
    char word[64];
    const char *p = t->settings->save_at;

    while (p != NULL && *p != '\0') {
        size_t n = strcspn(p, ",");
        uint64_t *value = &t->save_at[t->n_saves];
        snprintf(word, sizeof(word), "%.*s", (int)n, p);
        if (t->n_saves == TRAIN_SAVES_MAX ||
            units_parse_bytes(value, word) != 0 || *value == 0) {
            report_error("--save-at %s: want at most %d numbers of bytes, "
                         "e.g. 1e7,1e8",
                t->settings->save_at, TRAIN_SAVES_MAX);
            return -1;
        }
        t->n_saves++;
        p += n + (p[n] == ',');
    }
    return 0;
}

/* What can be told to be wrong before anything is read. */
static int
check_settings(struct train *t)
{
    const struct train_settings *s = t->settings;
    bool is_open = s->n_steps == 0 && s->max_bytes == 0;
    bool has_stages = strchr(s->context, ',') != NULL;

    if (s->out[0] == '\0') {
        report_error("--out: the name is empty");
        return -1;
    }
    if (s->n_steps > 0 && s->max_bytes > 0) {
        report_error("--steps and --max-bytes: give one of them");
        return -1;
    }
    if (is_open && (strcmp(s->schedule, "constant") != 0 || has_stages ||
                       s->cooldown_from != NULL)) {
        report_error("a run without --steps or --max-bytes has no end that "
                     "%s could be planned for; with --schedule constant it "
                     "goes on until it is stopped",
            has_stages                 ? "--context"
            : s->cooldown_from != NULL ? "--cooldown-from"
                                       : "--schedule");
        return -1;
    }
    return curriculum_parse(&t->curriculum, s->context, s->batch) != 0 ||
                   parse_saves(t) != 0
               ? -1
               : 0;
}

/* On rank 0: log the step, show progress.  A failure is told with the next
   step. */
static void
take_step(struct train *t, const struct train_step *step)
{
    char rate[32], eta[32], line[192];
    const struct checkpoint_state *state = &t->state;

    if (par_rank(t->par) != 0) {
        return;
    }
    t->rc |= train_log_step(t->log, t, step);
    if (!progress_is_due(&t->progress)) {
        return;
    }
    double bytes = (double)t->settings->batch * t->bytes_per_token;
    units_format_bytes(rate, sizeof(rate), bytes / step->seconds);
    int n = snprintf(line, sizeof(line), "step %" PRIu64, state->step);
    if (t->n_steps > 0) {
        double left = (double)(t->n_steps - state->step);
        units_format_seconds(
            eta, sizeof(eta), left * state->seconds / (double)state->step);
        n += snprintf(
            line + n, sizeof(line) - (size_t)n, " of %" PRIu64, t->n_steps);
    }
    n += snprintf(line + n, sizeof(line) - (size_t)n,
        ", %s/s, %.4f bits per byte", rate, train_log_bits(t->log));
    if (t->n_steps > 0) {
        snprintf(line + n, sizeof(line) - (size_t)n, ", %s left", eta);
    }
    progress_line(&t->progress, line);
}

/* Save the model as type and measure it; collective. */
static int
save_and_measure(
    struct train *t, struct train_measure *measure, enum tensor_type type)
{
    int rc =
        par_rank(t->par) == 0 ? train_save_model(t, t->settings->out, type) : 0;

    if (par_any_failed(t->par, rc)) {
        return -1;
    }
    *measure = (struct train_measure){0};
    return t->held_out.end > t->held_out.first
               ? train_validate(t, measure, t->settings->out)
               : 0;
}

static int
validate(struct train *t)
{
    struct train_measure measure;

    if (save_and_measure(t, &measure, train_store(t)) != 0) {
        return -1;
    }
    if (par_rank(t->par) == 0 && measure.bytes > 0) {
        t->rc |= train_log_validation(t->log, t, &measure);
        progress_end(&t->progress);
        report_note("step %" PRIu64 ": %.4f bits per byte of the held-out part",
            t->state.step, measure.bits / measure.bytes);
    }
    return 0;
}

/* What is to be done after some steps. */
static int
do_chores(struct train *t, const struct train_step *step, uint64_t bytes_before)
{
    const struct train_settings *s = t->settings;
    bool is_last = t->state.step == t->n_steps;

    for (size_t i = 0; i < t->n_saves; i++) {
        if (t->save_at[i] > bytes_before && t->save_at[i] <= t->state.bytes &&
            train_keep(t, t->save_at[i]) != 0) {
            return -1;
        }
    }
    if (t->state.step % s->validate_every == 0 && !is_last &&
        validate(t) != 0) {
        return -1;
    }
    if (t->state.step % s->checkpoint_every == 0 || is_last ||
        step->is_checkpoint_due) {
        return train_checkpoint(t);
    }
    return 0;
}

/* Steps until the end or a wish to stop, which ends with a checkpoint. */
static int
go(struct train *t, bool *is_stopped)
{
    struct train_step step = {0};

    *is_stopped = false;
    while (t->n_steps == 0 || t->state.step < t->n_steps) {
        uint64_t bytes_before = t->state.bytes;
        if (train_step(t, &step) != 0) {
            return -1;
        }
        take_step(t, &step);
        if (do_chores(t, &step, bytes_before) != 0) {
            return -1;
        }
        if (step.is_stopping && t->state.step != t->n_steps) {
            *is_stopped = true;
            return train_checkpoint(t);
        }
    }
    return par_any_failed(t->par, t->rc) ? -1 : 0;
}

static void
print_result(const struct train *t, const struct train_measure *full,
    const struct train_measure *stored)
{
    char bytes[32], seconds[32];

    units_format_bytes(bytes, sizeof(bytes), (double)t->state.bytes);
    units_format_seconds(seconds, sizeof(seconds), t->state.seconds);
    printf("model       %s, %zu parameters\n", t->settings->out, t->size);
    printf("learnt      %s in %" PRIu64 " steps, %s\n", bytes, t->state.step,
        seconds);
    if (stored->bytes > 0) {
        printf("held out    %.4f bits per byte (%.2f %%) of %.0f "
               "bytes in chunks of %" PRIu64 "; %.4f before storing as %s\n",
            stored->bits / stored->bytes,
            100 * stored->bits / stored->bytes / 8, stored->bytes,
            t->settings->validate_chunk, full->bits / full->bytes,
            t->settings->store);
    }
}

/* The final model, what storing it costs, the tables. */
static int
finish(struct train *t)
{
    struct train_measure full, stored;
    int rc = 0;

    if (save_and_measure(t, &full, TENSOR_F32) != 0) {
        return -1;
    }
    stored = full;
    if (train_store(t) != TENSOR_F32 &&
        save_and_measure(t, &stored, train_store(t)) != 0) {
        return -1;
    }
    if (par_rank(t->par) == 0) {
        bool is_measured = stored.bytes > 0;
        rc = (is_measured && train_log_validation(t->log, t, &stored) != 0) ||
                     train_log_end(
                         t->log, t, is_measured ? &full : NULL, &stored) != 0 ||
                     train_log_table(t->log, t) != 0
                 ? -1
                 : 0;
        progress_end(&t->progress);
    }
    if (par_any_failed(t->par, rc)) {
        return -1;
    }
    t->state.is_complete = 1;
    if (train_checkpoint(t) != 0) {
        return -1;
    }
    if (par_rank(t->par) == 0) {
        print_result(t, &full, &stored);
    }
    return 0;
}

/* The model as it is now, for those who look in. */
static enum cmd_status
stop(struct train *t)
{
    int rc = 0;

    if (par_rank(t->par) == 0) {
        progress_end(&t->progress);
        rc = train_save_model(t, t->settings->out, train_store(t)) != 0 ||
                     train_log_table(t->log, t) != 0
                 ? -1
                 : 0;
        report_note("stopped (%s) after step %" PRIu64
                    "; run the same command again to go on",
            stop_reason()[0] == '\0' ? "another rank was asked to"
                                     : stop_reason(),
            t->state.step);
    }
    return par_any_failed(t->par, rc) ? CMD_FAILED : CMD_STOPPED;
}

static int
open_log(struct train *t)
{
    if (par_rank(t->par) == 0) {
        t->log = train_log_open(t->settings->out, t->state.log_bytes);
        t->rc = t->log == NULL ? -1 : train_log_start(t->log, t);
        progress_start(&t->progress, t->n_steps, 0, t->state.step, 0);
    }
    return par_any_failed(t->par, t->rc) ? -1 : 0;
}

static enum cmd_status
run(struct train *t)
{
    bool is_stopped;

    if (train_open(t) != 0) {
        return CMD_FAILED;
    }
    int begun = train_begin(t);
    if (begun != 0) {
        if (begun == 1 && par_rank(t->par) == 0) {
            report_note("%s: complete, nothing to do", t->settings->out);
        }
        return begun == 1 ? CMD_DONE : CMD_FAILED;
    }
    if (open_log(t) != 0) {
        return CMD_FAILED;
    }
    int rc = go(t, &is_stopped);
    progress_end(&t->progress);
    if (rc != 0) {
        return CMD_FAILED;
    }
    return is_stopped ? stop(t) : finish(t) == 0 ? CMD_DONE : CMD_FAILED;
}

enum cmd_status
cmd_train(struct par *par, int argc, char **argv)
{
    struct train_settings settings = {0};
    struct options *options = options_new(&train_spec);
    struct train train = {.par = par, .options = options, .lock = -1};
    enum options_outcome outcome = OPTIONS_WRONG;
    enum cmd_status status = CMD_FAILED;

    train.settings = &settings;
    if (options != NULL) {
        outcome =
            options_parse(options, &settings, argc, argv, par_rank(par) == 0);
    }
    if (outcome == OPTIONS_OK && check_settings(&train) != 0) {
        outcome = OPTIONS_WRONG;
    }
    if (par_any_failed(par, outcome == OPTIONS_WRONG ? -1 : 0)) {
        status = CMD_USAGE;
    } else if (outcome == OPTIONS_HELP) {
        status = CMD_DONE;
    } else {
        stop_on_signals(settings.max_hours);
        train.n_threads = threads_choose(settings.threads, par);
        status = run(&train);
    }
    train_log_close(train.log);
    train_close(&train);
    options_free(options);
    return status;
}
