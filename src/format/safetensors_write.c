/*
 * safetensors_write.c
 *
 * Tensors lie in the order given, back to back, as the format wants them; the
 * header is filled with blanks so that the data begins at a multiple of 8.
 */
#include "format/safetensors_write.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h" /* refuses big-endian machines */
#include "base/half.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/report.h"

/* Numbers converted at once. */
#define PIECE 4096

static size_t
item_count(const struct safetensors_item *item)
{
    return (item->rows == 0 ? 1 : item->rows) * item->columns;
}

/* {"NAME": {"dtype": ..., "shape": [...], "data_offsets": [...]}, ...} */
static json_t *
make_header(const struct safetensors_item *items, size_t n_items,
    const char *dtype, size_t number_bytes)
{
    json_t *header = json_object();
    json_int_t first = 0;
    int rc = json_object_set_new(
        header, "__metadata__", json_pack("{s:s}", "format", "pt"));

    for (size_t i = 0; i < n_items; i++) {
        const struct safetensors_item *item = &items[i];
        json_int_t end = first + (json_int_t)(item_count(item) * number_bytes);
        json_t *shape = item->rows == 0
                            ? json_pack("[I]", (json_int_t)item->columns)
                            : json_pack("[I,I]", (json_int_t)item->rows,
                                  (json_int_t)item->columns);
        rc |= json_object_set_new(header, item->name,
            json_pack("{s:s,s:o,s:[I,I]}", "dtype", dtype, "shape", shape,
                "data_offsets", first, end));
        first = end;
    }
    if (rc != 0) {
        json_decref(header);
        return NULL;
    }
    return header;
}

static void
write_bf16(struct replace *file, const float *data, size_t n)
{
    uint16_t piece[PIECE];

    for (size_t done = 0; done < n; done += PIECE) {
        size_t m = n - done < PIECE ? n - done : PIECE;
        for (size_t i = 0; i < m; i++) {
            piece[i] = half_to_bf16(data[done + i]);
        }
        replace_write(file, piece, m * sizeof(*piece));
    }
}

int
safetensors_write(const char *path, const struct safetensors_item *items,
    size_t n_items, enum tensor_type type)
{
    bool is_short = type == TENSOR_BF16;
    json_t *header = make_header(
        items, n_items, is_short ? "BF16" : "F32", is_short ? 2 : 4);
    char *text = header == NULL ? NULL : json_dumps(header, JSON_COMPACT);
    struct replace *file = NULL;
    int rc = -1;

    if (text == NULL) {
        report_error("%s: no memory for the header", path);
        goto done;
    }
    file = replace_begin(path);
    if (file == NULL) {
        goto done;
    }
    size_t bytes = strlen(text);
    size_t blanks = (8 - bytes % 8) % 8;
    uint64_t length = bytes + blanks;
    replace_write(file, &length, sizeof(length));
    replace_write(file, text, bytes);
    replace_write(file, "        ", blanks);
    for (size_t i = 0; i < n_items; i++) {
        const struct safetensors_item *item = &items[i];
        if (is_short) {
            write_bf16(file, item->data, item_count(item));
        } else {
            replace_write(file, item->data, 4 * item_count(item));
        }
    }
    rc = replace_finish(file);
done:
    free(text);
    json_decref(header);
    return rc;
}
