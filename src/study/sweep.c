/*
 * sweep.c - names of outputs, and what a run consists of.
 */
#include "study/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "study/sweep_name.h"
#include "sweep_internal.h"

/*
 * Names of outputs.
 */

/* Who asks for the value of a key. */
struct asking {
    const struct sweep *sweep;
    size_t run;
    const char *where;
    char number[32];
};

/* The value of a key in a pattern: as written, else the default. */
static const char *
look(void *user, const char *key)
{
    struct asking *a = user;
    const struct options_spec *spec = a->sweep->spec;
    const struct sweep_entry *entry = sweep_find(a->sweep, key);
    const char *value = NULL;

    if (strcmp(key, "index") == 0) {
        snprintf(a->number, sizeof(a->number), "%zu", a->run);
        return a->number;
    }
    if (entry != NULL) {
        return sweep_value(
            a->sweep, a->run, (size_t)(entry - a->sweep->entries));
    }
    for (size_t i = 0; i < spec->n_options; i++) {
        if (strcmp(spec->table[i].name, key) == 0) {
            value = spec->table[i].value;
        }
    }
    if (value == NULL) {
        report_error("%s{%s}: is not {index} nor an option of %s with a value",
            a->where, key, spec->command);
    }
    return value;
}

static int
compare_outs(const void *a, const void *b)
{
    const char *const *x = *(const char *const *const *)a;
    const char *const *y = *(const char *const *const *)b;
    int order = strcmp(*x, *y);

    return order != 0 ? order : x < y ? -1 : x > y;
}

/* Two runs must not write the same output. */
static int
check_outs(const struct sweep *s, const char *where)
{
    char ***sorted = mem_alloc(s->n_runs, sizeof(*sorted));
    int rc = sorted == NULL ? -1 : 0;

    for (size_t i = 0; i < s->n_runs && rc == 0; i++) {
        sorted[i] = &s->outs[i];
    }
    if (rc == 0) {
        qsort(sorted, s->n_runs, sizeof(*sorted), compare_outs);
    }
    for (size_t i = 1; i < s->n_runs && rc == 0; i++) {
        if (strcmp(*sorted[i - 1], *sorted[i]) == 0) {
            report_error("%sout: runs %zu and %zu would both write %s; put "
                         "what differs, or {index}, in braces",
                where, (size_t)(sorted[i - 1] - s->outs),
                (size_t)(sorted[i] - s->outs), *sorted[i]);
            rc = -1;
        }
    }
    mem_free(sorted);
    return rc;
}

static int
name_outs(struct sweep *s)
{
    char where[SWEEP_WHERE_BYTES];

    if (s->pattern == NULL || s->pattern[0] == '\0') {
        report_error("%s: has no line \"out = PATTERN\": each run needs an "
                     "output, e.g. out/{index}.h5",
            s->path);
        return -1;
    }
    sweep_where(where, s, s->pattern_line);
    s->outs = mem_alloc(s->n_runs, sizeof(*s->outs));
    for (size_t i = 0; i < s->n_runs && s->outs != NULL; i++) {
        struct asking asking = {.sweep = s, .run = i, .where = where};
        s->outs[i] = sweep_name(s->pattern, where, look, &asking);
        if (s->outs[i] == NULL) {
            return -1;
        }
    }
    return s->outs == NULL ? -1 : check_outs(s, where);
}

/* Parse the options of every run once. */
static int
check_runs(const struct sweep *s)
{
    for (size_t i = 0; i < s->n_runs; i++) {
        struct options *options = sweep_options(s, i);
        if (options == NULL) {
            report_error("%s: that is in run %zu", s->path, i);
            return -1;
        }
        options_free(options);
    }
    return 0;
}

struct sweep *
sweep_open(const char *path, const struct options_spec *const *specs)
{
    struct sweep *s = mem_alloc(1, sizeof(*s));

    if (s == NULL || (s->path = mem_strdup(path)) == NULL ||
        sweep_read(s, specs) != 0 || name_outs(s) != 0 || check_runs(s) != 0) {
        goto fail;
    }
    return s;

fail:
    sweep_close(s);
    return NULL;
}

void
sweep_close(struct sweep *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_entries; i++) {
        mem_free(s->entries[i].key);
        sweep_list_release(&s->entries[i].list);
    }
    for (size_t i = 0; i < s->n_pairs; i++) {
        sweep_list_release(&s->pairs[i].keys);
    }
    for (size_t i = 0; i < s->n_runs && s->outs != NULL; i++) {
        mem_free(s->outs[i]);
    }
    mem_free(s->outs);
    mem_free(s->entries);
    mem_free(s->pairs);
    mem_free(s->command);
    mem_free(s->pattern);
    mem_free(s->path);
    mem_free(s);
}

const struct options_spec *
sweep_spec(const struct sweep *sweep)
{
    return sweep->spec;
}

size_t
sweep_count(const struct sweep *sweep)
{
    return sweep->n_runs;
}

size_t
sweep_option_count(const struct sweep *sweep)
{
    return sweep->n_entries;
}

const char *
sweep_option(const struct sweep *sweep, size_t i)
{
    return sweep->entries[i].key;
}

bool
sweep_is_varied(const struct sweep *sweep, size_t i)
{
    return sweep->entries[i].list.n > 1;
}

const char *
sweep_value(const struct sweep *sweep, size_t run, size_t i)
{
    const struct sweep_entry *entry = &sweep->entries[i];

    return entry->list.values[run / entry->stride % entry->list.n];
}

const char *
sweep_out(const struct sweep *sweep, size_t run)
{
    return sweep->outs[run];
}

struct options *
sweep_options(const struct sweep *s, size_t run)
{
    struct options *options = options_new(s->spec);
    char where[SWEEP_WHERE_BYTES];
    int rc = options == NULL ? -1 : 0;

    for (size_t i = 0; i < s->n_entries && rc == 0; i++) {
        sweep_where(where, s, s->entries[i].line);
        rc = options_take(
            options, where, s->entries[i].key, sweep_value(s, run, i));
    }
    if (rc == 0) {
        sweep_where(where, s, s->pattern_line);
        rc = options_take(options, where, "out", s->outs[run]);
    }
    if (rc == 0) {
        rc =
            options_parse(options, NULL, 0, NULL, false) == OPTIONS_OK ? 0 : -1;
    }
    if (rc != 0) {
        options_free(options);
        return NULL;
    }
    return options;
}

char **
sweep_arguments(const struct sweep *s, size_t run, int *argc)
{
    size_t n = s->n_entries;
    char **argv = mem_alloc(n + 2, sizeof(*argv));

    for (size_t i = 0; i < n && argv != NULL; i++) {
        argv[i] =
            mem_printf("--%s=%s", s->entries[i].key, sweep_value(s, run, i));
        if (argv[i] == NULL) {
            sweep_arguments_free(argv);
            return NULL;
        }
    }
    if (argv != NULL &&
        (argv[n] = mem_printf("--out=%s", s->outs[run])) == NULL) {
        sweep_arguments_free(argv);
        return NULL;
    }
    *argc = (int)n + 1;
    return argv;
}

void
sweep_arguments_free(char **argv)
{
    for (char **p = argv; p != NULL && *p != NULL; p++) {
        mem_free(*p);
    }
    mem_free(argv);
}
