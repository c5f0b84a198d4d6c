/*
 * gguf.c
 *
 * Layout of the file: "GGUF", version, number of tensors, number of keys; the
 * metadata; for each tensor its name, axes (fastest first), type and place;
 * then, at a multiple of general.alignment, the data.
 */
#include "format/gguf.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/report.h"

#include "format/gguf_file.h"

#define ALIGNMENT_DEFAULT 32
#define ALIGNMENT_MAX     (1 << 20)

/* The shortest entry: length and a byte of name, no axis, type, place. */
#define TENSOR_ENTRY_BYTES_MIN 25

/* Types by their number in the file; a gap has no name. */
static const struct {
    const char *name;
    enum tensor_type type;
    uint16_t block_count;
    uint16_t block_bytes;
} stored_types[] = {
    [0] = {"F32", TENSOR_F32, 1, 4},
    [1] = {"F16", TENSOR_F16, 1, 2},
    [2] = {"Q4_0", TENSOR_Q4_0, 32, 18},
    [3] = {"Q4_1", TENSOR_Q4_1, 32, 20},
    [6] = {"Q5_0", TENSOR_Q5_0, 32, 22},
    [7] = {"Q5_1", TENSOR_Q5_1, 32, 24},
    [8] = {"Q8_0", TENSOR_Q8_0, 32, 34},
    [9] = {"Q8_1", TENSOR_OTHER, 32, 36},
    [10] = {"Q2_K", TENSOR_Q2_K, 256, 84},
    [11] = {"Q3_K", TENSOR_Q3_K, 256, 110},
    [12] = {"Q4_K", TENSOR_Q4_K, 256, 144},
    [13] = {"Q5_K", TENSOR_Q5_K, 256, 176},
    [14] = {"Q6_K", TENSOR_Q6_K, 256, 210},
    [15] = {"Q8_K", TENSOR_OTHER, 256, 292},
    [16] = {"IQ2_XXS", TENSOR_OTHER, 256, 66},
    [17] = {"IQ2_XS", TENSOR_OTHER, 256, 74},
    [18] = {"IQ3_XXS", TENSOR_OTHER, 256, 98},
    [19] = {"IQ1_S", TENSOR_OTHER, 256, 50},
    [20] = {"IQ4_NL", TENSOR_IQ4_NL, 32, 18},
    [21] = {"IQ3_S", TENSOR_OTHER, 256, 110},
    [22] = {"IQ2_S", TENSOR_OTHER, 256, 82},
    [23] = {"IQ4_XS", TENSOR_IQ4_XS, 256, 136},
    [24] = {"I8", TENSOR_OTHER, 1, 1},
    [25] = {"I16", TENSOR_OTHER, 1, 2},
    [26] = {"I32", TENSOR_OTHER, 1, 4},
    [27] = {"I64", TENSOR_OTHER, 1, 8},
    [28] = {"F64", TENSOR_OTHER, 1, 8},
    [29] = {"IQ1_M", TENSOR_OTHER, 256, 56},
    [30] = {"BF16", TENSOR_BF16, 1, 2},
    [34] = {"TQ1_0", TENSOR_OTHER, 256, 54},
    [35] = {"TQ2_0", TENSOR_OTHER, 256, 66},
    [39] = {"MXFP4", TENSOR_OTHER, 32, 17},
};

#define N_STORED_TYPES (sizeof(stored_types) / sizeof(stored_types[0]))

/* Set type and, where it is known, bytes. */
static int
set_type(struct tensor *tensor, struct gguf_cursor *cursor, uint32_t number)
{
    uint64_t bytes;

    tensor->type = TENSOR_OTHER;
    tensor->stored_as = "an unknown type";
    tensor->bytes = 0;
    if (number >= N_STORED_TYPES || stored_types[number].name == NULL) {
        return 0;
    }
    tensor->type = stored_types[number].type;
    tensor->stored_as = stored_types[number].name;

    uint64_t columns =
        tensor->n_axes == 0 ? 1 : tensor->shape[tensor->n_axes - 1];
    uint64_t block_count = stored_types[number].block_count;
    if (columns % block_count != 0) {
        gguf_cursor_report(cursor,
            "rows of %llu numbers cannot be of type %s, "
            "which has blocks of %llu",
            (unsigned long long)columns, tensor->stored_as,
            (unsigned long long)block_count);
        return -1;
    }
    if (__builtin_mul_overflow(tensor_count(tensor) / block_count,
            (uint64_t)stored_types[number].block_bytes, &bytes)) {
        gguf_cursor_report(cursor, "its size overflows");
        return -1;
    }
    tensor->bytes = bytes;
    return 0;
}

/* Read the axes, which the file lists fastest first. */
static int
read_shape(struct tensor *tensor, struct gguf_cursor *cursor)
{
    uint64_t product = 1;
    uint32_t n_axes;

    if (gguf_cursor_u32(cursor, &n_axes) != 0) {
        return -1;
    }
    if (n_axes > TENSOR_AXES_MAX) {
        gguf_cursor_report(cursor, "has %u axes, at most %d are possible",
            (unsigned)n_axes, TENSOR_AXES_MAX);
        return -1;
    }
    tensor->n_axes = n_axes;
    for (unsigned i = n_axes; i-- > 0;) {
        if (gguf_cursor_u64(cursor, &tensor->shape[i]) != 0) {
            return -1;
        }
        if (__builtin_mul_overflow(product, tensor->shape[i], &product)) {
            gguf_cursor_report(cursor, "the product of its axes overflows");
            return -1;
        }
    }
    return 0;
}

/* One entry of the list of tensors; *offset is relative to the data. */
static int
read_tensor(struct tensor *tensor, uint64_t *offset, struct gguf_cursor *cursor)
{
    uint32_t number;

    if (gguf_cursor_name(cursor, "tensor") != 0) {
        return -1;
    }
    tensor->name = mem_printf("%.*s", (int)cursor->name_bytes, cursor->name);
    if (tensor->name == NULL || read_shape(tensor, cursor) != 0 ||
        gguf_cursor_u32(cursor, &number) != 0 ||
        set_type(tensor, cursor, number) != 0) {
        return -1;
    }
    return gguf_cursor_u64(cursor, offset);
}

/* Turn the places of the tensors into pointers into the file. */
static int
place_tensors(struct gguf *gguf, const uint64_t *offsets, uint64_t header_bytes)
{
    uint64_t alignment = ALIGNMENT_DEFAULT;

    if (gguf_has(gguf, "general.alignment") &&
        (gguf_u64(gguf, &alignment, "general.alignment") != 0 ||
            alignment == 0 || alignment > ALIGNMENT_MAX ||
            (alignment & (alignment - 1)) != 0)) {
        report_error("%s: key general.alignment: not a power of two up to %d",
            gguf->path, ALIGNMENT_MAX);
        return -1;
    }
    uint64_t start = (header_bytes + alignment - 1) & ~(alignment - 1);
    uint64_t room = start < gguf->map.bytes ? gguf->map.bytes - start : 0;

    for (size_t i = 0; i < gguf->n_tensors; i++) {
        struct tensor *tensor = &gguf->tensors[i];

        if (offsets[i] % alignment != 0) {
            report_error("%s: tensor %s: starts at byte %llu of the data, "
                         "which is not a multiple of %llu",
                gguf->path, tensor->name, (unsigned long long)offsets[i],
                (unsigned long long)alignment);
            return -1;
        }
        if (offsets[i] > room || tensor->bytes > room - offsets[i]) {
            report_error("%s: tensor %s: its %llu bytes from byte %llu of "
                         "the data do not fit into the %llu that are there; "
                         "is the file complete?",
                gguf->path, tensor->name, (unsigned long long)tensor->bytes,
                (unsigned long long)offsets[i], (unsigned long long)room);
            return -1;
        }
        tensor->data = gguf->map.data + (room == 0 ? 0 : start + offsets[i]);
    }
    return 0;
}

/* Errors: -1 if two tensors have one name. */
static int
check_tensor_names(const struct gguf *gguf)
{
    struct name *names = mem_alloc(gguf->n_tensors, sizeof(*names));

    if (names == NULL) {
        return -1;
    }
    for (size_t i = 0; i < gguf->n_tensors; i++) {
        const char *text = gguf->tensors[i].name;
        names[i] = (struct name){text, strlen(text), i};
    }
    names_sort(names, gguf->n_tensors);
    const struct name *twice = names_duplicate(names, gguf->n_tensors);
    if (twice != NULL) {
        report_error("%s: tensor %s: occurs twice", gguf->path, twice->text);
    }
    mem_free(names);
    return twice == NULL ? 0 : -1;
}

static int
read_tensors(struct gguf *gguf, struct gguf_cursor *cursor, uint64_t n_tensors)
{
    int rc = -1;

    cursor->noun = NULL;
    cursor->name = NULL;
    if (n_tensors >
        (size_t)(cursor->end - cursor->at) / TENSOR_ENTRY_BYTES_MIN) {
        gguf_cursor_report(cursor,
            "the header promises %llu tensors, more than the file can hold",
            (unsigned long long)n_tensors);
        return -1;
    }
    gguf->tensors = mem_alloc((size_t)n_tensors, sizeof(*gguf->tensors));
    uint64_t *offsets = mem_alloc((size_t)n_tensors, sizeof(*offsets));
    if (gguf->tensors == NULL || offsets == NULL) {
        goto done;
    }
    for (size_t i = 0; i < n_tensors; i++) {
        gguf->n_tensors++;
        if (read_tensor(&gguf->tensors[i], &offsets[i], cursor) != 0) {
            goto done;
        }
    }
    rc = check_tensor_names(gguf);
    if (rc == 0) {
        rc = place_tensors(
            gguf, offsets, (uint64_t)(cursor->at - cursor->start));
    }
done:
    mem_free(offsets);
    return rc;
}

/* Check magic and version. */
static int
read_magic(struct gguf_cursor *cursor)
{
    uint32_t version;
    const uint8_t *magic = gguf_cursor_take(cursor, 4);

    if (magic == NULL) {
        return -1;
    }
    if (memcmp(magic, "GGUF", 4) != 0) {
        report_error("%s: not a GGUF file: it does not begin with \"GGUF\"",
            cursor->path);
        return -1;
    }
    if (gguf_cursor_u32(cursor, &version) != 0) {
        return -1;
    }
    if (version != 2 && version != 3) {
        report_error("%s: GGUF version %u%s; versions 2 and 3 are read",
            cursor->path, (unsigned)version,
            (version & 0xffff) == 0 ? " (big-endian?)" : "");
        return -1;
    }
    return 0;
}

/* Read what map holds; map is taken if it is mapped. */
static struct gguf *
open_map(struct file_map map, bool is_mapped, const char *path)
{
    uint64_t n_tensors, n_values;
    struct gguf_cursor cursor = {
        .path = path,
        .start = map.data,
        .at = map.data,
        .end = map.data + map.bytes,
    };
    struct gguf *gguf = mem_alloc(1, sizeof(*gguf));

    if (gguf == NULL) {
        if (is_mapped) {
            file_map_close(&map);
        }
        return NULL;
    }
    gguf->map = map;
    gguf->is_mapped = is_mapped;
    gguf->path = mem_strdup(path);
    if (gguf->path == NULL || read_magic(&cursor) != 0 ||
        gguf_cursor_u64(&cursor, &n_tensors) != 0 ||
        gguf_cursor_u64(&cursor, &n_values) != 0 ||
        gguf_meta_read(gguf, &cursor, n_values) != 0 ||
        read_tensors(gguf, &cursor, n_tensors) != 0) {
        gguf_close(gguf);
        return NULL;
    }
    return gguf;
}

struct gguf *
gguf_open(const char *path)
{
    struct file_map map;

    if (file_map_open(&map, path) != 0) {
        return NULL;
    }
    return open_map(map, true, path);
}

struct gguf *
gguf_open_memory(const uint8_t *data, size_t bytes, const char *name)
{
    return open_map((struct file_map){data, bytes}, false, name);
}

void
gguf_rest(const struct gguf *gguf)
{
    if (gguf->is_mapped) {
        file_map_rest(&gguf->map);
    }
}

void
gguf_close(struct gguf *gguf)
{
    if (gguf == NULL) {
        return;
    }
    for (size_t i = 0; i < gguf->n_tensors; i++) {
        mem_free((char *)gguf->tensors[i].name);
    }
    mem_free(gguf->tensors);
    gguf_meta_free(gguf);
    if (gguf->is_mapped) {
        file_map_close(&gguf->map);
    }
    mem_free(gguf->path);
    mem_free(gguf);
}

const char *
gguf_path(const struct gguf *gguf)
{
    return gguf->path;
}

size_t
gguf_tensor_count(const struct gguf *gguf)
{
    return gguf->n_tensors;
}

const struct tensor *
gguf_tensor(const struct gguf *gguf, size_t i)
{
    return &gguf->tensors[i];
}
