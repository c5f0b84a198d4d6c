/*
 * sweep_read.c - from the lines of a file to lists, groups and their number.
 */
#include <stdio.h>
#include <string.h>

#include "base/ini.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "sweep_internal.h"

/* More commands than there are. */
#define SPECS_MAX 32

void
sweep_where(char where[SWEEP_WHERE_BYTES], const struct sweep *s, unsigned line)
{
    snprintf(where, SWEEP_WHERE_BYTES, "%s: line %u: ", s->path, line);
}

/*
 * Reading lines.
 */

/* "command" and "out" have one value wherever they stand. */
static int
take_single(char **text, unsigned *number, const char *where,
    const struct ini_line *line)
{
    if (*text != NULL) {
        report_error("%s%s is given twice", where, line->key);
        return -1;
    }
    *text = mem_strdup(line->value);
    *number = line->number;
    return *text == NULL ? -1 : 0;
}

static int
take_pair(struct sweep *s, const char *where, const struct ini_line *line)
{
    void *pairs = s->pairs;

    if (mem_grow(&pairs, &s->n_pairs_max, s->n_pairs, s->n_pairs + 1,
            sizeof(*s->pairs)) != 0) {
        return -1;
    }
    s->pairs = pairs;
    struct sweep_pair *pair = &s->pairs[s->n_pairs++];
    *pair = (struct sweep_pair){.line = line->number};
    return sweep_list_split(&pair->keys, where, line->value);
}

struct sweep_entry *
sweep_find(const struct sweep *s, const char *key)
{
    for (size_t i = 0; i < s->n_entries; i++) {
        if (strcmp(s->entries[i].key, key) == 0) {
            return &s->entries[i];
        }
    }
    return NULL;
}

static int
take_option(struct sweep *s, const char *where, const struct ini_line *line)
{
    void *entries = s->entries;
    bool is_list = line->section[0] != '\0';

    if (sweep_find(s, line->key) != NULL) {
        report_error("%s%s is given twice", where, line->key);
        return -1;
    }
    if (mem_grow(&entries, &s->n_entries_max, s->n_entries, s->n_entries + 1,
            sizeof(*s->entries)) != 0) {
        return -1;
    }
    s->entries = entries;
    struct sweep_entry *entry = &s->entries[s->n_entries];
    *entry = (struct sweep_entry){.key = mem_strdup(line->key),
        .line = line->number,
        .group = s->n_entries};
    s->n_entries++;
    if (entry->key == NULL) {
        return -1;
    }
    return is_list
               ? sweep_list_split(&entry->list, where, line->value)
               : sweep_list_add(&entry->list, line->value, strlen(line->value));
}

static int
take_line(void *user, const struct ini_line *line)
{
    struct sweep *s = user;
    char where[SWEEP_WHERE_BYTES];
    bool is_below = line->section[0] != '\0';

    sweep_where(where, s, line->number);
    if (is_below && strcmp(line->section, "sweep") != 0) {
        report_error("%ssection [%s]: the only section is [sweep]", where,
            line->section);
        return -1;
    }
    if (strcmp(line->key, "command") == 0) {
        return take_single(&s->command, &s->command_line, where, line);
    }
    if (strcmp(line->key, "out") == 0) {
        return take_single(&s->pattern, &s->pattern_line, where, line);
    }
    if (is_below && strcmp(line->key, "pair") == 0) {
        return take_pair(s, where, line);
    }
    return take_option(s, where, line);
}

/*
 * From lines to runs.
 */

static int
find_spec(struct sweep *s, const struct options_spec *const *specs)
{
    const char *names[SPECS_MAX];
    char where[SWEEP_WHERE_BYTES], known[256] = "";
    size_t n = 0, bytes = 0;

    for (; specs[n] != NULL && n < SPECS_MAX; n++) {
        names[n] = specs[n]->command;
        bytes += (size_t)snprintf(known + bytes, sizeof(known) - bytes, "%s%s",
            n > 0 ? ", " : "", names[n]);
        if (s->command != NULL && strcmp(s->command, names[n]) == 0) {
            s->spec = specs[n];
            return 0;
        }
    }
    if (s->command == NULL) {
        report_error(
            "%s: has no line \"command = NAME\", one of %s", s->path, known);
        return -1;
    }
    const char *nearest = options_nearest(s->command, names, n);
    sweep_where(where, s, s->command_line);
    report_error("%scommand = %s: want one of %s%s%s", where, s->command, known,
        nearest ? "; did you mean " : "", nearest ? nearest : "");
    return -1;
}

/* Join the lists of a line "pair". */
static int
join(struct sweep *s, const struct sweep_pair *pair)
{
    char where[SWEEP_WHERE_BYTES];
    const struct sweep_entry *first = NULL;

    sweep_where(where, s, pair->line);
    for (size_t i = 0; i < pair->keys.n; i++) {
        const char *key = pair->keys.values[i];
        struct sweep_entry *entry = sweep_find(s, key);
        if (entry == NULL) {
            report_error("%spair: there is no list %s", where, key);
            return -1;
        }
        if (entry->is_paired) {
            report_error("%spair: %s is named twice", where, key);
            return -1;
        }
        entry->is_paired = true;
        first = first != NULL ? first : entry;
        if (entry->list.n != first->list.n) {
            report_error("%spair: %s has %zu values, %s has %zu", where,
                first->key, first->list.n, key, entry->list.n);
            return -1;
        }
        entry->group = (size_t)(first - s->entries);
    }
    return 0;
}

/* A group lies where its first list stands: the others follow it. */
static void
order_groups(struct sweep *s)
{
    for (size_t i = 0; i < s->n_entries; i++) {
        size_t group = s->entries[i].group, first = i;
        for (size_t k = 0; k < s->n_entries; k++) {
            if (s->entries[k].group == group && k < first) {
                first = k;
            }
        }
        for (size_t k = i; k < s->n_entries; k++) {
            if (s->entries[k].group == group) {
                s->entries[k].group = first;
            }
        }
    }
}

static int
count_runs(struct sweep *s)
{
    s->n_runs = 1;
    for (size_t i = s->n_entries; i-- > 0;) {
        struct sweep_entry *entry = &s->entries[i];
        if (entry->group != i) {
            continue;
        }
        for (size_t k = i; k < s->n_entries; k++) {
            if (s->entries[k].group == i) {
                s->entries[k].stride = s->n_runs;
            }
        }
        if (entry->list.n > SWEEP_RUNS_MAX / s->n_runs) {
            report_error("%s: more than %d runs", s->path, SWEEP_RUNS_MAX);
            return -1;
        }
        s->n_runs *= entry->list.n;
    }
    return 0;
}

int
sweep_read(struct sweep *s, const struct options_spec *const *specs)
{
    if (ini_read(s->path, take_line, s) != 0 || find_spec(s, specs) != 0) {
        return -1;
    }
    for (size_t i = 0; i < s->n_pairs; i++) {
        if (join(s, &s->pairs[i]) != 0) {
            return -1;
        }
    }
    order_groups(s);
    return count_runs(s);
}
