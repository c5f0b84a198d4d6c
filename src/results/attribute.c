/*
 * attribute.c
 */
#include "results/attribute.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

/* Bytes of an encoded attribute before its strings. */
#define HEAD_BYTES 24

/* Characters of a value in a message. */
#define VALUE_BYTES_MAX 200

int
attribute_list_add(
    struct attribute_list *list, const struct attribute *attribute)
{
    struct attribute copy = *attribute;
    bool has_text = attribute->type == ATTRIBUTE_TEXT;

    if (mem_grow((void **)&list->items, &list->n_max, list->n, list->n + 1,
            sizeof(copy)) != 0) {
        return -1;
    }
    char *group = mem_strdup(attribute->group);
    char *name = mem_strdup(attribute->name);
    char *text = has_text && attribute->text ? mem_strdup(attribute->text)
                                             : mem_strdup("");
    if (group == NULL || name == NULL || text == NULL) {
        mem_free(group);
        mem_free(name);
        mem_free(text);
        return -1;
    }
    copy.group = group;
    copy.name = name;
    copy.text = text;
    list->items[list->n++] = copy;
    return 0;
}

void
attribute_list_release(struct attribute_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        mem_free((void *)list->items[i].group);
        mem_free((void *)list->items[i].name);
        mem_free((void *)list->items[i].text);
    }
    mem_free(list->items);
    memset(list, 0, sizeof(*list));
}

/* What stands behind the head: group, name, text. */
static void
list_strings(const char *strings[3], const struct attribute *attribute)
{
    bool has_text = attribute->type == ATTRIBUTE_TEXT && attribute->text;

    strings[0] = attribute->group;
    strings[1] = attribute->name;
    strings[2] = has_text ? attribute->text : "";
}

static uint8_t *
put_attribute(uint8_t *p, const struct attribute *attribute)
{
    const char *strings[3];
    uint32_t lengths[3];

    list_strings(strings, attribute);
    memset(p, 0, HEAD_BYTES);
    p[0] = (uint8_t)attribute->type;
    p[1] = attribute->is_default;
    if (attribute->type == ATTRIBUTE_U64) {
        memcpy(p + 16, &attribute->u64, 8);
    } else if (attribute->type == ATTRIBUTE_F64) {
        memcpy(p + 16, &attribute->f64, 8);
    }
    for (int i = 0; i < 3; i++) {
        lengths[i] = (uint32_t)strlen(strings[i]);
    }
    memcpy(p + 4, lengths, sizeof(lengths));
    p += HEAD_BYTES;
    for (int i = 0; i < 3; i++) {
        memcpy(p, strings[i], lengths[i]);
        p += lengths[i];
    }
    return p;
}

static size_t
encoded_bytes(const struct attribute *items, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        const char *strings[3];
        list_strings(strings, &items[i]);
        bytes += HEAD_BYTES + strlen(strings[0]) + strlen(strings[1]) +
                 strlen(strings[2]);
    }
    return bytes;
}

size_t
attribute_list_bytes(const struct attribute_list *list)
{
    return encoded_bytes(list->items, list->n);
}

int
attribute_encode(
    uint8_t **out, size_t *out_bytes, const struct attribute *items, size_t n)
{
    size_t bytes = encoded_bytes(items, n);
    uint8_t *p = mem_alloc(bytes, 1);
    if (p == NULL) {
        return -1;
    }
    *out = p;
    *out_bytes = bytes;
    for (size_t i = 0; i < n; i++) {
        p = put_attribute(p, &items[i]);
    }
    return 0;
}

/* Take one attribute from bytes; *used is set to its length. */
static int
take_attribute(
    struct attribute_list *list, size_t *used, const uint8_t *p, size_t n_bytes)
{
    struct attribute attribute = {0};
    char *strings[3] = {NULL, NULL, NULL};
    int rc = -1;

    if (n_bytes < HEAD_BYTES || p[0] > ATTRIBUTE_F64) {
        return -1;
    }
    attribute.type = p[0];
    attribute.is_default = p[1] != 0;
    attribute.u64 = bytes_load_u64(p + 16);
    memcpy(&attribute.f64, p + 16, 8);
    size_t at = HEAD_BYTES;
    for (int i = 0; i < 3; i++) {
        size_t length = bytes_load_u32(p + 4 + 4 * i);
        if (length > n_bytes - at) {
            goto done;
        }
        strings[i] = mem_alloc(length + 1, 1);
        if (strings[i] == NULL) {
            goto done;
        }
        memcpy(strings[i], p + at, length);
        at += length;
    }
    attribute.group = strings[0];
    attribute.name = strings[1];
    attribute.text = strings[2];
    *used = at;
    rc = attribute_list_add(list, &attribute);
done:
    for (int i = 0; i < 3; i++) {
        mem_free(strings[i]);
    }
    return rc;
}

int
attribute_decode(
    struct attribute_list *list, const uint8_t *bytes, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes;) {
        size_t used;
        if (take_attribute(list, &used, bytes + at, n_bytes - at) != 0) {
            return -1;
        }
        at += used;
    }
    return 0;
}

const struct attribute *
attribute_find(const struct attribute *items, size_t n, const char *group,
    const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(items[i].name, name) == 0 &&
            strcmp(items[i].group, group) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

static bool
is_equal(const struct attribute *a, const struct attribute *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case ATTRIBUTE_TEXT:
        return strcmp(a->text, b->text) == 0;
    case ATTRIBUTE_U64:
        return a->u64 == b->u64;
    default:
        return memcmp(&a->f64, &b->f64, 8) == 0;
    }
}

static void
format_value(char out[VALUE_BYTES_MAX], const struct attribute *attribute)
{
    if (attribute == NULL) {
        snprintf(out, VALUE_BYTES_MAX, "absent");
    } else if (attribute->type == ATTRIBUTE_TEXT) {
        snprintf(out, VALUE_BYTES_MAX, "\"%.180s\"", attribute->text);
    } else if (attribute->type == ATTRIBUTE_U64) {
        snprintf(
            out, VALUE_BYTES_MAX, "%llu", (unsigned long long)attribute->u64);
    } else {
        snprintf(out, VALUE_BYTES_MAX, "%.17g", attribute->f64);
    }
}

bool
attribute_all_equal(char *out, size_t out_bytes_max,
    const struct attribute_list *want, const struct attribute_list *have)
{
    char old_value[VALUE_BYTES_MAX], new_value[VALUE_BYTES_MAX];

    for (size_t i = 0; i < want->n; i++) {
        const struct attribute *a = &want->items[i];
        const struct attribute *b =
            attribute_find(have->items, have->n, a->group, a->name);
        if (b == NULL || !is_equal(a, b)) {
            format_value(old_value, b);
            format_value(new_value, a);
            snprintf(out, out_bytes_max, "%s %s: %s there, %s now", a->group,
                a->name, old_value, new_value);
            return false;
        }
    }
    for (size_t i = 0; i < have->n; i++) {
        const struct attribute *b = &have->items[i];
        if (attribute_find(want->items, want->n, b->group, b->name) == NULL) {
            format_value(old_value, b);
            snprintf(out, out_bytes_max, "%s %s: %s there, absent now",
                b->group, b->name, old_value);
            return false;
        }
    }
    return true;
}
