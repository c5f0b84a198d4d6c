/*
 * options.c
 *
 * A value is kept as text with where it came from; it is converted once, into
 * the settings struct, so that job file and command line obey one rule.
 */
#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/units.h"
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

static int
find(const struct options *o, const char *name, size_t bytes)
{
    for (size_t i = 0; i < o->spec->n_options; i++) {
        const char *known = o->spec->table[i].name;
        if (strlen(known) == bytes && memcmp(known, name, bytes) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void
report_unknown(const struct options *o, const char *where, const char *dashes,
    const char *name)
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

/* Remember text as the value of option i. */
static int
set(struct options *o, size_t i, const char *text)
{
    mem_free(o->values[i].text);
    o->values[i].text = mem_strdup(text);
    o->values[i].is_given = true;
    return o->values[i].text == NULL ? -1 : 0;
}

/* Whether word is one of the words of "a|b|c". */
static bool
is_choice(const char *word, const char *choices)
{
    size_t bytes = strlen(word);

    while (choices != NULL && *choices != '\0') {
        size_t n = strcspn(choices, "|");
        if (n == bytes && memcmp(choices, word, n) == 0) {
            return true;
        }
        choices += n + (choices[n] == '|');
    }
    return false;
}

/* Read a number; with a word such as "whole" standing for 0. */
static int
convert_number(double *value, uint64_t *whole, const struct option *option,
    const char *text)
{
    int rc = -1;

    if (is_choice(text, option->choices)) {
        *whole = 0;
        return 0;
    }
    if (option->type == OPTION_BYTES) {
        rc = units_parse_bytes(whole, text);
        *value = (double)*whole;
    } else if (option->type == OPTION_COUNT) {
        rc = units_parse_u64(whole, text);
        *value = (double)*whole;
    } else {
        rc = units_parse_double(value, text);
    }
    if (rc != 0) {
        report_error("--%s %s: not a number%s%s%s%s", option->name, text,
            option->type == OPTION_BYTES ? " of bytes (2048, 2KiB, 4MB)" : "",
            option->type == OPTION_COUNT ? " of things (12, 1e6)" : "",
            option->choices ? " nor the word " : "",
            option->choices ? option->choices : "");
        return -1;
    }
    if (*value < option->min || *value > option->max) {
        report_error("--%s %s: must be between %.10g and %.10g%s%s",
            option->name, text, option->min, option->max,
            option->choices ? ", or " : "",
            option->choices ? option->choices : "");
        return -1;
    }
    return 0;
}

/* Convert the text of option i into its field. */
static int
convert(const struct options *o, size_t i, void *settings)
{
    const struct option *option = &o->spec->table[i];
    const char *text = o->values[i].text;
    char *field = (char *)settings + option->offset;
    double value = 0;
    uint64_t whole = 0;
    bool flag;

    switch (option->type) {
    case OPTION_CHOICE:
        if (text != NULL && !is_choice(text, option->choices)) {
            report_error("--%s %s: must be one of %s", option->name, text,
                option->choices);
            return -1;
        }
        /* fall through */
    case OPTION_TEXT:
        memcpy(field, &text, sizeof(text));
        return 0;
    case OPTION_FLAG:
        flag = text != NULL && strcmp(text, "yes") == 0;
        if (text != NULL && !flag && strcmp(text, "no") != 0) {
            report_error("--%s %s: must be yes or no", option->name, text);
            return -1;
        }
        memcpy(field, &flag, sizeof(flag));
        return 0;
    case OPTION_BYTES:
    case OPTION_COUNT:
    case OPTION_REAL:
        break;
    }
    if (text != NULL && convert_number(&value, &whole, option, text) != 0) {
        return -1;
    }
    if (option->type == OPTION_REAL) {
        memcpy(field, &value, sizeof(value));
    } else {
        memcpy(field, &whole, sizeof(whole));
    }
    return 0;
}

/* A job file while it is read. */
struct job {
    struct options *options;
    const char *path;
    int rc; /* -1 after the first line that is wrong */
};

/* value without a comment " # ..." at its end; freed with mem_free(). */
static char *
strip_comment(const char *value)
{
    size_t bytes = 0;

    while (value[bytes] != '\0' &&
           (value[bytes] != '#' ||
               (bytes > 0 && !isspace((unsigned char)value[bytes - 1])))) {
        bytes++;
    }
    while (bytes > 0 && isspace((unsigned char)value[bytes - 1])) {
        bytes--;
    }
    return mem_printf("%.*s", (int)bytes, value);
}

/* A second line for an option is a mistake; the command line wins. */
static int
take_job_value(struct job *job, const char *name, const char *value)
{
    struct options *o = job->options;
    char where[512];

    snprintf(where, sizeof(where), "%s: ", job->path);
    if (strcmp(name, "command") == 0) {
        if (strcmp(value, o->spec->command) != 0) {
            report_error("%scommand = %s, but this is codelen %s", where, value,
                o->spec->command);
            return -1;
        }
        return 0;
    }
    int i = find(o, name, strlen(name));
    if (i < 0) {
        report_unknown(o, where, "", name);
        return -1;
    }
    if (o->values[i].is_in_job) {
        report_error("%s%s is given twice", where, name);
        return -1;
    }
    o->values[i].is_in_job = true;
    return o->values[i].is_given ? 0 : set(o, (size_t)i, value);
}

/* What the INI reader calls for each line "key = value". */
static int
take_job_line(
    void *user, const char *section, const char *name, const char *value)
{
    struct job *job = user;

    if (job->rc != 0) {
        return 0;
    }
    if (section[0] != '\0') {
        report_error(
            "%s: section [%s]: a job file has no sections", job->path, section);
        job->rc = -1;
        return 0;
    }
    char *text = strip_comment(value);
    job->rc = text == NULL ? -1 : take_job_value(job, name, text);
    mem_free(text);
    return job->rc == 0;
}

/* Values of the job file; those of the command line stay. */
static int
read_job(struct options *o, const char *path)
{
    struct job job = {.options = o, .path = path};

    if (!file_exists(path) || file_is_directory(path)) {
        report_error("%s: %s", path,
            file_exists(path) ? "is a directory, a job file is needed"
                              : "no such file");
        return -1;
    }
    int line = ini_parse(path, take_job_line, &job);
    if (job.rc != 0) {
        return -1;
    }
    if (line != 0) {
        report_error("%s: line %d: not of the form key = value, or longer "
                     "than 199 characters",
            path, line > 0 ? line : 0);
        return -1;
    }
    return 0;
}

/*
 * Take "--name value", "--name=value" or a flag at argv[*at]; *job is set by
 * --job, *is_help by --help.
 */
static int
take_option(struct options *o, int argc, char **argv, int *at, const char **job,
    bool *is_help)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t bytes = equals ? (size_t)(equals - name) : strlen(name);
    int i = find(o, name, bytes);
    bool is_job = bytes == 3 && memcmp(name, "job", 3) == 0;

    if (bytes == 4 && memcmp(name, "help", 4) == 0) {
        *is_help = true;
        return 0;
    }
    if (i < 0 && !is_job) {
        char shown[WORD_MAX + 1];
        snprintf(shown, sizeof(shown), "%.*s", (int)bytes, name);
        report_unknown(o, "", "--", shown);
        return -1;
    }
    if (!is_job && o->spec->table[i].type == OPTION_FLAG && equals == NULL) {
        return set(o, (size_t)i, "yes");
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
    return set(o, (size_t)i, value);
}

/* Sort the arguments into options and operands. */
static int
take_arguments(
    struct options *o, int argc, char **argv, const char **job, bool *is_help)
{
    for (int at = 0; at < argc && !*is_help; at++) {
        if (strcmp(argv[at], "-h") == 0) {
            *is_help = true;
        } else if (strncmp(argv[at], "--", 2) == 0 && argv[at][2] != '\0') {
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
    if (job != NULL && read_job(options, job) != 0) {
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
        if (convert(options, i, settings) != 0) {
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

    return text == NULL ? "" : text;
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
