/*
 * options_job.c - values from a job file, or from lines of another file.
 */
#include <stdio.h>
#include <string.h>

#include "base/ini.h"
#include "base/report.h"
#include "options_internal.h"

/* A job file while it is read. */
struct job {
    struct options *options;
    const char *path;
};

/* A second line for an option is a mistake; the command line wins. */
int
options_take(
    struct options *o, const char *where, const char *name, const char *value)
{
    if (strcmp(name, "job") == 0 || strcmp(name, "help") == 0) {
        report_error("%s%s cannot stand in a file", where, name);
        return -1;
    }
    int i = options_find(o, name, strlen(name));
    if (i < 0) {
        options_report_unknown(o, where, "", name);
        return -1;
    }
    if (o->values[i].is_in_job) {
        report_error("%s%s is given twice", where, name);
        return -1;
    }
    o->values[i].is_in_job = true;
    return o->values[i].is_given ? 0 : options_set(o, (size_t)i, value);
}

static int
take_line(void *user, const struct ini_line *line)
{
    const struct job *job = user;
    const char *command = job->options->spec->command;
    char where[512];

    snprintf(where, sizeof(where), "%s: line %u: ", job->path, line->number);
    if (line->section[0] != '\0') {
        report_error("%ssection [%s]: a job file has no sections; a file with "
                     "[sweep] is for codelen plan and codelen run",
            where, line->section);
        return -1;
    }
    if (strcmp(line->key, "command") != 0) {
        return options_take(job->options, where, line->key, line->value);
    }
    if (strcmp(line->value, command) != 0) {
        report_error("%scommand = %s, but this is codelen %s", where,
            line->value, command);
        return -1;
    }
    return 0;
}

int
options_read_job(struct options *o, const char *path)
{
    struct job job = {.options = o, .path = path};

    return ini_read(path, take_line, &job);
}
