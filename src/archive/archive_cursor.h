/*
 * archive_cursor.h - the numbers that an archive consists of: little-endian
 * ones of a fixed size, and varints of 7 bits a byte, lowest first, the high
 * bit set on all but the last.
 *
 * Writing needs room and is not checked.  Reading beyond the end, or a varint
 * above 64 bits or longer than it need be, gives 0 and marks the cursor.
 */
#ifndef ARCHIVE_ARCHIVE_CURSOR_H
#define ARCHIVE_ARCHIVE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest varint. */
#define ARCHIVE_VARINT_BYTES 10

/* These return the place after what they wrote. */
uint8_t *archive_put_varint(uint8_t *out, uint64_t value);
uint8_t *archive_put_fixed(uint8_t *out, uint64_t value, size_t bytes);

struct archive_cursor {
    const uint8_t *at, *end;
    bool is_wrong;
};

uint64_t archive_take_varint(struct archive_cursor *cursor);
uint64_t archive_take_fixed(struct archive_cursor *cursor, size_t bytes);

/* A pointer to so many bytes; NULL: there are fewer. */
const uint8_t *archive_take_bytes(struct archive_cursor *cursor, size_t bytes);

#endif /* ARCHIVE_ARCHIVE_CURSOR_H */
