/*
 * options.c
 *
 * A value is kept as text with where it came from; it is converted once, into
 * the settings struct, so that job file and command line obey one rule.
 */
#include "base/options.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "options_internal.h"

/* Longest option name that the nearest-word search looks at. */
#define WORD_MAX 63

struct options *
options_new(const struct options_spec *spec)
{
    struct options *o = mem_alloc(1, sizeof(*o));

    if (o == NULL) {
        return NULL;
    }
    o->spec = spec;
    o->values = mem_alloc(spec->n_options, sizeof(*o->values));
    if (o->values == NULL) {
        mem_free(o);
        return NULL;
    }
    return o;
}

void
options_free(struct options *options)
{
    if (options == NULL) {
        return;
    }
    for (size_t i = 0; i < options->spec->n_options; i++) {
        mem_free(options->values[i].text);
    }
    mem_free(options->values);
    mem_free(options->operands);
    mem_free(options);
}

/* Edit distance of two words of at most WORD_MAX letters. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t n = strlen(b);

    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) {
                best = row[j] + 1;
            }
            if (row[j - 1] + 1 < best) {
                best = row[j - 1] + 1;
            }
            row[j] = best;
        }
    }
    return row[n];
}

const char *
options_nearest(const char *word, const char *const *names, size_t n)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 2 + 1;

    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) > WORD_MAX) {
            continue;
        }
        size_t d = distance(word, names[i]);
        /* A word that begins like the name is near whatever it lacks. */
        if (strncmp(word, names[i], strlen(word)) == 0 && strlen(word) > 1) {
            d = 1;
        }
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

int
options_find(const struct options *o, const char *name, size_t bytes)
{
    for (size_t i = 0; i < o->spec->n_options; i++) {
        const char *known = o->spec->table[i].name;
        if (strlen(known) == bytes && memcmp(known, name, bytes) == 0) {
            return (int)i;
        }
    }
    return -1;
}

void
options_report_unknown(const struct options *o, const char *where,
    const char *dashes, const char *name)
{
    const char *names[OPTIONS_MAX];
    size_t n = 0;

    while (n < o->spec->n_options && n + 2 < OPTIONS_MAX) {
        names[n] = o->spec->table[n].name;
        n++;
    }
    names[n++] = "job";
    names[n++] = "help";
    const char *nearest = options_nearest(name, names, n);
    if (nearest != NULL) {
        report_error("%sunknown option %s%s; did you mean %s%s?", where, dashes,
            name, dashes, nearest);
    } else {
        report_error("%sunknown option %s%s; codelen %s --help lists all",
            where, dashes, name, o->spec->command);
    }
}

int
options_set(struct options *o, size_t i, const char *text)
{
    mem_free(o->values[i].text);
    o->values[i].text = mem_strdup(text);
    o->values[i].is_given = true;
    return o->values[i].text == NULL ? -1 : 0;
}

/*
 * Take "--name value", "--name=value", a flag or "-o value", which is --out, at
 * argv[*at]; *job is set by --job, *is_help by --help.
 */
static int
take_option(struct options *o, int argc, char **argv, int *at, const char **job,
    bool *is_help)
{
    const char *name = strcmp(argv[*at], "-o") == 0 ? "out" : argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t bytes = equals ? (size_t)(equals - name) : strlen(name);
    int i = options_find(o, name, bytes);
    bool is_job = bytes == 3 && memcmp(name, "job", 3) == 0;

    if (bytes == 4 && memcmp(name, "help", 4) == 0) {
        *is_help = true;
        return 0;
    }
    if (i < 0 && !is_job) {
        char shown[WORD_MAX + 1];
        snprintf(shown, sizeof(shown), "%.*s", (int)bytes, name);
        options_report_unknown(o, "", "--", shown);
        return -1;
    }
    if (!is_job && o->spec->table[i].type == OPTION_FLAG && equals == NULL) {
        return options_set(o, (size_t)i, "yes");
    }
    if (equals == NULL && *at + 1 >= argc) {
        report_error("--%s needs a value", is_job ? "job" : name);
        return -1;
    }
    const char *value = equals ? equals + 1 : argv[++*at];
    if (is_job) {
        *job = value;
        return 0;
    }
    return options_set(o, (size_t)i, value);
}

/* Sort the arguments into options and operands. */
static int
take_arguments(
    struct options *o, int argc, char **argv, const char **job, bool *is_help)
{
    for (int at = 0; at < argc && !*is_help; at++) {
        if (strcmp(argv[at], "-h") == 0) {
            *is_help = true;
        } else if (strcmp(argv[at], "-o") == 0 ||
                   (strncmp(argv[at], "--", 2) == 0 && argv[at][2] != '\0')) {
            if (take_option(o, argc, argv, &at, job, is_help) != 0) {
                return -1;
            }
        } else if (argv[at][0] == '-' && argv[at][1] != '\0') {
            report_error("%s: options begin with two dashes", argv[at]);
            return -1;
        } else if (o->spec->operands == NULL) {
            report_error(
                "unexpected argument %s: options begin with --", argv[at]);
            return -1;
        } else {
            o->operands[o->n_operands++] = argv[at];
        }
    }
    return 0;
}

enum options_outcome
options_parse(struct options *options, void *settings, int argc, char **argv,
    bool may_print)
{
    const struct options_spec *spec = options->spec;
    const char *job = NULL;
    bool is_help = false;

    options->operands = mem_alloc((size_t)argc + 1, sizeof(*options->operands));
    if (options->operands == NULL ||
        take_arguments(options, argc, argv, &job, &is_help) != 0) {
        return OPTIONS_WRONG;
    }
    if (is_help) {
        if (may_print) {
            options_print_help(spec);
        }
        return OPTIONS_HELP;
    }
    if (job != NULL && options_read_job(options, job) != 0) {
        return OPTIONS_WRONG;
    }
    for (size_t i = 0; i < spec->n_options; i++) {
        const struct option *option = &spec->table[i];
        struct option_value *value = &options->values[i];
        if (!value->is_given && option->value != NULL) {
            value->text = mem_strdup(option->value);
        }
        if (value->text == NULL && option->is_required) {
            report_error("--%s %s is needed: %s", option->name, option->unit,
                option->help);
            return OPTIONS_WRONG;
        }
        if (options_convert(options, i, settings) != 0) {
            return OPTIONS_WRONG;
        }
    }
    return OPTIONS_OK;
}

size_t
options_operand_count(const struct options *options)
{
    return options->n_operands;
}

const char *
options_operand(const struct options *options, size_t i)
{
    return options->operands[i];
}

const char *
options_text(const struct options *options, size_t i)
{
    const char *text = options->values[i].text;
    bool is_flag = options->spec->table[i].type == OPTION_FLAG;

    return text != NULL ? text : is_flag ? "no" : "";
}

const char *
options_named(const struct options *options, const char *name)
{
    int i = options_find(options, name, strlen(name));

    return i < 0 ? NULL : options_text(options, (size_t)i);
}

bool
options_is_default(const struct options *options, size_t i)
{
    return !options->values[i].is_given;
}

const struct options_spec *
options_spec(const struct options *options)
{
    return options->spec;
}
