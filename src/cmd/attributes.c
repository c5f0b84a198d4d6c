/*
 * attributes.c
 */
#include "cmd/attributes.h"

#include "base/build.h"
#include "base/mem.h"
#include "base/options.h"
#include "math/gemm.h"
#include "results/results.h"

struct attributes {
    struct attribute *items;
    size_t n, n_max;
    int failed;
};

struct attributes *
attributes_new(void)
{
    return mem_alloc(1, sizeof(struct attributes));
}

void
attributes_free(struct attributes *list)
{
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        mem_free((char *)(uintptr_t)list->items[i].text);
    }
    mem_free(list->items);
    mem_free(list);
}

/* A new last item, or NULL. */
static struct attribute *
append(struct attributes *list, const char *group, const char *name)
{
    void *items = list->items;

    if (mem_grow(&items, &list->n_max, list->n, list->n + 1,
            sizeof(*list->items)) != 0) {
        list->failed = -1;
        return NULL;
    }
    list->items = items;
    struct attribute *item = &list->items[list->n++];
    *item = (struct attribute){.group = group, .name = name};
    return item;
}

void
attributes_text(struct attributes *list, const char *group, const char *name,
    const char *text)
{
    struct attribute *item = append(list, group, name);

    if (item != NULL) {
        item->type = ATTRIBUTE_TEXT;
        item->text = mem_strdup(text);
        list->failed |= item->text == NULL ? -1 : 0;
    }
}

void
attributes_u64(struct attributes *list, const char *group, const char *name,
    uint64_t value)
{
    struct attribute *item = append(list, group, name);

    if (item != NULL) {
        item->type = ATTRIBUTE_U64;
        item->u64 = value;
    }
}

void
attributes_f64(
    struct attributes *list, const char *group, const char *name, double value)
{
    struct attribute *item = append(list, group, name);

    if (item != NULL) {
        item->type = ATTRIBUTE_F64;
        item->f64 = value;
    }
}

void
attributes_options(struct attributes *list, const struct options *options)
{
    const struct options_spec *spec = options_spec(options);

    for (size_t i = 0; i < spec->n_options; i++) {
        attributes_text(
            list, "options", spec->table[i].name, options_text(options, i));
        if (list->n > 0) {
            list->items[list->n - 1].is_default =
                options_is_default(options, i);
        }
    }
}

void
attributes_build(struct attributes *list)
{
    attributes_text(list, "build", "version", build_version());
    attributes_text(list, "build", "revision", build_revision());
    attributes_text(list, "build", "compiler", build_compiler());
    attributes_text(list, "build", "flags", build_flags());
    attributes_text(list, "build", "type", build_type());
    attributes_text(list, "build", "hdf5", results_library());
    attributes_text(list, "build", "blas", gemm_blas_library());
}

const struct attribute *
attributes_list(const struct attributes *list)
{
    return list->items;
}

size_t
attributes_count(const struct attributes *list)
{
    return list->n;
}

int
attributes_failed(const struct attributes *list)
{
    return list->failed;
}

void
attributes_truncate(struct attributes *list, size_t n)
{
    while (list->n > n) {
        mem_free((char *)(uintptr_t)list->items[--list->n].text);
    }
}
