/*
 * columns.c
 *
 * Written beside its place, synced, renamed, as results are.
 */
#include "results/columns.h"

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"
#include "results/h5.h"
#include "results/h5_attribute.h"
#include "results/results.h"
#include "results/sync.h"

/* Open a group, made if it is missing. */
static hid_t
open_group(hid_t file, const char *name)
{
    if (H5Lexists(file, name, H5P_DEFAULT) > 0) {
        return H5Gopen2(file, name, H5P_DEFAULT);
    }
    return H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static int
put_column(hid_t file, const struct column *column)
{
    hsize_t n = column->n;
    hid_t group = open_group(file, column->group);
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t set = H5Dcreate2(group, column->name, H5T_IEEE_F64LE, space,
        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int rc = set < 0 ||
                     (n > 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL,
                                   H5S_ALL, H5P_DEFAULT, column->values) < 0) ||
                     h5_put_text(set, "unit", column->unit) != 0 ||
                     h5_put_text(set, "description", column->description) != 0
                 ? -1
                 : 0;

    if (set >= 0 && H5Dclose(set) < 0) {
        rc = -1;
    }
    H5Sclose(space);
    H5Gclose(group);
    return rc;
}

static int
put_attribute(hid_t file, const struct attribute *attribute)
{
    hid_t group = open_group(file, attribute->group);
    int rc = group < 0 ? -1 : h5_put_attribute(group, attribute);

    H5Gclose(group);
    return rc;
}

static int
write_all(hid_t file, const char *format, const struct column *columns,
    size_t n_columns, const struct attribute *attributes, size_t n_attributes)
{
    int rc = h5_put_text(file, "format", format) |
             h5_put_u64(file, "format_version", 1);

    for (size_t i = 0; i < n_columns && rc == 0; i++) {
        rc = put_column(file, &columns[i]);
    }
    for (size_t i = 0; i < n_attributes && rc == 0; i++) {
        rc = put_attribute(file, &attributes[i]);
    }
    return rc == 0 ? h5_put_u64(file, "complete", 1) : rc;
}

int
columns_write(const char *path, const char *format,
    const struct column *columns, size_t n_columns,
    const struct attribute *attributes, size_t n_attributes)
{
    char reason[H5_REASON_BYTES];
    char *partial = mem_printf("%s.partial", path);
    int rc = -1;

    if (partial == NULL) {
        return -1;
    }
    h5_quiet();
    hid_t file = H5Fcreate(partial, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file >= 0) {
        rc = write_all(
            file, format, columns, n_columns, attributes, n_attributes);
    }
    if (rc != 0) {
        report_error("%s: %s", path, h5_reason(reason));
    }
    if (file >= 0 && H5Fclose(file) < 0 && rc == 0) {
        report_error("%s: %s", path, h5_reason(reason));
        rc = -1;
    }
    if (rc == 0) {
        rc = sync_file(partial);
    }
    if (rc == 0 && rename(partial, path) != 0) {
        report_error("%s: %s", path, strerror(errno));
        rc = -1;
    }
    if (rc != 0) {
        unlink(partial);
    }
    mem_free(partial);
    return rc == 0 ? sync_parent(path) : -1;
}
