/*
 * fuzz_range.c
 *
 * Any bytes decode to symbols without harm, and any sequence of symbols
 * decodes to itself.  The first byte chooses which; each symbol is made from
 * the next 24 bytes (total, frequency, cumulative).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "coder/range.h"

#define SYMBOL_BYTES 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct interval {
    uint64_t cumulative, frequency, total;
};

/* A sound interval from any bytes. */
static struct interval
read_interval(const uint8_t *data)
{
    struct interval x;

    x.total = 1 + bytes_load_u64(data) % RANGE_TOTAL_MAX;
    x.frequency = 1 + bytes_load_u64(data + 8) % x.total;
    x.cumulative = bytes_load_u64(data + 16) % (x.total - x.frequency + 1);
    return x;
}

static void
decode_anything(const uint8_t *data, size_t bytes)
{
    struct range_decoder decoder;

    range_decoder_init(&decoder, data, bytes);
    for (size_t i = 0; i < bytes + 16; i++) {
        uint64_t total = 1 + (i * 0x9e3779b97f4a7c15u) % RANGE_TOTAL_MAX;
        uint64_t number = range_decode(&decoder, total);
        if (number >= total) {
            abort();
        }
        range_decode_take(&decoder, number, 1, total);
    }
}

static void
round_trip(const uint8_t *data, size_t n)
{
    struct range_encoder encoder;
    struct range_decoder decoder;
    const uint8_t *out;
    size_t out_bytes;

    range_encoder_init(&encoder);
    for (size_t i = 0; i < n; i++) {
        struct interval x = read_interval(data + i * SYMBOL_BYTES);
        range_encode(&encoder, x.cumulative, x.frequency, x.total);
    }
    if (range_encoder_finish(&encoder, &out, &out_bytes)) {
        abort();
    }
    range_decoder_init(&decoder, out, out_bytes);
    for (size_t i = 0; i < n; i++) {
        struct interval x = read_interval(data + i * SYMBOL_BYTES);
        uint64_t number = range_decode(&decoder, x.total);
        if (number < x.cumulative || number - x.cumulative >= x.frequency) {
            abort();
        }
        range_decode_take(&decoder, x.cumulative, x.frequency, x.total);
    }
    range_encoder_release(&encoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes > 0 && data[0] % 2 == 0) {
        decode_anything(data + 1, bytes - 1);
    } else if (bytes > 0) {
        round_trip(data + 1, (bytes - 1) / SYMBOL_BYTES);
    }
    return 0;
}
