/*
 * gguf_meta.c
 *
 * Metadata of a GGUF file.  Values stay in the mapped file; what is built is
 * a sorted list of keys and, for an array of texts (a vocabulary), the place
 * of each element, because texts have no fixed length.
 */
#include "format/gguf_file.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/report.h"

/* The shortest entry: length and one byte of key, kind, one byte of value. */
#define ENTRY_BYTES_MIN 14

/* Bytes of a number; 0 for texts and arrays. */
static const uint8_t kind_bytes[GGUF_KINDS] = {
    [GGUF_U8] = 1,
    [GGUF_I8] = 1,
    [GGUF_U16] = 2,
    [GGUF_I16] = 2,
    [GGUF_U32] = 4,
    [GGUF_I32] = 4,
    [GGUF_F32] = 4,
    [GGUF_BOOL] = 1,
    [GGUF_U64] = 8,
    [GGUF_I64] = 8,
    [GGUF_F64] = 8,
};

static int
read_kind(struct gguf_cursor *cursor, enum gguf_kind *kind)
{
    uint32_t number;

    if (gguf_cursor_u32(cursor, &number) != 0) {
        return -1;
    }
    if (number >= GGUF_KINDS) {
        gguf_cursor_report(
            cursor, "unknown kind of value %u", (unsigned)number);
        return -1;
    }
    *kind = (enum gguf_kind)number;
    return 0;
}

/* Walk over the texts of an array and remember where each one is. */
static int
read_text_array(struct gguf_value *value, struct gguf_cursor *cursor)
{
    const char *text;
    size_t bytes;

    value->text_offsets =
        mem_alloc((size_t)value->count, sizeof(*value->text_offsets));
    if (value->text_offsets == NULL) {
        return -1;
    }
    for (uint64_t i = 0; i < value->count; i++) {
        value->text_offsets[i] = (uint64_t)(cursor->at - value->data);
        if (gguf_cursor_text(cursor, &text, &bytes) != 0) {
            return -1;
        }
    }
    return 0;
}

static int
read_array(struct gguf_value *value, struct gguf_cursor *cursor)
{
    if (read_kind(cursor, &value->kind) != 0 ||
        gguf_cursor_u64(cursor, &value->count) != 0) {
        return -1;
    }
    if (value->kind == GGUF_ARRAY) {
        gguf_cursor_report(cursor, "an array of arrays cannot be read");
        return -1;
    }
    value->is_array = true;
    value->data = cursor->at;

    /* A text takes at least the 8 bytes of its length. */
    size_t item_bytes = value->kind == GGUF_TEXT ? 8 : kind_bytes[value->kind];
    if (value->count > (size_t)(cursor->end - cursor->at) / item_bytes) {
        gguf_cursor_report(cursor,
            "%llu elements do not fit into the rest of the file; "
            "is it complete?",
            (unsigned long long)value->count);
        return -1;
    }
    if (value->kind == GGUF_TEXT) {
        return read_text_array(value, cursor);
    }
    return gguf_cursor_take(cursor, value->count * item_bytes) ? 0 : -1;
}

static int
read_value(struct gguf_value *value, struct gguf_cursor *cursor)
{
    if (read_kind(cursor, &value->kind) != 0) {
        return -1;
    }
    if (value->kind == GGUF_ARRAY) {
        return read_array(value, cursor);
    }
    if (value->kind == GGUF_TEXT &&
        gguf_cursor_u64(cursor, &value->count) != 0) {
        return -1;
    }
    value->data = gguf_cursor_take(cursor,
        value->kind == GGUF_TEXT ? value->count : kind_bytes[value->kind]);
    return value->data == NULL ? -1 : 0;
}

int
gguf_meta_read(struct gguf *gguf, struct gguf_cursor *cursor, uint64_t n_values)
{
    if (n_values > (size_t)(cursor->end - cursor->at) / ENTRY_BYTES_MIN) {
        gguf_cursor_report(cursor,
            "the header promises %llu keys, more than the file can hold",
            (unsigned long long)n_values);
        return -1;
    }
    gguf->values = mem_alloc((size_t)n_values, sizeof(*gguf->values));
    gguf->keys = mem_alloc((size_t)n_values, sizeof(*gguf->keys));
    if (gguf->values == NULL || gguf->keys == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n_values; i++) {
        gguf->n_values++; /* so that an incomplete one is freed, too */
        if (gguf_cursor_name(cursor, "key") != 0 ||
            read_value(&gguf->values[i], cursor) != 0) {
            return -1;
        }
        gguf->keys[i] = (struct name){cursor->name, cursor->name_bytes, i};
    }

    names_sort(gguf->keys, gguf->n_values);
    const struct name *twice = names_duplicate(gguf->keys, gguf->n_values);
    if (twice != NULL) {
        report_error("%s: key %.*s: occurs twice", gguf->path,
            (int)twice->bytes, twice->text);
        return -1;
    }
    return 0;
}

void
gguf_meta_free(struct gguf *gguf)
{
    for (size_t i = 0; i < gguf->n_values; i++) {
        mem_free(gguf->values[i].text_offsets);
    }
    mem_free(gguf->values);
    mem_free(gguf->keys);
}

/* The value of key if it is an array or not as wanted, else NULL. */
static const struct gguf_value *
find(const struct gguf *gguf, const char *key, bool is_array)
{
    const struct name *name =
        names_find(gguf->keys, gguf->n_values, key, strlen(key));

    if (name == NULL || gguf->values[name->index].is_array != is_array) {
        return NULL;
    }
    return &gguf->values[name->index];
}

/* An integer as magnitude and sign.  Errors: -1 if p is not an integer. */
static int
load_integer(
    uint64_t *magnitude, bool *is_negative, enum gguf_kind kind, const void *p)
{
    int64_t value = 0;

    *is_negative = false;
    switch (kind) {
    case GGUF_U8:
    case GGUF_BOOL:
        *magnitude = *(const uint8_t *)p;
        return kind == GGUF_BOOL && *magnitude > 1 ? -1 : 0;
    case GGUF_U16:
        *magnitude = bytes_load_u16(p);
        return 0;
    case GGUF_U32:
        *magnitude = bytes_load_u32(p);
        return 0;
    case GGUF_U64:
        *magnitude = bytes_load_u64(p);
        return 0;
    case GGUF_I8:
        value = *(const int8_t *)p;
        break;
    case GGUF_I16:
        value = (int16_t)bytes_load_u16(p);
        break;
    case GGUF_I32:
        value = (int32_t)bytes_load_u32(p);
        break;
    case GGUF_I64:
        value = (int64_t)bytes_load_u64(p);
        break;
    default:
        return -1;
    }
    *is_negative = value < 0;
    *magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return 0;
}

static int
load_f64(double *value, enum gguf_kind kind, const void *p)
{
    uint64_t magnitude;
    bool is_negative;

    if (kind == GGUF_F32) {
        *value = (double)bytes_load_f32(p);
        return 0;
    }
    if (kind == GGUF_F64) {
        memcpy(value, p, sizeof(*value));
        return 0;
    }
    if (load_integer(&magnitude, &is_negative, kind, p) != 0) {
        return -1;
    }
    *value = is_negative ? -(double)magnitude : (double)magnitude;
    return 0;
}

static int
load_u64(uint64_t *value, enum gguf_kind kind, const void *p)
{
    uint64_t magnitude;
    bool is_negative;
    double real;

    if (kind == GGUF_F32 || kind == GGUF_F64) {
        /* Also false for NaN. */
        if (load_f64(&real, kind, p) != 0 ||
            !(real >= 0 && real < 0x1p64 && floor(real) == real)) {
            return -1;
        }
        *value = (uint64_t)real;
        return 0;
    }
    if (load_integer(&magnitude, &is_negative, kind, p) != 0 || is_negative) {
        return -1;
    }
    *value = magnitude;
    return 0;
}

bool
gguf_has(const struct gguf *gguf, const char *key)
{
    return names_find(gguf->keys, gguf->n_values, key, strlen(key)) != NULL;
}

int
gguf_u64(const struct gguf *gguf, uint64_t *value, const char *key)
{
    const struct gguf_value *found = find(gguf, key, false);

    return found == NULL ? -1 : load_u64(value, found->kind, found->data);
}

int
gguf_f64(const struct gguf *gguf, double *value, const char *key)
{
    const struct gguf_value *found = find(gguf, key, false);

    return found == NULL ? -1 : load_f64(value, found->kind, found->data);
}

int
gguf_bool(const struct gguf *gguf, bool *value, const char *key)
{
    uint64_t number;

    if (gguf_u64(gguf, &number, key) != 0 || number > 1) {
        return -1;
    }
    *value = number == 1;
    return 0;
}

int
gguf_text(
    const struct gguf *gguf, const char **text, size_t *bytes, const char *key)
{
    const struct gguf_value *found = find(gguf, key, false);

    if (found == NULL || found->kind != GGUF_TEXT) {
        return -1;
    }
    *text = (const char *)found->data;
    *bytes = (size_t)found->count;
    return 0;
}

size_t
gguf_array_count(const struct gguf *gguf, const char *key)
{
    const struct gguf_value *found = find(gguf, key, true);

    return found == NULL ? 0 : (size_t)found->count;
}

int
gguf_array_text(const struct gguf *gguf, const char **text, size_t *bytes,
    const char *key, size_t i)
{
    const struct gguf_value *found = find(gguf, key, true);

    if (found == NULL || found->kind != GGUF_TEXT || i >= found->count) {
        return -1;
    }
    const uint8_t *p = found->data + found->text_offsets[i];
    *bytes = (size_t)bytes_load_u64(p);
    *text = (const char *)p + 8;
    return 0;
}

int
gguf_array_u64(
    const struct gguf *gguf, uint64_t *value, const char *key, size_t i)
{
    const struct gguf_value *found = find(gguf, key, true);

    if (found == NULL || found->kind == GGUF_TEXT || i >= found->count) {
        return -1;
    }
    return load_u64(
        value, found->kind, found->data + i * kind_bytes[found->kind]);
}

int
gguf_array_f64(
    const struct gguf *gguf, double *value, const char *key, size_t i)
{
    const struct gguf_value *found = find(gguf, key, true);

    if (found == NULL || found->kind == GGUF_TEXT || i >= found->count) {
        return -1;
    }
    return load_f64(
        value, found->kind, found->data + i * kind_bytes[found->kind]);
}
