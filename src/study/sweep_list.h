/*
 * sweep_list.h - a, b, "c, with a comma".
 */
#ifndef STUDY_SWEEP_LIST_H
#define STUDY_SWEEP_LIST_H

#include <stddef.h>

/* Texts; owned. */
struct sweep_list {
    char **values;
    size_t n, n_max;
};

/* Append a copy of the first bytes of text. */
int sweep_list_add(struct sweep_list *list, const char *text, size_t bytes);

/*
 * Append the values of a line.  Commas part them, blanks around them are gone,
 * quotes around a value keep what is inside.
 *
 * Errors: an empty value, a quote that does not end; reported after where.
 */
int sweep_list_split(
    struct sweep_list *list, const char *where, const char *text);
void sweep_list_release(struct sweep_list *list);

#endif /* STUDY_SWEEP_LIST_H */
