/*
 * sweep_internal.h - what the files of sweeps share.
 *
 * A run is a number whose digits, one for each group of lists, say which
 * values it has.  A list is a group of its own unless "pair" joins it to
 * others.
 */
#ifndef STUDY_SWEEP_INTERNAL_H
#define STUDY_SWEEP_INTERNAL_H

#include <stddef.h>

#include "study/sweep.h"
#include "study/sweep_list.h"

/* Room for "FILE: line N: ". */
#define SWEEP_WHERE_BYTES 512

/* An option of the file and its values. */
struct sweep_entry {
    char *key;
    struct sweep_list list;
    unsigned line;
    bool is_paired;
    size_t group;  /* the first entry of its group */
    size_t stride; /* runs from one of its values to the next */
};

/* A line "pair = ...". */
struct sweep_pair {
    struct sweep_list keys;
    unsigned line;
};

struct sweep {
    char *path;
    const struct options_spec *spec;
    struct sweep_entry *entries;
    size_t n_entries, n_entries_max;
    struct sweep_pair *pairs;
    size_t n_pairs, n_pairs_max;
    char *command, *pattern;
    unsigned command_line, pattern_line;
    size_t n_runs;
    char **outs; /* n_runs */
};

/* Write "FILE: line N: ". */
void sweep_where(
    char where[SWEEP_WHERE_BYTES], const struct sweep *s, unsigned line);

/* The option of that name, or NULL. */
struct sweep_entry *sweep_find(const struct sweep *s, const char *key);

/* Read the file at s->path: all but the names of outputs. */
int sweep_read(struct sweep *s, const struct options_spec *const *specs);

#endif /* STUDY_SWEEP_INTERNAL_H */
