/*
 * plan.c - codelen plan: the runs of a sweep file.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/grid.h"
#include "cmd/single.h"
#include "cmd/sweep_file.h"
#include "cmd/sweep_state.h"
#include "cmd/table.h"
#include "study/sweep.h"

struct plan_settings {
    const char *format;
    bool quick;
};

#define AT(field) offsetof(struct plan_settings, field)

static const struct option table[] = {
    {.name = "format",
        .type = OPTION_CHOICE,
        .offset = AT(format),
        .value = "text",
        .choices = "text|csv|json",
        .help = "text: for people, what varies; csv, json: all options"},
    {.name = "quick",
        .type = OPTION_FLAG,
        .offset = AT(quick),
        .help = "without costs, which take some seconds to find"},
};

static const struct options_spec spec = {
    .command = "plan",
    .question = "What would a sweep do?  Its runs, numbered, what each costs "
                "on one core of this machine, and which are complete.  The "
                "syntax of the file is in jobs/README.md.",
    .operands = "FILE.sweep",
    .example = "codelen plan jobs/context.sweep",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

/* A plan while it is written. */
struct plan {
    const struct plan_settings *settings;
    const struct sweep *sweep;
    struct table *table; /* NULL: for people */
    struct grid grid;
    size_t n_complete;
};

/*
 * For people.
 */

static int
write_header(struct plan *p)
{
    int rc = grid_add(&p->grid, "run");

    for (size_t i = 0; i < sweep_option_count(p->sweep); i++) {
        if (sweep_is_varied(p->sweep, i)) {
            rc |= grid_add(&p->grid, "%s", sweep_option(p->sweep, i));
        }
    }
    rc |= grid_add(&p->grid, "state");
    rc |= grid_add(&p->grid, "out");
    p->grid.n_columns = p->grid.n_cells;
    return rc;
}

static int
write_cells(struct plan *p, size_t run, enum sweep_state state)
{
    int rc = grid_add(&p->grid, "%zu", run);

    for (size_t i = 0; i < sweep_option_count(p->sweep); i++) {
        if (sweep_is_varied(p->sweep, i)) {
            rc |= grid_add(&p->grid, "%s", sweep_value(p->sweep, run, i));
        }
    }
    rc |= grid_add(&p->grid, "%s", sweep_state_name(state));
    rc |= grid_add(&p->grid, "%s", sweep_out(p->sweep, run));
    return rc;
}

/*
 * For programs.
 */

static int
write_row(struct plan *p, size_t run, enum sweep_state state,
    const struct options *options)
{
    const struct options_spec *options_of = options_spec(options);

    table_row(p->table);
    table_u64(p->table, "run", run);
    table_text(p->table, "command", options_of->command);
    table_text(p->table, "state", sweep_state_name(state));
    for (size_t i = 0; i < options_of->n_options; i++) {
        table_text(
            p->table, options_of->table[i].name, options_text(options, i));
    }
    return 0;
}

static int
write_run(struct plan *p, size_t run)
{
    struct options *options = sweep_options(p->sweep, run);
    int rc = -1;

    if (options == NULL) {
        return -1;
    }
    enum sweep_state state = sweep_state_find(options);
    p->n_complete += state == SWEEP_COMPLETE;
    rc = p->table == NULL ? write_cells(p, run, state)
                          : write_row(p, run, state, options);
    options_free(options);
    return rc;
}

static int
plan_sweep(struct plan *p)
{
    size_t n = sweep_count(p->sweep);
    int rc = p->table == NULL ? write_header(p) : 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = write_run(p, i);
    }
    if (rc == 0 && p->table == NULL) {
        rc = grid_print(&p->grid, stdout);
        printf("%zu runs of codelen %s, %zu complete\n", n,
            sweep_spec(p->sweep)->command, p->n_complete);
    } else if (rc == 0) {
        table_end(p->table);
    }
    return rc;
}

static int
work(const struct options *options, const void *settings, const struct par *par)
{
    const struct plan_settings *s = settings;
    sweep_command *command;
    struct table rows = {
        .is_json = strcmp(s->format, "json") == 0, .out = stdout};
    struct plan plan = {
        .settings = s, .table = strcmp(s->format, "text") == 0 ? NULL : &rows};
    struct sweep *sweep = NULL;
    int rc = -1;

    (void)par;
    if (options_operand_count(options) != 1) {
        report_error("want one file: codelen plan FILE.sweep");
        return -1;
    }
    sweep = sweep_file_open(&command, options_operand(options, 0));
    if (sweep != NULL) {
        plan.sweep = sweep;
        rc = plan_sweep(&plan);
    }
    grid_release(&plan.grid);
    sweep_close(sweep);
    return rc;
}

enum cmd_status
cmd_plan(struct par *par, int argc, char **argv)
{
    struct plan_settings settings = {0};

    return single_run(par, &spec, &settings, argc, argv, work);
}
