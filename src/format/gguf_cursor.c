/*
 * gguf_cursor.c
 *
 * The only way the GGUF reader moves through a header: nothing is looked at
 * before its bytes are known to lie in the file.
 */
#include "format/gguf_file.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/report.h"

/* The specification's limit on keys; tensor names are much shorter. */
#define NAME_BYTES_MAX 65535

/* How much of a name a message shows. */
#define SHOWN_BYTES_MAX 100

void
gguf_cursor_report(const struct gguf_cursor *cursor, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    size_t place = (size_t)(cursor->at - cursor->start);
    if (cursor->name == NULL) {
        report_error("%s: byte %zu: %s%s%s", cursor->path, place,
            cursor->noun ? cursor->noun : "", cursor->noun ? ": " : "", text);
    } else {
        report_error("%s: byte %zu: %s %.*s: %s", cursor->path, place,
            cursor->noun,
            (int)(cursor->name_bytes < SHOWN_BYTES_MAX ? cursor->name_bytes
                                                       : SHOWN_BYTES_MAX),
            cursor->name, text);
    }
}

const uint8_t *
gguf_cursor_take(struct gguf_cursor *cursor, uint64_t bytes)
{
    const uint8_t *taken = cursor->at;

    if (bytes > (uint64_t)(cursor->end - cursor->at)) {
        gguf_cursor_report(cursor,
            "%llu bytes should follow, the file ends after %zu; "
            "is it complete?",
            (unsigned long long)bytes, (size_t)(cursor->end - cursor->at));
        return NULL;
    }
    cursor->at += bytes;
    return taken;
}

int
gguf_cursor_u32(struct gguf_cursor *cursor, uint32_t *value)
{
    const uint8_t *p = gguf_cursor_take(cursor, sizeof(*value));

    if (p == NULL) {
        return -1;
    }
    *value = bytes_load_u32(p);
    return 0;
}

int
gguf_cursor_u64(struct gguf_cursor *cursor, uint64_t *value)
{
    const uint8_t *p = gguf_cursor_take(cursor, sizeof(*value));

    if (p == NULL) {
        return -1;
    }
    *value = bytes_load_u64(p);
    return 0;
}

int
gguf_cursor_text(struct gguf_cursor *cursor, const char **text, size_t *bytes)
{
    uint64_t n;

    if (gguf_cursor_u64(cursor, &n) != 0) {
        return -1;
    }
    *text = (const char *)gguf_cursor_take(cursor, n);
    *bytes = (size_t)n;
    return *text == NULL ? -1 : 0;
}

int
gguf_cursor_name(struct gguf_cursor *cursor, const char *noun)
{
    const char *text;
    size_t bytes;

    cursor->noun = noun;
    cursor->name = NULL;
    if (gguf_cursor_text(cursor, &text, &bytes) != 0) {
        return -1;
    }
    if (bytes == 0 || bytes > NAME_BYTES_MAX) {
        gguf_cursor_report(cursor, "its name has %zu bytes", bytes);
        return -1;
    }
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 127) {
            gguf_cursor_report(cursor,
                "its name has the control character 0x%02x",
                (unsigned)(unsigned char)text[i]);
            return -1;
        }
    }
    cursor->name = text;
    cursor->name_bytes = bytes;
    return 0;
}
