/*
 * names.h - a sorted list of names: look-up in O(log n), duplicates found.
 *
 * Sorted rather than hashed: no file can make it slow.  Private to this
 * folder.
 */
#ifndef FORMAT_NAMES_H
#define FORMAT_NAMES_H

#include <stddef.h>

/* text is borrowed and need not end with a zero byte. */
struct name {
    const char *text;
    size_t bytes;
    size_t index; /* of the thing named, in the caller's own list */
};

void names_sort(struct name *names, size_t n);

/* The entry of that name in a sorted list, or NULL. */
const struct name *names_find(
    const struct name *names, size_t n, const char *text, size_t bytes);

/* An entry of a sorted list that has the name of another one, or NULL. */
const struct name *names_duplicate(const struct name *names, size_t n);

#endif /* FORMAT_NAMES_H */
