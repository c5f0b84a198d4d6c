/*
 * options_internal.h - what the files of options share.
 */
#ifndef BASE_OPTIONS_INTERNAL_H
#define BASE_OPTIONS_INTERNAL_H

#include "base/options.h"

/* More options than any command has. */
#define OPTIONS_MAX 64

struct option_value {
    char *text;    /* NULL: none */
    bool is_given; /* by job file or command line */
    bool is_in_job;
};

struct options {
    const struct options_spec *spec;
    struct option_value *values; /* spec->n_options */
    const char **operands;
    size_t n_operands;
};

/* The option of that name, or -1. */
int options_find(const struct options *o, const char *name, size_t bytes);

/* Say that there is no such option, and which is the nearest. */
void options_report_unknown(const struct options *o, const char *where,
    const char *dashes, const char *name);

/* Remember text as the value of option i. */
int options_set(struct options *o, size_t i, const char *text);

/* Convert the text of option i into its field; settings NULL: only check. */
int options_convert(const struct options *o, size_t i, void *settings);

/* Take values from a job file; those of the command line stay. */
int options_read_job(struct options *o, const char *path);

/* The help of a command on stdout. */
void options_print_help(const struct options_spec *spec);

#endif /* BASE_OPTIONS_INTERNAL_H */
