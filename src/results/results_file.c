/*
 * results_file.c
 *
 * Everything that sizes memory (rows, buckets, values) is compared with the
 * size of the file when it is opened, so that a damaged or made-up file is
 * refused before somebody allocates what it claims.
 */
#include "results/results_file.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/report.h"
#include "results/attribute.h"
#include "results/fields.h"
#include "results/h5.h"
#include "results/h5_attribute.h"

/* deflate makes at most 1,032 bytes out of one. */
#define INFLATION_MAX 1040

/* Rows summed at a time in results_file_sum_positions(). */
#define ROWS_AT_ONCE 4096

struct results_file {
    char *path;
    hid_t file;
    uint64_t bytes; /* of the file */
    bool is_complete;
    uint64_t n_chunks;
    size_t n_buckets;
    uint64_t n_tokens;
    bool has_lost_bits; /* not in outputs from before that column came */
    struct attribute_list attributes;
};

static int
fail(const struct results_file *file, const char *what)
{
    char reason[H5_REASON_BYTES];

    report_error("%s: cannot read %s: %s", file->path, what, h5_reason(reason));
    return -1;
}

/*
 * Opening.
 */

/* The extent of a dataset; *is_there is false if there is none. */
static int
find_extent(const struct results_file *file, enum field_id id, int rank,
    hsize_t dims[2], bool *is_there)
{
    const struct field *field = &fields[id];
    hid_t group = H5Gopen2(file->file, field->group, H5P_DEFAULT);
    hid_t dataset = H5I_INVALID_HID, space = H5I_INVALID_HID;
    int rc = -1;

    *is_there = group >= 0 && H5Lexists(group, field->name, H5P_DEFAULT) > 0;
    if (!*is_there) {
        H5Gclose(group);
        return 0;
    }
    dataset = H5Dopen2(group, field->name, H5P_DEFAULT);
    space = H5Dget_space(dataset);
    dims[1] = 1;
    if (H5Sget_simple_extent_ndims(space) == rank &&
        H5Sget_simple_extent_dims(space, dims, NULL) == rank) {
        uint64_t items_max = file->bytes * INFLATION_MAX;
        if (dims[0] > items_max || dims[1] > items_max ||
            dims[0] * dims[1] > items_max) {
            report_error("%s: damaged: %s/%s claims %" PRIu64
                         " rows in a file of %" PRIu64 " bytes",
                file->path, field->group, field->name, (uint64_t)dims[0],
                file->bytes);
        } else {
            rc = 0;
        }
    } else {
        fail(file, field->name);
    }
    H5Sclose(space);
    H5Dclose(dataset);
    H5Gclose(group);
    return rc;
}

static int
find_extents(struct results_file *file)
{
    hsize_t dims[2] = {0, 0};
    bool is_there;

    for (int id = 0; id < FIELD_ROW_COUNT; id++) {
        if (find_extent(file, (enum field_id)id, 1, dims, &is_there) != 0) {
            return -1;
        }
        if (id == FIELD_LOST_BITS) {
            file->has_lost_bits = is_there;
            if (!is_there) {
                continue;
            }
        }
        if (!is_there || (id > 0 && dims[0] != file->n_chunks)) {
            report_error("%s: damaged: /chunk/%s is missing or of another "
                         "length than /chunk/index",
                file->path, fields[id].name);
            return -1;
        }
        file->n_chunks = dims[0];
    }
    if (find_extent(file, FIELD_BITS_BY_POSITION, 2, dims, &is_there) != 0) {
        return -1;
    }
    if (is_there) {
        if (dims[0] != file->n_chunks) {
            report_error("%s: damaged: /chunk/bits_by_position has %" PRIu64
                         " rows, /chunk/index %" PRIu64,
                file->path, (uint64_t)dims[0], file->n_chunks);
            return -1;
        }
        file->n_buckets = (size_t)dims[1];
    }
    if (find_extent(file, FIELD_TOKEN_BITS, 1, dims, &is_there) != 0) {
        return -1;
    }
    file->n_tokens = is_there ? dims[0] : 0;
    return 0;
}

/* Whether the root's attributes say that the file is ours. */
static int
check_format(struct results_file *file)
{
    const struct attribute *format = results_file_attribute(file, "", "format");
    const struct attribute *version =
        results_file_attribute(file, "", "format_version");
    const struct attribute *complete =
        results_file_attribute(file, "", "complete");

    if (format == NULL || format->type != ATTRIBUTE_TEXT ||
        strcmp(format->text, RESULTS_FILE_FORMAT) != 0 || version == NULL ||
        version->type != ATTRIBUTE_U64) {
        report_error("%s: HDF5, but not a results file of codelen", file->path);
        return -1;
    }
    if (version->u64 > RESULTS_FILE_VERSION) {
        report_error("%s: results format %" PRIu64
                     ", this program reads up to %d: use a newer codelen",
            file->path, version->u64, RESULTS_FILE_VERSION);
        return -1;
    }
    file->is_complete = complete != NULL && complete->type == ATTRIBUTE_U64 &&
                        complete->u64 == 1;
    return 0;
}

/* Open as HDF5; a message that says what is wrong if it is not. */
static int
open_hdf5(struct results_file *file, const char *path)
{
    struct stat st;
    char reason[H5_REASON_BYTES];

    if (stat(path, &st) != 0) {
        report_error("%s: no such file", path);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        report_error("%s: is not a file", path);
        return -1;
    }
    file->bytes = (uint64_t)st.st_size;
    if (H5Fis_hdf5(path) == 0) {
        report_error("%s: not an HDF5 file", path);
        return -1;
    }
    file->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file->file < 0) {
        report_error("%s: cannot be read as HDF5: %s", path, h5_reason(reason));
        return -1;
    }
    return 0;
}

struct results_file *
results_file_open(const char *path)
{
    struct results_file *file = mem_alloc(1, sizeof(*file));

    h5_quiet();
    if (file == NULL) {
        return NULL;
    }
    file->file = H5I_INVALID_HID;
    file->path = mem_strdup(path);
    if (file->path == NULL || open_hdf5(file, path) != 0 ||
        h5_read_attributes(&file->attributes, file->file, path) != 0 ||
        check_format(file) != 0 || find_extents(file) != 0) {
        results_file_close(file);
        return NULL;
    }
    return file;
}

void
results_file_close(struct results_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->file >= 0) {
        H5Fclose(file->file);
    }
    attribute_list_release(&file->attributes);
    mem_free(file->path);
    mem_free(file);
}

/*
 * What was found.
 */

bool
results_file_is_complete(const struct results_file *file)
{
    return file->is_complete;
}

uint64_t
results_file_chunk_count(const struct results_file *file)
{
    return file->n_chunks;
}

size_t
results_file_bucket_count(const struct results_file *file)
{
    return file->n_buckets;
}

uint64_t
results_file_token_count(const struct results_file *file)
{
    return file->n_tokens;
}

const struct attribute *
results_file_attributes(const struct results_file *file, size_t *n)
{
    *n = file->attributes.n;
    return file->attributes.items;
}

const struct attribute *
results_file_attribute(
    const struct results_file *file, const char *group, const char *name)
{
    return attribute_find(
        file->attributes.items, file->attributes.n, group, name);
}

/*
 * Datasets.
 */

/* Read items [first, first + n) of GROUP/NAME, each n_columns wide. */
static int
read_items(struct results_file *file, const char *group_name, const char *name,
    hid_t type, void *out, const hsize_t box[3])
{
    hsize_t start[2] = {box[0], 0}, count[2] = {box[1], box[2]};
    hid_t group = H5Gopen2(file->file, group_name, H5P_DEFAULT);
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    int rc = -1;

    if (box[1] == 0) {
        rc = 0;
    } else if (rank == (box[2] > 0 ? 2 : 1)) {
        hid_t memory = H5Screate_simple(rank, count, NULL);
        if (H5Sselect_hyperslab(
                space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
            H5Dread(dataset, type, memory, space, H5P_DEFAULT, out) >= 0) {
            rc = 0;
        }
        H5Sclose(memory);
    }
    if (rc != 0) {
        fail(file, name);
    }
    H5Sclose(space);
    H5Dclose(dataset);
    H5Gclose(group);
    return rc;
}

int
results_file_read_u64(struct results_file *file, const char *name,
    uint64_t *out, uint64_t first, uint64_t n)
{
    const hsize_t box[3] = {first, n, 0};

    if (!file->has_lost_bits && strcmp(name, "lost_bits") == 0) {
        memset(out, 0, n * sizeof(*out));
        return 0;
    }
    return read_items(file, "chunk", name, H5T_NATIVE_UINT64, out, box);
}

int
results_file_read_f64(struct results_file *file, const char *name, double *out,
    uint64_t first, uint64_t n)
{
    const hsize_t box[3] = {first, n, 0};

    return read_items(file, "chunk", name, H5T_NATIVE_DOUBLE, out, box);
}

int
results_file_read_positions(
    struct results_file *file, float *out, uint64_t first, uint64_t n)
{
    const hsize_t box[3] = {first, n, file->n_buckets};

    return file->n_buckets == 0 ? 0
                                : read_items(file, "chunk", "bits_by_position",
                                      H5T_NATIVE_FLOAT, out, box);
}

int
results_file_sum_positions(struct results_file *file, double *sums)
{
    size_t n_buckets = file->n_buckets;
    float *rows = mem_alloc(ROWS_AT_ONCE * n_buckets, sizeof(*rows));
    int rc = rows == NULL ? -1 : 0;

    for (size_t b = 0; b < n_buckets; b++) {
        sums[b] = 0;
    }
    for (uint64_t at = 0; at < file->n_chunks && rc == 0;) {
        uint64_t left = file->n_chunks - at;
        uint64_t n = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        rc = results_file_read_positions(file, rows, at, n);
        for (size_t i = 0; rc == 0 && i < n * n_buckets; i++) {
            sums[i % n_buckets] += (double)rows[i];
        }
        at += n;
    }
    mem_free(rows);
    return rc;
}

int
results_file_read_buckets(
    struct results_file *file, uint64_t *first, uint64_t *end)
{
    const hsize_t box[3] = {0, file->n_buckets, 0};

    if (file->n_buckets == 0) {
        return 0;
    }
    if (read_items(file, "position", "first", H5T_NATIVE_UINT64, first, box) !=
        0) {
        return -1;
    }
    return read_items(file, "position", "end", H5T_NATIVE_UINT64, end, box);
}

int
results_file_read_token_bits(
    struct results_file *file, float *out, uint64_t first, uint64_t n)
{
    const hsize_t box[3] = {first, n, 0};

    return read_items(file, "token", "bits", H5T_NATIVE_FLOAT, out, box);
}
