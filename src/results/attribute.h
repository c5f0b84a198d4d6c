/*
 * attribute.h - lists of attributes: copies, bytes, comparison.
 */
#ifndef RESULTS_ATTRIBUTE_H
#define RESULTS_ATTRIBUTE_H

#include <stddef.h>
#include <stdint.h>

#include "results/results.h"

/* Attributes with strings of their own.  All zero: an empty list. */
struct attribute_list {
    struct attribute *items;
    size_t n;
    size_t n_max;
};

/* Append a copy. */
int attribute_list_add(
    struct attribute_list *list, const struct attribute *attribute);
void attribute_list_release(struct attribute_list *list);

/* Bytes that names and values take, about. */
size_t attribute_list_bytes(const struct attribute_list *list);

/*
 * The list as bytes (SCHEMA.md, "Attribute list").
 *
 * Owner: the caller frees *out with mem_free().
 */
int attribute_encode(
    uint8_t **out, size_t *out_bytes, const struct attribute *items, size_t n);

/*
 * The reverse; appends to list.
 *
 * Errors: -1, not reported, if the bytes are not exactly a list.
 */
int attribute_decode(
    struct attribute_list *list, const uint8_t *bytes, size_t n_bytes);

/* The attribute of that group and name, or NULL. */
const struct attribute *attribute_find(const struct attribute *items, size_t n,
    const char *group, const char *name);

/*
 * Whether all of want are in have with equal values (reals: equal bits).  If
 * not, out says which is the first that differs, with both values.
 */
bool attribute_all_equal(char *out, size_t out_bytes_max,
    const struct attribute_list *want, const struct attribute_list *have);

#endif /* RESULTS_ATTRIBUTE_H */
