/*
 * h5_attribute.h - attributes between lists and HDF5 objects.
 */
#ifndef RESULTS_H5_ATTRIBUTE_H
#define RESULTS_H5_ATTRIBUTE_H

#include <hdf5.h>
#include <stdint.h>

struct attribute;
struct attribute_list;

/* Errors: -1, not reported. */
int h5_put_text(hid_t object, const char *name, const char *text);
int h5_put_u64(hid_t object, const char *name, uint64_t value);
int h5_put_attribute(hid_t object, const struct attribute *attribute);

/*
 * All scalar attributes of the root (as group "") and of its groups, names in
 * alphabetical order, those that a group's "defaults" names marked.
 */
int h5_read_attributes(
    struct attribute_list *list, hid_t file, const char *path);

#endif /* RESULTS_H5_ATTRIBUTE_H */
