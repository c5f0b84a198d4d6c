/*
 * sweep_list.c
 */
#include "study/sweep_list.h"

#include <string.h>

#include "base/mem.h"
#include "base/report.h"

int
sweep_list_add(struct sweep_list *list, const char *text, size_t bytes)
{
    void *values = list->values;

    if (mem_grow(&values, &list->n_max, list->n, list->n + 1,
            sizeof(*list->values)) != 0) {
        return -1;
    }
    list->values = values;
    list->values[list->n] = mem_printf("%.*s", (int)bytes, text);
    return list->values[list->n++] == NULL ? -1 : 0;
}

/* The value that *text begins with; *text moves behind it and blanks. */
static int
take_value(struct sweep_list *list, const char *where, const char **text)
{
    const char *first = *text;
    size_t bytes;

    if (*first == '"') {
        const char *end = strchr(++first, '"');
        if (end == NULL) {
            report_error("%s%s: the quote does not end", where, first - 1);
            return -1;
        }
        bytes = (size_t)(end - first);
        *text = end + 1;
    } else {
        bytes = strcspn(first, ",");
        *text = first + bytes;
        while (bytes > 0 && strchr(" \t", first[bytes - 1]) != NULL) {
            bytes--;
        }
    }
    *text += strspn(*text, " \t");
    if (bytes == 0) {
        report_error("%sa value of the list is empty", where);
        return -1;
    }
    if (**text != ',' && **text != '\0') {
        report_error("%s%s: want a comma between values", where, *text);
        return -1;
    }
    return sweep_list_add(list, first, bytes);
}

int
sweep_list_split(struct sweep_list *list, const char *where, const char *text)
{
    for (;;) {
        text += strspn(text, " \t");
        if (take_value(list, where, &text) != 0) {
            return -1;
        }
        if (*text == '\0') {
            return 0;
        }
        text++;
    }
}

void
sweep_list_release(struct sweep_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        mem_free(list->values[i]);
    }
    mem_free(list->values);
    *list = (struct sweep_list){0};
}
