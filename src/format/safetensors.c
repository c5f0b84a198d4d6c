/*
 * safetensors.c
 */
#include "format/safetensors.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

#include "format/names.h"

/* The limit of the reference implementation. */
#define HEADER_BYTES_MAX 100000000

#define LENGTH_BYTES 8

struct safetensors {
    char *path;
    struct file_map map; /* of the file, or the caller's memory */
    bool is_mapped;
    json_t *header; /* its keys are the names of the tensors */
    size_t n_tensors;
    struct tensor *tensors; /* in the order of the header */
    struct name *names;     /* sorted */
};

static const struct dtype {
    const char *name;
    enum tensor_type type;
    unsigned bytes;
} dtypes[] = {
    {"F32", TENSOR_F32, 4},
    {"F16", TENSOR_F16, 2},
    {"BF16", TENSOR_BF16, 2},
    {"F64", TENSOR_OTHER, 8},
    {"I64", TENSOR_OTHER, 8},
    {"U64", TENSOR_OTHER, 8},
    {"I32", TENSOR_OTHER, 4},
    {"U32", TENSOR_OTHER, 4},
    {"I16", TENSOR_OTHER, 2},
    {"U16", TENSOR_OTHER, 2},
    {"I8", TENSOR_OTHER, 1},
    {"U8", TENSOR_OTHER, 1},
    {"BOOL", TENSOR_OTHER, 1},
    {"F8_E4M3", TENSOR_OTHER, 1},
    {"F8_E5M2", TENSOR_OTHER, 1},
    {"F8_E8M0", TENSOR_OTHER, 1},
};

/* NULL if the name is not in the list. */
static const struct dtype *
find_dtype(const char *name)
{
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            return &dtypes[i];
        }
    }
    return NULL;
}

/* A whole number that is not negative.  Errors: -1, not reported. */
static int
get_u64(uint64_t *value, const json_t *json)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0) {
        return -1;
    }
    *value = (uint64_t)json_integer_value(json);
    return 0;
}

/* Axes that do not fit are multiplied into the first. */
static int
read_shape(struct tensor *tensor, const json_t *shape, const char *path)
{
    size_t n_axes = json_array_size(shape);
    size_t n_folded = n_axes > TENSOR_AXES_MAX ? n_axes - TENSOR_AXES_MAX : 0;
    uint64_t axis, product = 1;

    if (!json_is_array(shape)) {
        report_error("%s: tensor %s: no shape", path, tensor->name);
        return -1;
    }
    for (size_t i = 0; i < n_axes; i++) {
        if (get_u64(&axis, json_array_get(shape, i)) != 0) {
            report_error("%s: tensor %s: axis %zu is not a whole number", path,
                tensor->name, i);
            return -1;
        }
        if (__builtin_mul_overflow(product, axis, &product)) {
            report_error("%s: tensor %s: the product of its axes overflows",
                path, tensor->name);
            return -1;
        }
        if (i <= n_folded) {
            tensor->shape[0] = product;
        } else {
            tensor->shape[i - n_folded] = axis;
        }
    }
    tensor->n_axes = (unsigned)(n_axes - n_folded);
    return 0;
}

/* Set type, data and bytes; the shape is known. */
static int
read_place(struct tensor *tensor, const json_t *entry, const uint8_t *data,
    uint64_t data_bytes, const char *path)
{
    const char *word = json_string_value(json_object_get(entry, "dtype"));
    const json_t *range = json_object_get(entry, "data_offsets");
    uint64_t first, end, bytes;

    if (word == NULL) {
        report_error("%s: tensor %s: no dtype", path, tensor->name);
        return -1;
    }
    if (json_array_size(range) != 2 ||
        get_u64(&first, json_array_get(range, 0)) != 0 ||
        get_u64(&end, json_array_get(range, 1)) != 0) {
        report_error("%s: tensor %s: data_offsets must be two whole numbers",
            path, tensor->name);
        return -1;
    }
    if (first > end || end > data_bytes) {
        report_error("%s: tensor %s: data_offsets %llu to %llu are not inside "
                     "the %llu bytes of data; is the file complete?",
            path, tensor->name, (unsigned long long)first,
            (unsigned long long)end, (unsigned long long)data_bytes);
        return -1;
    }
    tensor->data = data + first;
    tensor->bytes = end - first;

    const struct dtype *dtype = find_dtype(word);
    tensor->type = TENSOR_OTHER;
    tensor->stored_as = word;
    if (dtype == NULL) {
        return 0;
    }
    if (__builtin_mul_overflow(
            tensor_count(tensor), (uint64_t)dtype->bytes, &bytes) ||
        bytes != tensor->bytes) {
        report_error("%s: tensor %s: data_offsets hold %llu bytes, which is "
                     "not its shape times %u (%s)",
            path, tensor->name, (unsigned long long)tensor->bytes, dtype->bytes,
            word);
        return -1;
    }
    tensor->type = dtype->type;
    return 0;
}

static int
read_tensor(struct safetensors *file, struct tensor *tensor,
    const json_t *entry, uint64_t data_start)
{
    const json_t *shape = json_object_get(entry, "shape");

    if (read_shape(tensor, shape, file->path) != 0 ||
        read_place(tensor, entry, file->map.data + data_start,
            file->map.bytes - data_start, file->path) != 0) {
        return -1;
    }
    if (json_array_size(shape) > TENSOR_AXES_MAX) {
        tensor->type = TENSOR_OTHER;
        tensor->stored_as = "a type with more than 4 axes";
    }
    return 0;
}

/* Parse the header.  Sets *data_start to the first byte after it. */
static int
read_header(struct safetensors *file, uint64_t *data_start)
{
    json_error_t error;

    if (file->map.bytes < LENGTH_BYTES) {
        report_error("%s: %zu bytes are too few for a safetensors file",
            file->path, file->map.bytes);
        return -1;
    }
    uint64_t header_bytes = bytes_load_u64(file->map.data);
    if (header_bytes > HEADER_BYTES_MAX) {
        report_error("%s: byte 0: header of %llu bytes; this is not a "
                     "safetensors file, or it is damaged",
            file->path, (unsigned long long)header_bytes);
        return -1;
    }
    if (header_bytes > file->map.bytes - LENGTH_BYTES) {
        report_error("%s: byte 0: header of %llu bytes in a file of %zu; is "
                     "the file complete?",
            file->path, (unsigned long long)header_bytes, file->map.bytes);
        return -1;
    }
    file->header = json_loadb((const char *)file->map.data + LENGTH_BYTES,
        (size_t)header_bytes, JSON_REJECT_DUPLICATES, &error);
    if (file->header == NULL) {
        report_error("%s: byte %d: bad header: %s", file->path,
            LENGTH_BYTES + error.position, error.text);
        return -1;
    }
    if (!json_is_object(file->header)) {
        report_error("%s: byte %d: the header is not an object", file->path,
            LENGTH_BYTES);
        return -1;
    }
    *data_start = LENGTH_BYTES + header_bytes;
    return 0;
}

static int
read_tensors(struct safetensors *file, uint64_t data_start)
{
    size_t n_max = json_object_size(file->header);
    const char *key;
    json_t *entry;

    file->tensors = mem_alloc(n_max, sizeof(*file->tensors));
    file->names = mem_alloc(n_max, sizeof(*file->names));
    if (file->tensors == NULL || file->names == NULL) {
        return -1;
    }
    json_object_foreach(file->header, key, entry)
    {
        if (strcmp(key, "__metadata__") == 0) {
            continue;
        }
        size_t i = file->n_tensors++;
        file->tensors[i].name = key;
        file->names[i] = (struct name){key, strlen(key), i};
        if (read_tensor(file, &file->tensors[i], entry, data_start) != 0) {
            return -1;
        }
    }
    names_sort(file->names, file->n_tensors);
    return 0;
}

/* Read what map holds; map is taken if it is mapped. */
static struct safetensors *
open_map(struct file_map map, bool is_mapped, const char *path)
{
    uint64_t data_start;
    struct safetensors *file = mem_alloc(1, sizeof(*file));

    if (file == NULL) {
        if (is_mapped) {
            file_map_close(&map);
        }
        return NULL;
    }
    file->map = map;
    file->is_mapped = is_mapped;
    file->path = mem_strdup(path);
    if (file->path == NULL || read_header(file, &data_start) != 0 ||
        read_tensors(file, data_start) != 0) {
        safetensors_close(file);
        return NULL;
    }
    return file;
}

struct safetensors *
safetensors_open(const char *path)
{
    struct file_map map;

    if (file_map_open(&map, path) != 0) {
        return NULL;
    }
    return open_map(map, true, path);
}

struct safetensors *
safetensors_open_memory(const uint8_t *data, size_t bytes, const char *name)
{
    return open_map((struct file_map){data, bytes}, false, name);
}

void
safetensors_rest(const struct safetensors *file)
{
    if (file->is_mapped) {
        file_map_rest(&file->map);
    }
}

void
safetensors_close(struct safetensors *file)
{
    if (file == NULL) {
        return;
    }
    mem_free(file->tensors);
    mem_free(file->names);
    json_decref(file->header);
    if (file->is_mapped) {
        file_map_close(&file->map);
    }
    mem_free(file->path);
    mem_free(file);
}

const char *
safetensors_path(const struct safetensors *file)
{
    return file->path;
}

size_t
safetensors_count(const struct safetensors *file)
{
    return file->n_tensors;
}

const struct tensor *
safetensors_at(const struct safetensors *file, size_t i)
{
    return &file->tensors[i];
}

const struct tensor *
safetensors_find(const struct safetensors *file, const char *name)
{
    const struct name *found =
        names_find(file->names, file->n_tensors, name, strlen(name));

    return found == NULL ? NULL : &file->tensors[found->index];
}
