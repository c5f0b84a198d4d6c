/*
 * names.c
 */
#include "format/names.h"

#include <stdlib.h>
#include <string.h>

static int
compare(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    size_t common = x->bytes < y->bytes ? x->bytes : y->bytes;
    int order = memcmp(x->text, y->text, common);

    return order != 0 ? order : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

void
names_sort(struct name *names, size_t n)
{
    qsort(names, n, sizeof(*names), compare);
}

const struct name *
names_find(const struct name *names, size_t n, const char *text, size_t bytes)
{
    struct name wanted = {text, bytes, 0};

    return bsearch(&wanted, names, n, sizeof(*names), compare);
}

const struct name *
names_duplicate(const struct name *names, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (compare(&names[i - 1], &names[i]) == 0) {
            return &names[i];
        }
    }
    return NULL;
}
