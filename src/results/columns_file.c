/*
 * columns_file.c
 */
#include "results/columns_file.h"

#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/report.h"
#include "results/attribute.h"
#include "results/h5.h"
#include "results/h5_attribute.h"

struct columns_file {
    char *path;
    hid_t file;
    uint64_t bytes; /* of the file */
    struct attribute_list attributes;
};

static int
open_hdf5(struct columns_file *f)
{
    char reason[H5_REASON_BYTES];
    struct stat st;

    if (stat(f->path, &st) != 0) {
        report_error("%s: no such file", f->path);
        return -1;
    }
    f->bytes = (uint64_t)st.st_size;
    f->file = H5Fopen(f->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (f->file < 0) {
        report_error(
            "%s: cannot be read as HDF5: %s", f->path, h5_reason(reason));
        return -1;
    }
    return h5_read_attributes(&f->attributes, f->file, f->path);
}

static int
check_format(const struct columns_file *f)
{
    const struct attribute *format = columns_file_attribute(f, "", "format");
    const struct attribute *complete =
        columns_file_attribute(f, "", "complete");

    if (format == NULL || format->type != ATTRIBUTE_TEXT ||
        strcmp(format->text, COLUMNS_FILE_FORMAT) != 0) {
        report_error("%s: is not the log of a training run", f->path);
        return -1;
    }
    if (complete == NULL || complete->type != ATTRIBUTE_U64 ||
        complete->u64 != 1) {
        report_error("%s: was not written to its end", f->path);
        return -1;
    }
    return 0;
}

struct columns_file *
columns_file_open(const char *path)
{
    struct columns_file *f = mem_alloc(1, sizeof(*f));

    h5_quiet();
    if (f == NULL) {
        return NULL;
    }
    f->file = H5I_INVALID_HID;
    f->path = mem_strdup(path);
    if (f->path == NULL || open_hdf5(f) != 0 || check_format(f) != 0) {
        columns_file_close(f);
        return NULL;
    }
    return f;
}

void
columns_file_close(struct columns_file *f)
{
    if (f == NULL) {
        return;
    }
    if (f->file >= 0) {
        H5Fclose(f->file);
    }
    attribute_list_release(&f->attributes);
    mem_free(f->path);
    mem_free(f);
}

const struct attribute *
columns_file_attribute(
    const struct columns_file *file, const char *group, const char *name)
{
    return attribute_find(
        file->attributes.items, file->attributes.n, group, name);
}

int
columns_file_read(struct columns_file *f, double **values, size_t *n,
    const char *group, const char *name)
{
    char place[256], reason[H5_REASON_BYTES];
    hid_t set, space;
    hsize_t rows = 0;
    int rc = -1;

    *values = NULL;
    *n = 0;
    snprintf(place, sizeof(place), "/%s/%s", group, name);
    set = H5Dopen2(f->file, place, H5P_DEFAULT);
    space = set < 0 ? -1 : H5Dget_space(set);
    if (set < 0 || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &rows, NULL) != 1) {
        report_error("%s: has no column %s", f->path, place);
    } else if (rows > f->bytes / sizeof(double)) { /* never packed */
        report_error("%s: damaged: %s claims %" PRIu64 " rows in a file of "
                     "%" PRIu64 " bytes",
            f->path, place, (uint64_t)rows, f->bytes);
    } else if ((*values = mem_alloc((size_t)rows, sizeof(double))) == NULL) {
        /* Reported. */
    } else if (rows > 0 && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
                               H5P_DEFAULT, *values) < 0) {
        report_error(
            "%s: cannot read %s: %s", f->path, place, h5_reason(reason));
        mem_free(*values);
        *values = NULL;
    } else {
        *n = (size_t)rows;
        rc = 0;
    }
    H5Sclose(space);
    H5Dclose(set);
    return rc;
}
