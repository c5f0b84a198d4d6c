/*
 * fields.c
 */
#include "results/fields.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "results/results.h"

#define ROW(member) offsetof(struct result_row, member)

const struct field fields[FIELD_COUNT] = {
    [FIELD_INDEX] = {"chunk", "index", FIELD_U64, "1",
        "number of the chunk in the corpus, from 0", ROW(index)},
    [FIELD_OFFSET] = {"chunk", "offset", FIELD_U64, "byte",
        "offset of the chunk's first byte in the corpus", ROW(offset)},
    [FIELD_RAW_BYTES] = {"chunk", "raw_bytes", FIELD_U64, "byte",
        "length of the chunk", ROW(raw_bytes)},
    [FIELD_TOKENS] = {"chunk", "tokens", FIELD_U64, "1",
        "symbols of the predictor in the chunk; 0 for codecs", ROW(tokens)},
    [FIELD_IDEAL_BITS] = {"chunk", "ideal_bits", FIELD_F64, "bit",
        "sum of -log2 p over the chunk's symbols; codecs: 8 * coded_bytes",
        ROW(ideal_bits)},
    [FIELD_CODED_BYTES] = {"chunk", "coded_bytes", FIELD_U64, "byte",
        "length of the chunk's code, ended and in whole bytes",
        ROW(coded_bytes)},
    [FIELD_SECONDS] = {"chunk", "seconds", FIELD_F64, "s",
        "time spent on the chunk; not reproducible", ROW(seconds)},
    [FIELD_FLOPS] = {"chunk", "flops", FIELD_F64, "1",
        "floating-point operations of the predictor, attention included; 0: "
        "not counted",
        ROW(flops)},
    [FIELD_LOST_BITS] = {"chunk", "lost_bits", FIELD_U64, "bit",
        "bits of the chunk that its code does not tell (--bytes-as ascii-...)",
        ROW(lost_bits)},
    [FIELD_BITS_BY_POSITION] = {"chunk", "bits_by_position", FIELD_F32, "bit",
        "ideal bits by position in the chunk: column b holds the bytes at "
        "[/position/first[b], /position/end[b])",
        0},
    [FIELD_TOKEN_FIRST] = {"chunk", "token_first", FIELD_U64, "1",
        "place of the chunk's first symbol in /token/bits", 0},
    [FIELD_POSITION_FIRST] = {"position", "first", FIELD_U64, "byte",
        "first position in a chunk that belongs to the bucket", 0},
    [FIELD_POSITION_END] = {"position", "end", FIELD_U64, "byte",
        "first position after the bucket", 0},
    [FIELD_TOKEN_BITS] = {"token", "bits", FIELD_F32, "bit",
        "-log2 p of each symbol, all chunks in order", 0},
};

size_t
field_item_bytes(enum field_id id)
{
    return fields[id].type == FIELD_F32 ? 4 : 8;
}

void
field_pack(uint8_t *out, const struct result_row *row)
{
    for (size_t i = 0; i < FIELD_ROW_COUNT; i++) {
        memcpy(out + 8 * i, (const char *)row + fields[i].row_offset, 8);
    }
}

uint64_t
field_packed_u64(const uint8_t *packed, enum field_id id)
{
    assert(id < FIELD_ROW_COUNT && fields[id].type == FIELD_U64);
    return bytes_load_u64(packed + 8 * (size_t)id);
}
