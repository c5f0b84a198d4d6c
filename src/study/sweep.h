/*
 * sweep.h - many runs of a command from one file.
 *
 * A sweep file is a job file with a section [sweep]: above it an option has
 * one value, commas included; below it a value is a list, and every
 * combination is a run (the last list varies fastest), but for lists that
 * "pair = a, b" puts side by side, row by row.  "out" is a pattern whose
 * {OPTION} and {index} are replaced.  Syntax with an example: jobs/README.md.
 */
#ifndef STUDY_SWEEP_H
#define STUDY_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

struct options;
struct options_spec;
struct sweep;

/* Runs of one sweep. */
#define SWEEP_RUNS_MAX 100000

/*
 * Read and check a file: every run must be one that a command (specs ends with
 * NULL) takes, with an output of its own.
 *
 * Owner: the caller frees with sweep_close(); specs are kept.
 * Errors: NULL; reported with file and line.
 */
struct sweep *sweep_open(
    const char *path, const struct options_spec *const *specs);
void sweep_close(struct sweep *sweep);

const struct options_spec *sweep_spec(const struct sweep *sweep);
size_t sweep_count(const struct sweep *sweep);

/* Options of the file but out, in its order. */
size_t sweep_option_count(const struct sweep *sweep);
const char *sweep_option(const struct sweep *sweep, size_t i);

/* Whether option i has more than one value; its value in a run, as written. */
bool sweep_is_varied(const struct sweep *sweep, size_t i);
const char *sweep_value(const struct sweep *sweep, size_t run, size_t i);

/* The output of a run. */
const char *sweep_out(const struct sweep *sweep, size_t run);

/*
 * All options of a run, parsed.
 *
 * Owner: the caller frees with options_free().
 */
struct options *sweep_options(const struct sweep *sweep, size_t run);

/*
 * The arguments of a run, "--KEY=VALUE" for each option of the file.
 *
 * Owner: the caller frees with sweep_arguments_free().
 */
char **sweep_arguments(const struct sweep *sweep, size_t run, int *argc);
void sweep_arguments_free(char **argv);

#endif /* STUDY_SWEEP_H */
