/*
 * options_internal.h - what options.c and options_help.c share.
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

/* The help of a command on stdout. */
void options_print_help(const struct options_spec *spec);

#endif /* BASE_OPTIONS_INTERNAL_H */
