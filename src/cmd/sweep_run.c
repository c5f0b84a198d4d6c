/*
 * sweep_run.c - codelen run: the runs of a sweep that are not complete.
 *
 * A run is the command itself, called with the options of the file: it
 * continues what was begun and refuses what others made.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "cmd/cmd.h"
#include "cmd/sweep_file.h"
#include "cmd/sweep_state.h"
#include "par/par.h"
#include "study/sweep.h"

/* No index was given. */
#define NO_INDEX UINT64_MAX

struct run_sweep_settings {
    uint64_t index;
    bool all;
};

#define AT(field) offsetof(struct run_sweep_settings, field)

static const struct option table[] = {
    {.name = "index",
        .type = OPTION_COUNT,
        .offset = AT(index),
        .max = SWEEP_RUNS_MAX,
        .unit = "I",
        .help = "the run of that number, see codelen plan"},
    {.name = "all",
        .type = OPTION_FLAG,
        .offset = AT(all),
        .help = "one after the other; a run that fails does not stop the "
                "others"},
};

static const struct options_spec spec = {
    .command = "run",
    .question = "Do what a sweep file asks for: complete outputs are skipped, "
                "what was begun is continued.  The syntax of the file is in "
                "jobs/README.md.",
    .operands = "FILE.sweep",
    .example = "mpirun -n 2 codelen run jobs/context.sweep --all",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

/* A sweep while it runs. */
struct work {
    struct par *par;
    struct sweep *sweep;
    sweep_command *command;
    size_t n_failed;
};

/* The directories above an output. */
static int
make_parents(const char *out)
{
    char *path = mem_strdup(out);
    int rc = path == NULL ? -1 : 0;

    for (char *p = path; rc == 0 && (p = strchr(p + 1, '/')) != NULL;) {
        *p = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            report_error("%s: %s", path, strerror(errno));
            rc = -1;
        }
        *p = '/';
    }
    mem_free(path);
    return rc;
}

/* Rank 0 looks whether there is something to do: 1, 0 or -1. */
static int
look(const struct work *w, size_t i)
{
    struct options *options = sweep_options(w->sweep, i);

    if (options == NULL) {
        return -1;
    }
    bool is_complete = sweep_state_find(options) == SWEEP_COMPLETE;
    report_note("run %zu of 0-%zu: %s%s", i, sweep_count(w->sweep) - 1,
        sweep_out(w->sweep, i), is_complete ? ": complete" : "");
    options_free(options);
    return is_complete ? 0 : make_parents(sweep_out(w->sweep, i)) != 0 ? -1 : 1;
}

static enum cmd_status
run_one(const struct work *w, size_t i)
{
    struct par *par = w->par;
    int argc, todo = par_rank(par) == 0 ? look(w, i) : 0;

    if (par_any_failed(par, todo < 0 ? -1 : 0)) {
        return CMD_FAILED;
    }
    par_broadcast(par, &todo, sizeof(todo), 0);
    if (todo == 0) {
        return CMD_DONE;
    }
    char **argv = sweep_arguments(w->sweep, i, &argc);
    if (par_any_failed(par, argv == NULL ? -1 : 0)) {
        sweep_arguments_free(argv);
        return CMD_FAILED;
    }
    report_command(sweep_spec(w->sweep)->command);
    enum cmd_status status = w->command(par, argc, argv);
    report_command(spec.command);
    sweep_arguments_free(argv);
    return status == CMD_USAGE ? CMD_FAILED : status;
}

/* Whether some rank was asked to stop; collective. */
static bool
is_stopping(struct par *par)
{
    uint64_t n = stop_requested();

    par_sum_u64(par, &n, 1);
    return n > 0;
}

static enum cmd_status
run_all(struct work *w)
{
    size_t n = sweep_count(w->sweep);

    for (size_t i = 0; i < n; i++) {
        enum cmd_status status =
            is_stopping(w->par) ? CMD_STOPPED : run_one(w, i);
        if (status == CMD_STOPPED) {
            if (par_rank(w->par) == 0) {
                report_note("stopped at run %zu of 0-%zu; the same command "
                            "goes on",
                    i, n - 1);
            }
            return CMD_STOPPED;
        }
        w->n_failed += status == CMD_FAILED;
    }
    if (w->n_failed > 0 && par_rank(w->par) == 0) {
        report_error("%zu of %zu runs failed", w->n_failed, n);
    }
    return w->n_failed > 0 ? CMD_FAILED : CMD_DONE;
}

/* What is wrong with the command line; rank by rank the same. */
static int
check(const struct options *options, const struct run_sweep_settings *s)
{
    if (options_operand_count(options) != 1) {
        report_error("want one file: codelen run FILE.sweep");
        return -1;
    }
    if (s->all == (s->index != NO_INDEX)) {
        report_error("want --all or --index I");
        return -1;
    }
    return 0;
}

/* The sweep, and whether it has the run that is asked for. */
static int
open_sweep(struct work *w, const char *path, uint64_t index)
{
    w->sweep = sweep_file_open(&w->command, path);
    if (w->sweep == NULL) {
        return -1;
    }
    if (index != NO_INDEX && index >= sweep_count(w->sweep)) {
        report_error("--index %llu: %s has runs 0 to %zu",
            (unsigned long long)index, path, sweep_count(w->sweep) - 1);
        return -1;
    }
    return 0;
}

enum cmd_status
cmd_run(struct par *par, int argc, char **argv)
{
    struct run_sweep_settings settings = {0};
    struct options *options = options_new(&spec);
    struct work work = {.par = par};
    enum options_outcome outcome = OPTIONS_WRONG;
    enum cmd_status status = CMD_USAGE;
    int rc = -1;

    if (options != NULL) {
        outcome =
            options_parse(options, &settings, argc, argv, par_rank(par) == 0);
    }
    if (outcome == OPTIONS_OK && options_text(options, 0)[0] == '\0') {
        settings.index = NO_INDEX;
    }
    rc = outcome == OPTIONS_HELP ||
                 (outcome == OPTIONS_OK && check(options, &settings) == 0)
             ? 0
             : -1;
    if (par_any_failed(par, rc)) {
        goto done;
    }
    status = CMD_DONE;
    if (outcome == OPTIONS_HELP) {
        goto done;
    }
    rc = open_sweep(&work, options_operand(options, 0), settings.index);
    if (par_any_failed(par, rc)) {
        status = CMD_USAGE;
        goto done;
    }
    stop_on_signals(0);
    status =
        settings.all ? run_all(&work) : run_one(&work, (size_t)settings.index);
done:
    sweep_close(work.sweep);
    options_free(options);
    return status;
}
