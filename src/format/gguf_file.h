/*
 * gguf_file.h - what gguf.c and gguf_meta.c share; private to this folder.
 */
#ifndef FORMAT_GGUF_FILE_H
#define FORMAT_GGUF_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

#include "format/gguf.h"
#include "format/names.h"

/* Kinds of metadata, numbered as in the file. */
enum gguf_kind {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_TEXT,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_KINDS,
};

/* A value as it lies in the file; checked to lie inside it. */
struct gguf_value {
    enum gguf_kind kind;    /* of the value, or of the elements */
    bool is_array;          /* one dimension only */
    const uint8_t *data;    /* the number, the text or the first element */
    uint64_t count;         /* bytes of a text, elements of an array */
    uint64_t *text_offsets; /* array of texts: where in data each begins */
};

struct gguf {
    char *path;
    struct file_map map; /* of the file, or the caller's memory */
    bool is_mapped;
    size_t n_values;
    struct gguf_value *values; /* in the order of the file */
    struct name *keys;         /* sorted; index is into values */
    size_t n_tensors;
    struct tensor *tensors; /* each owns its name */
};

/* A place in the header, and what is there. */
struct gguf_cursor {
    const char *path;
    const uint8_t *start, *at, *end;
    const char *noun; /* "key", "tensor" or NULL before the first */
    const char *name; /* of name_bytes bytes */
    size_t name_bytes;
};

/* Report what is wrong at this place of the file. */
void gguf_cursor_report(const struct gguf_cursor *cursor, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The next bytes of the header, or NULL if the file ends before; reported. */
const uint8_t *gguf_cursor_take(struct gguf_cursor *cursor, uint64_t bytes);

int gguf_cursor_u32(struct gguf_cursor *cursor, uint32_t *value);
int gguf_cursor_u64(struct gguf_cursor *cursor, uint64_t *value);
int gguf_cursor_text(
    struct gguf_cursor *cursor, const char **text, size_t *bytes);

/*
 * Take the name of a key or tensor (the noun); messages name it from now on.
 * Errors: -1 if it is empty, very long or not printable.
 */
int gguf_cursor_name(struct gguf_cursor *cursor, const char *noun);

/* Fill values and keys from the n_values entries at the cursor. */
int gguf_meta_read(
    struct gguf *gguf, struct gguf_cursor *cursor, uint64_t n_values);
void gguf_meta_free(struct gguf *gguf);

#endif /* FORMAT_GGUF_FILE_H */
