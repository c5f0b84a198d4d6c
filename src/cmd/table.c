/*
 * table.c
 */
#include "cmd/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Append text to a buffer of TABLE_ROW_BYTES_MAX; too long is cut. */
static void
append(char *buffer, size_t *bytes, const char *text)
{
    size_t n = strlen(text);

    if (n > TABLE_ROW_BYTES_MAX - 1 - *bytes) {
        n = TABLE_ROW_BYTES_MAX - 1 - *bytes;
    }
    memcpy(buffer + *bytes, text, n);
    *bytes += n;
    buffer[*bytes] = '\0';
}

/* Write the row that is being held. */
static void
flush(struct table *t)
{
    if (t->n_rows == 0) {
        return;
    }
    if (!t->is_json && t->n_rows == 1) {
        fprintf(t->out, "%s\n", t->header);
    }
    if (t->is_json) {
        fprintf(t->out, "%s  {%s}", t->n_rows == 1 ? "[\n" : ",\n", t->row);
    } else {
        fprintf(t->out, "%s\n", t->row);
    }
}

void
table_row(struct table *t)
{
    flush(t);
    t->n_rows++;
    t->n_values = 0;
    t->row_bytes = 0;
    t->row[0] = '\0';
}

/* A value that needs no more quoting. */
static void
put(struct table *t, const char *name, const char *value)
{
    const char *separator = t->n_values == 0 ? "" : t->is_json ? ", " : ",";

    append(t->row, &t->row_bytes, separator);
    if (t->is_json) {
        append(t->row, &t->row_bytes, "\"");
        append(t->row, &t->row_bytes, name);
        append(t->row, &t->row_bytes, "\": ");
    } else if (t->n_rows == 1) {
        append(t->header, &t->header_bytes, separator);
        append(t->header, &t->header_bytes, name);
    }
    append(t->row, &t->row_bytes, value);
    t->n_values++;
}

/* "a ""quoted"" word" */
static void
quote_csv(char *out, size_t out_bytes_max, const char *text)
{
    size_t n = 0;

    out[n++] = '"';
    for (; *text != '\0' && n + 3 < out_bytes_max; text++) {
        if (*text == '"') {
            out[n++] = '"';
        }
        out[n++] = *text;
    }
    out[n++] = '"';
    out[n] = '\0';
}

void
table_text(struct table *t, const char *name, const char *value)
{
    char quoted[TABLE_ROW_BYTES_MAX];

    if (t->is_json) {
        json_t *text = json_string(value);
        char *dumped = json_dumps(text ? text : json_null(), JSON_ENCODE_ANY);
        put(t, name, dumped ? dumped : "null");
        free(dumped);
        json_decref(text);
    } else if (strpbrk(value, ",\"\r\n") != NULL) {
        quote_csv(quoted, sizeof(quoted), value);
        put(t, name, quoted);
    } else {
        put(t, name, value);
    }
}

void
table_u64(struct table *t, const char *name, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    put(t, name, text);
}

void
table_f64(struct table *t, const char *name, double value)
{
    char text[64];

    if (!isfinite(value)) {
        put(t, name, t->is_json ? "null" : "nan");
        return;
    }
    /* The shortest form that reads back as the same number. */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    put(t, name, text);
}

void
table_end(struct table *t)
{
    flush(t);
    if (t->is_json) {
        fprintf(t->out, t->n_rows == 0 ? "[]\n" : "\n]\n");
    }
}
