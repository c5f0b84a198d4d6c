/*
 * h5_attribute.c
 *
 * Text is stored with its length fixed, although Python then shows bytes:
 * HDF5 1.10 keeps text of variable length in a heap without checksum, and
 * crashes when that is damaged.
 */
#include "results/h5_attribute.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "results/attribute.h"
#include "results/h5.h"

/* A string attribute longer than this is not one of ours. */
#define TEXT_BYTES_MAX ((size_t)1 << 24)

/*
 * Writing.
 */

/* An attribute of a scalar of the given HDF5 type. */
static int
put_scalar(hid_t object, const char *name, hid_t file_type, hid_t type,
    const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute =
        H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    int rc = attribute >= 0 && H5Awrite(attribute, type, value) >= 0 ? 0 : -1;

    if (attribute >= 0 && H5Aclose(attribute) < 0) {
        rc = -1;
    }
    H5Sclose(space);
    return rc;
}

int
h5_put_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    int rc = -1;

    if (type >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 &&
        H5Tset_cset(type, H5T_CSET_UTF8) >= 0) {
        rc = put_scalar(object, name, type, type, text);
    }
    H5Tclose(type);
    return rc;
}

int
h5_put_u64(hid_t object, const char *name, uint64_t value)
{
    return put_scalar(object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value);
}

int
h5_put_attribute(hid_t object, const struct attribute *attribute)
{
    const char *name = attribute->name;

    switch (attribute->type) {
    case ATTRIBUTE_TEXT:
        return h5_put_text(
            object, name, attribute->text ? attribute->text : "");
    case ATTRIBUTE_U64:
        return h5_put_u64(object, name, attribute->u64);
    default:
        return put_scalar(
            object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &attribute->f64);
    }
}

/*
 * Reading.
 */

/* The text of a string attribute; freed with mem_free().  NULL: not one. */
static char *
read_text(hid_t attribute, hid_t type)
{
    hid_t space = H5Aget_space(attribute);
    size_t bytes = H5Tget_size(type);
    bool is_scalar = H5Sget_simple_extent_npoints(space) == 1;
    char *text = NULL;

    if (!is_scalar || bytes > TEXT_BYTES_MAX) {
        H5Sclose(space);
        return NULL;
    }
    if (H5Tis_variable_str(type) > 0) {
        char *value = NULL;
        if (H5Aread(attribute, type, &value) >= 0) {
            text = mem_strdup(value ? value : "");
            H5Dvlen_reclaim(type, space, H5P_DEFAULT, &value);
        }
    } else {
        text = mem_alloc(bytes + 1, 1);
        if (text != NULL && H5Aread(attribute, type, text) < 0) {
            mem_free(text);
            text = NULL;
        }
    }
    H5Sclose(space);
    return text;
}

/* Read one scalar attribute into value; its strings are taken over. */
static int
read_value(hid_t object, const char *name, struct attribute *value)
{
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    hid_t type = H5Aget_type(attribute);
    hid_t space = H5Aget_space(attribute);
    int rc = -1;

    if (attribute < 0 || H5Sget_simple_extent_npoints(space) != 1) {
        goto done;
    }
    switch (H5Tget_class(type)) {
    case H5T_STRING:
        value->type = ATTRIBUTE_TEXT;
        value->text = read_text(attribute, type);
        rc = value->text == NULL ? -1 : 0;
        break;
    case H5T_INTEGER:
        value->type = ATTRIBUTE_U64;
        rc = H5Aread(attribute, H5T_NATIVE_UINT64, &value->u64) < 0 ? -1 : 0;
        break;
    case H5T_FLOAT:
        value->type = ATTRIBUTE_F64;
        rc = H5Aread(attribute, H5T_NATIVE_DOUBLE, &value->f64) < 0 ? -1 : 0;
        break;
    default:
        break;
    }
done:
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return rc;
}

struct group_visit {
    struct attribute_list *list;
    const char *group;
};

static herr_t
visit_attribute(
    hid_t object, const char *name, const H5A_info_t *info, void *context)
{
    struct group_visit *visit = context;
    struct attribute value = {.group = visit->group, .name = name};
    herr_t rc = 0;

    (void)info;
    /* What is of no known kind is left out: a later minor version's. */
    if (read_value(object, name, &value) == 0) {
        rc = attribute_list_add(visit->list, &value);
    }
    mem_free((void *)value.text);
    return rc;
}

static herr_t
visit_group(hid_t root, const char *name, const H5L_info_t *info, void *list)
{
    struct group_visit visit = {list, name};
    herr_t rc = 0;

    (void)info;
    hid_t group = H5Oopen(root, name, H5P_DEFAULT);
    if (group >= 0 && H5Iget_type(group) == H5I_GROUP) {
        rc = H5Aiterate2(
            group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_attribute, &visit);
    }
    if (group >= 0) {
        H5Oclose(group);
    }
    return rc;
}

/* Whether name is one of the comma-separated words. */
static bool
has_word(const char *words, const char *name)
{
    size_t bytes = strlen(name);

    for (const char *p = words; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, name, bytes) == 0 &&
            (p[bytes] == ',' || p[bytes] == '\0')) {
            return true;
        }
    }
    return false;
}

static void
mark_defaults(struct attribute_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct attribute *words = attribute_find(
            list->items, list->n, list->items[i].group, "defaults");
        if (words != NULL && words->type == ATTRIBUTE_TEXT) {
            list->items[i].is_default =
                has_word(words->text, list->items[i].name);
        }
    }
}

int
h5_read_attributes(struct attribute_list *list, hid_t file, const char *path)
{
    struct group_visit root = {list, ""};
    char reason[H5_REASON_BYTES];

    if (H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_attribute,
            &root) < 0 ||
        H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_group, list) <
            0) {
        report_error(
            "%s: cannot read the attributes: %s", path, h5_reason(reason));
        return -1;
    }
    mark_defaults(list);
    return 0;
}
