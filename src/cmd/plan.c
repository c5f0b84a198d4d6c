/*
 * plan.c - codelen plan: the runs of a sweep file.
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/grid.h"
#include "cmd/single.h"
#include "cmd/sweep_cost.h"
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
    struct sweep_costs *costs; /* NULL: not wanted */
    size_t n_complete;
    double left_flops, left_s; /* of runs that are not complete */
    bool is_unknown;           /* some of them have costs that are not known */
    int rc;                    /* -1: a cost could not be found */
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
    if (p->costs != NULL) {
        rc |= grid_add(&p->grid, "text");
        rc |= grid_add(&p->grid, "FLOP");
        rc |= grid_add(&p->grid, "core time");
        rc |= grid_add(&p->grid, "memory");
    }
    rc |= grid_add(&p->grid, "out");
    p->grid.n_columns = p->grid.n_cells;
    return rc;
}

/* A number in a few letters by format(); "-" if it is not known or 0. */
static int
add_number(struct grid *grid, double value,
    void (*format)(char *out, size_t out_bytes_max, double value))
{
    char text[32];

    if (!(value > 0)) {
        return grid_add(grid, "-");
    }
    format(text, sizeof(text), value);
    return grid_add(grid, "%s", text);
}

/* "1.23e+12" */
static void
format_flops(char *out, size_t out_bytes_max, double flops)
{
    snprintf(out, out_bytes_max, "%.2e", flops);
}

static int
write_cells(struct plan *p, size_t run, enum sweep_state state,
    const struct sweep_cost *cost)
{
    int rc = grid_add(&p->grid, "%zu", run);

    for (size_t i = 0; i < sweep_option_count(p->sweep); i++) {
        if (sweep_is_varied(p->sweep, i)) {
            rc |= grid_add(&p->grid, "%s", sweep_value(p->sweep, run, i));
        }
    }
    rc |= grid_add(&p->grid, "%s", sweep_state_name(state));
    if (p->costs != NULL) {
        rc |= add_number(&p->grid, cost->raw_bytes, units_format_bytes);
        rc |= add_number(&p->grid, cost->flops, format_flops);
        rc |= add_number(&p->grid, cost->core_s, units_format_seconds);
        rc |= add_number(&p->grid, cost->memory_bytes, units_format_bytes);
    }
    rc |= grid_add(&p->grid, "%s", sweep_out(p->sweep, run));
    return rc;
}

/*
 * For programs.
 */

static int
write_row(struct plan *p, size_t run, enum sweep_state state,
    const struct options *options, const struct sweep_cost *cost)
{
    const struct options_spec *options_of = options_spec(options);

    table_row(p->table);
    table_u64(p->table, "run", run);
    table_text(p->table, "command", options_of->command);
    table_text(p->table, "state", sweep_state_name(state));
    if (p->costs != NULL) {
        table_f64(p->table, "text_bytes", cost->raw_bytes);
        table_f64(p->table, "flops", cost->flops);
        table_f64(p->table, "core_seconds", cost->core_s);
        table_f64(p->table, "memory_bytes", cost->memory_bytes);
    }
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
    struct sweep_cost cost = {0};
    enum sweep_state state = sweep_state_find(options);
    if (p->costs != NULL) {
        p->rc |= sweep_cost_find(p->costs, &cost, options);
    }
    if (state == SWEEP_COMPLETE) {
        p->n_complete++;
    } else if (isnan(cost.core_s)) {
        p->is_unknown = true;
    } else {
        p->left_flops += cost.flops;
        p->left_s += cost.core_s;
    }
    rc = p->table == NULL ? write_cells(p, run, state, &cost)
                          : write_row(p, run, state, options, &cost);
    options_free(options);
    return rc;
}

static void
print_sum(const struct plan *p)
{
    char time[32], flops[32] = "";

    printf("%zu runs of codelen %s, %zu complete", sweep_count(p->sweep),
        sweep_spec(p->sweep)->command, p->n_complete);
    if (p->costs != NULL && p->left_s > 0) {
        units_format_seconds(time, sizeof(time), p->left_s);
        if (p->left_flops > 0) {
            snprintf(flops, sizeof(flops), " (%.2e FLOP)", p->left_flops);
        }
        printf("; left: %s%s%s on one core of this machine",
            p->is_unknown ? "more than " : "", time, flops);
    }
    printf("\n");
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
        print_sum(p);
    } else if (rc == 0) {
        table_end(p->table);
    }
    return rc != 0 ? rc : p->rc;
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
    if (sweep != NULL && !s->quick) {
        plan.costs = sweep_costs_new();
    }
    if (sweep != NULL && (s->quick || plan.costs != NULL)) {
        plan.sweep = sweep;
        rc = plan_sweep(&plan);
    }
    sweep_costs_free(plan.costs);
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
