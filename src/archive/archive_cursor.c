/*
 * archive_cursor.c
 */
#include "archive/archive_cursor.h"

uint8_t *
archive_put_varint(uint8_t *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        *out++ = (uint8_t)(value | 0x80);
    }
    *out++ = (uint8_t)value;
    return out;
}

uint8_t *
archive_put_fixed(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *out++ = (uint8_t)(value >> 8 * i);
    }
    return out;
}

const uint8_t *
archive_take_bytes(struct archive_cursor *cursor, size_t bytes)
{
    const uint8_t *p = cursor->at;

    if (bytes > (size_t)(cursor->end - p)) {
        cursor->is_wrong = true;
        cursor->at = cursor->end;
        return NULL;
    }
    cursor->at += bytes;
    return p;
}

uint64_t
archive_take_varint(struct archive_cursor *cursor)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *p = archive_take_bytes(cursor, 1);
        if (p == NULL) {
            return 0;
        }
        uint64_t digit = *p & 0x7f;
        if ((digit << shift) >> shift != digit) {
            break;
        }
        value |= digit << shift;
        if (*p < 0x80) {
            cursor->is_wrong |= digit == 0 && shift > 0;
            return cursor->is_wrong ? 0 : value;
        }
    }
    cursor->is_wrong = true;
    return 0;
}

uint64_t
archive_take_fixed(struct archive_cursor *cursor, size_t bytes)
{
    const uint8_t *p = archive_take_bytes(cursor, bytes);
    uint64_t value = 0;

    for (size_t i = 0; p != NULL && i < bytes; i++) {
        value |= (uint64_t)p[i] << 8 * i;
    }
    return value;
}
