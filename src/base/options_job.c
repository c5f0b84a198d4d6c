/*
 * options_job.c - values from a job file.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "options_internal.h"

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
    if (strcmp(name, "job") == 0 || strcmp(name, "help") == 0) {
        report_error("%s%s cannot stand in a job file", where, name);
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

/* fgets() without the blanks before a line, which mean nothing here: to the
   INI reader such a line goes on with the value of the line before. */
static char *
read_line(char *line, int bytes_max, void *file)
{
    if (fgets(line, bytes_max, file) == NULL) {
        return NULL;
    }
    size_t blanks = strspn(line, " \t");
    memmove(line, line + blanks, strlen(line + blanks) + 1);
    return line;
}

int
options_read_job(struct options *o, const char *path)
{
    struct job job = {.options = o, .path = path};

    if (!file_exists(path) || file_is_directory(path)) {
        report_error("%s: %s", path,
            file_exists(path) ? "is a directory, a job file is needed"
                              : "no such file");
        return -1;
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    int line = ini_parse_stream(read_line, file, take_job_line, &job);
    fclose(file);
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
