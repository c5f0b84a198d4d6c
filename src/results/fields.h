/*
 * fields.h - the one table of what an output holds.
 *
 * Writer, reader, journal and SCHEMA.md follow its names and units.
 */
#ifndef RESULTS_FIELDS_H
#define RESULTS_FIELDS_H

#include <stddef.h>
#include <stdint.h>

struct result_row;

enum field_id {
    /* One number for each chunk, 8 bytes wide, in this order in a journal. */
    FIELD_INDEX,
    FIELD_OFFSET,
    FIELD_RAW_BYTES,
    FIELD_TOKENS,
    FIELD_IDEAL_BITS,
    FIELD_CODED_BYTES,
    FIELD_SECONDS,
    FIELD_FLOPS,
    FIELD_LOST_BITS,
    FIELD_ROW_COUNT,
    /* The others. */
    FIELD_BITS_BY_POSITION = FIELD_ROW_COUNT,
    FIELD_TOKEN_FIRST,
    FIELD_POSITION_FIRST,
    FIELD_POSITION_END,
    FIELD_TOKEN_BITS,
    FIELD_COUNT
};

enum field_type { FIELD_U64, FIELD_F64, FIELD_F32 };

struct field {
    const char *group; /* of the dataset in the file */
    const char *name;
    enum field_type type;
    const char *unit;
    const char *description;
    size_t row_offset; /* in struct result_row; row fields only */
};

extern const struct field fields[FIELD_COUNT];

size_t field_item_bytes(enum field_id id);

/* Bytes of the row fields one after the other. */
#define FIELD_ROW_BYTES (8 * (size_t)FIELD_ROW_COUNT)

/* Write the row fields of row to out, FIELD_ROW_BYTES bytes. */
void field_pack(uint8_t *out, const struct result_row *row);

/* The value of an integer row field in packed bytes. */
uint64_t field_packed_u64(const uint8_t *packed, enum field_id id);

#endif /* RESULTS_FIELDS_H */
