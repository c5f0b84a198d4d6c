/*
 * writer.c
 *
 * Datasets are compressed by pieces (HDF5 chunks) with shuffle and deflate,
 * which every HDF5 reads.  Empty datasets are contiguous, because a chunk of
 * no rows is not allowed.
 *
 * The file format is that of HDF5 1.10: its tables carry checksums, so that a
 * damaged file is refused where the older one crashed HDF5.
 *
 * When a disk is full, HDF5 1.10 cannot even close a file: it crashes, or
 * ranks wait for each other for ever.  So the room for the largest possible
 * file is reserved first; what compression saves is given back at the end.
 */
#include "results/writer.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/attribute.h"
#include "results/h5.h"
#include "results/h5_attribute.h"
#include "results/reserve.h"
#include "results/results.h"
#include "results/results_file.h"

/*
 * zlib's level.  Higher: 9 saves less than 1 % over 4 on such numbers and
 * takes several times as long.
 */
#define DEFLATE_LEVEL 4

/* For HDF5's own tables and headers: about 100 KB were seen. */
#define SPARE_BYTES ((uint64_t)1 << 20)

struct writer {
    char *path;
    hid_t file;
    hid_t transfer;
    hid_t datasets[FIELD_COUNT]; /* invalid: not in this file */
    size_t n_buckets;
};

static int
fail(const struct writer *writer, const char *what)
{
    char reason[H5_REASON_BYTES];

    report_error(
        "%s: cannot write %s: %s", writer->path, what, h5_reason(reason));
    return -1;
}

static hid_t
memory_type(enum field_type type)
{
    return type == FIELD_U64   ? H5T_NATIVE_UINT64
           : type == FIELD_F64 ? H5T_NATIVE_DOUBLE
                               : H5T_NATIVE_FLOAT;
}

static hid_t
file_type(enum field_type type)
{
    return type == FIELD_U64   ? H5T_STD_U64LE
           : type == FIELD_F64 ? H5T_IEEE_F64LE
                               : H5T_IEEE_F32LE;
}

/* How a dataset of that shape is stored. */
static hid_t
make_layout(int rank, const hsize_t dims[2], hsize_t items_per_piece)
{
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t piece[2] = {
        dims[0] < items_per_piece ? dims[0] : items_per_piece, dims[1]};

    if (dims[0] == 0) {
        return layout;
    }
    /* Every piece is written whole, so none needs to be filled before. */
    if (H5Pset_chunk(layout, rank, piece) < 0 || H5Pset_shuffle(layout) < 0 ||
        H5Pset_deflate(layout, DEFLATE_LEVEL) < 0 ||
        H5Pset_fill_time(layout, H5D_FILL_TIME_NEVER) < 0) {
        H5Pclose(layout);
        return H5I_INVALID_HID;
    }
    return layout;
}

/* The group of that name, made if it is not there. */
static hid_t
open_group(struct writer *writer, const char *name)
{
    if (H5Lexists(writer->file, name, H5P_DEFAULT) > 0) {
        return H5Gopen2(writer->file, name, H5P_DEFAULT);
    }
    return H5Gcreate2(
        writer->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static int
make_dataset(struct writer *writer, enum field_id id, uint64_t n)
{
    const struct field *field = &fields[id];
    hsize_t dims[2] = {n, writer->n_buckets};
    int rank = id == FIELD_BITS_BY_POSITION ? 2 : 1;
    hid_t group = open_group(writer, field->group);
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t layout = make_layout(rank, dims,
        id == FIELD_TOKEN_BITS ? WRITER_TOKENS_PER_PIECE
                               : WRITER_ROWS_PER_PIECE);
    hid_t dataset = H5I_INVALID_HID;
    int rc = -1;

    if (group >= 0 && space >= 0 && layout >= 0) {
        dataset = H5Dcreate2(group, field->name, file_type(field->type), space,
            H5P_DEFAULT, layout, H5P_DEFAULT);
    }
    if (dataset >= 0 && h5_put_text(dataset, "unit", field->unit) == 0 &&
        h5_put_text(dataset, "description", field->description) == 0) {
        rc = 0;
    } else {
        fail(writer, field->name);
    }
    writer->datasets[id] = dataset;
    H5Pclose(layout);
    H5Sclose(space);
    H5Gclose(group);
    return rc;
}

static int
make_datasets(struct writer *writer, const struct writer_options *options)
{
    int rc = 0;

    for (int id = 0; id < FIELD_ROW_COUNT && rc == 0; id++) {
        rc = make_dataset(writer, (enum field_id)id, options->n_chunks);
    }
    if (rc == 0 && options->n_buckets > 0) {
        rc = make_dataset(writer, FIELD_BITS_BY_POSITION, options->n_chunks) |
             make_dataset(writer, FIELD_POSITION_FIRST, options->n_buckets) |
             make_dataset(writer, FIELD_POSITION_END, options->n_buckets);
    }
    if (rc == 0 && options->has_token_bits) {
        rc = make_dataset(writer, FIELD_TOKEN_FIRST, options->n_chunks) |
             make_dataset(writer, FIELD_TOKEN_BITS, options->n_tokens);
    }
    return rc;
}

/* Free what writer_create() has made when there is no file. */
static void
free_writer(struct writer *writer)
{
    if (writer != NULL) {
        H5Pclose(writer->transfer);
        mem_free(writer->path);
        mem_free(writer);
    }
}

static struct writer *
new_writer(const struct writer_options *options)
{
    struct writer *writer = mem_alloc(1, sizeof(*writer));

    if (writer == NULL) {
        return NULL;
    }
    writer->n_buckets = options->n_buckets;
    writer->file = H5I_INVALID_HID;
    for (int i = 0; i < FIELD_COUNT; i++) {
        writer->datasets[i] = H5I_INVALID_HID;
    }
    writer->path = mem_strdup(options->path);
    writer->transfer = h5_transfer();
    if (writer->path == NULL || writer->transfer < 0) {
        free_writer(writer);
        return NULL;
    }
    return writer;
}

/*
 * An upper bound of the size of the file: every piece as it is, should it not
 * compress, and ample room for what HDF5 adds.
 */
static uint64_t
bytes_max(const struct writer_options *options)
{
    uint64_t row_bytes = FIELD_ROW_BYTES + 4 * options->n_buckets +
                         (options->has_token_bits ? 8 : 0);
    uint64_t token_bytes = options->has_token_bits ? 4 * options->n_tokens : 0;
    uint64_t data_bytes =
        options->n_chunks * row_bytes + token_bytes + 16 * options->n_buckets;

    return data_bytes + data_bytes / 256 + 2 * options->attribute_bytes +
           SPARE_BYTES;
}

/* Rank 0 sees to the room; collective, the same on all ranks. */
static int
reserve(const struct writer *writer, struct par *par,
    const struct writer_options *options)
{
    int rc = 0;

    if (par_rank(par) == 0) {
        rc = reserve_room(writer->path, bytes_max(options));
    }
    return par_any_failed(par, rc) ? -1 : 0;
}

static int
create_file(struct writer *writer, const struct par *par)
{
    hid_t access = h5_file_access(par);
    int rc = 0;

    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    writer->file = H5Fcreate(writer->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (writer->file < 0) {
        rc = fail(writer, "the file");
    }
    H5Pclose(access);
    return rc;
}

struct writer *
writer_create(struct par *par, const struct writer_options *options)
{
    h5_quiet();
    struct writer *writer = new_writer(options);

    /* Once before HDF5 has a file that it could not close, and once more
     * because making the file gives the room back. */
    if (par_any_failed(par, writer == NULL ? -1 : 0) ||
        reserve(writer, par, options) != 0 ||
        par_any_failed(par, create_file(writer, par))) {
        free_writer(writer);
        return NULL;
    }
    int rc = reserve(writer, par, options);
    if (rc == 0) {
        rc = h5_put_text(writer->file, "format", RESULTS_FILE_FORMAT) |
             h5_put_u64(writer->file, "format_version", RESULTS_FILE_VERSION);
        if (rc != 0) {
            fail(writer, "the file");
        } else {
            rc = make_datasets(writer, options);
        }
    }
    if (par_any_failed(par, rc)) {
        writer_close(writer);
        return NULL;
    }
    return writer;
}

int
writer_put(struct writer *writer, enum field_id id, uint64_t first, uint64_t n,
    const void *data)
{
    hid_t dataset = writer->datasets[id];
    hid_t space = H5Dget_space(dataset);
    hsize_t start[2] = {first, 0}, count[2] = {n, writer->n_buckets};
    int rank = id == FIELD_BITS_BY_POSITION ? 2 : 1;
    hid_t memory = H5Screate_simple(rank, count, NULL);
    herr_t rc;

    if (n == 0) {
        H5Sselect_none(space);
        H5Sselect_none(memory);
    } else {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    }
    rc = H5Dwrite(dataset, memory_type(fields[id].type), memory, space,
        writer->transfer, data);
    if (rc < 0) {
        fail(writer, fields[id].name);
    }
    H5Sclose(memory);
    H5Sclose(space);
    return rc < 0 ? -1 : 0;
}

/* The names of a group's defaults, separated by commas. */
static char *
join_defaults(const struct attribute *items, size_t n, const char *group)
{
    size_t bytes = 1;

    for (size_t i = 0; i < n; i++) {
        bytes += strlen(items[i].name) + 1;
    }
    char *text = mem_alloc(bytes, 1);
    char *end = text;
    for (size_t i = 0; text != NULL && i < n; i++) {
        if (items[i].is_default && strcmp(items[i].group, group) == 0) {
            end += sprintf(end, "%s%s", end > text ? "," : "", items[i].name);
        }
    }
    return text;
}

/* Whether item i is the first of its group. */
static bool
begins_group(const struct attribute *items, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (strcmp(items[j].group, items[i].group) == 0) {
            return false;
        }
    }
    return true;
}

int
writer_attributes(
    struct writer *writer, const struct attribute *items, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        hid_t group = open_group(writer, items[i].group);
        rc = group < 0 ? -1 : 0;
        if (rc == 0 && H5Aexists(group, items[i].name) == 0) {
            rc = h5_put_attribute(group, &items[i]);
        }
        if (rc == 0 && begins_group(items, i)) {
            char *text = join_defaults(items, n, items[i].group);
            rc = text == NULL ? -1 : 0;
            if (rc == 0 && text[0] != '\0') {
                rc = h5_put_text(group, "defaults", text);
            }
            mem_free(text);
        }
        if (rc != 0) {
            fail(writer, items[i].name);
        }
        if (group >= 0) {
            H5Gclose(group);
        }
    }
    return rc;
}

int
writer_complete(struct writer *writer)
{
    if (H5Fflush(writer->file, H5F_SCOPE_GLOBAL) < 0 ||
        h5_put_u64(writer->file, "complete", 1) != 0 ||
        H5Fflush(writer->file, H5F_SCOPE_GLOBAL) < 0) {
        return fail(writer, "the file");
    }
    return 0;
}

int
writer_close(struct writer *writer)
{
    int rc = 0;

    if (writer == NULL) {
        return 0;
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (writer->datasets[i] >= 0 && H5Dclose(writer->datasets[i]) < 0) {
            rc = -1;
        }
    }
    if (H5Fclose(writer->file) < 0) {
        rc = -1;
    }
    if (rc != 0) {
        fail(writer, "the file");
    }
    free_writer(writer);
    return rc;
}
