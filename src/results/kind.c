/*
 * kind.c
 */
#include "results/kind.h"

#include <hdf5.h>
#include <string.h>

#include "results/columns_file.h"
#include "results/h5.h"
#include "results/results_file.h"

/* Longer names of formats are not ours. */
#define FORMAT_MAX 63

enum results_kind
results_kind_of(const char *path)
{
    char format[FORMAT_MAX + 1] = "";

    h5_quiet();
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0) {
        return RESULTS_KIND_NONE;
    }
    hid_t attribute = H5Aopen(file, "format", H5P_DEFAULT);
    hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute);
    hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
    if (type >= 0 && H5Tget_class(type) == H5T_STRING &&
        H5Tis_variable_str(type) == 0 && H5Tget_size(type) <= FORMAT_MAX &&
        H5Sget_simple_extent_npoints(space) == 1 &&
        H5Aread(attribute, type, format) < 0) {
        format[0] = '\0';
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    H5Fclose(file);
    return strcmp(format, RESULTS_FILE_FORMAT) == 0   ? RESULTS_KIND_RUN
           : strcmp(format, COLUMNS_FILE_FORMAT) == 0 ? RESULTS_KIND_TRAINING
                                                      : RESULTS_KIND_NONE;
}
