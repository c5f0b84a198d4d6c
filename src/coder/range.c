/*
 * range.c
 *
 * Range coding after Martin (1979) with the carry of Schindler (1998), in
 * 64-bit words.  The stream is a number in [0, 1); low and range are the next
 * 64 binary digits of its interval.  A carry is added to the bytes already
 * written, which lie in memory anyway; each byte of 0xff that it clears was
 * put there by one step, so carries cost constant time on average.
 *
 * Symbol intervals begin at floor(range * cumulative / total): those of all
 * symbols fill the range without gaps, whatever the total.
 */
#include "coder/range.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

__extension__ typedef unsigned __int128 uint128;

/* A range below this is widened by a byte. */
#define RANGE_MIN (UINT64_C(1) << 56)

/* The first range.  2^64 - 1 loses 2^-63 bits once. */
#define RANGE_START UINT64_MAX

/* floor(range * part / total), where part <= total. */
static inline uint64_t
scale(uint64_t range, uint64_t part, uint64_t total)
{
    uint128 product = (uint128)range * part;

    if ((total & (total - 1)) == 0) {
        return (uint64_t)(product >> __builtin_ctzll(total));
    }
    return (uint64_t)(product / total);
}

/* The part [*start, *start + *width) of the range that a symbol gets. */
static inline void
interval(uint64_t *start, uint64_t *width, uint64_t range, uint64_t cumulative,
    uint64_t frequency, uint64_t total)
{
    assert(frequency > 0 && total <= RANGE_TOTAL_MAX);
    assert(cumulative <= total && frequency <= total - cumulative);
    *start = cumulative == 0 ? 0 : scale(range, cumulative, total);
    uint64_t end = cumulative + frequency == total
                       ? range
                       : scale(range, cumulative + frequency, total);
    *width = end - *start;
}

void
range_encoder_init(struct range_encoder *encoder)
{
    *encoder = (struct range_encoder){.range = RANGE_START};
}

void
range_encoder_release(struct range_encoder *encoder)
{
    if (encoder != NULL) {
        mem_free(encoder->out);
        encoder->out = NULL;
        encoder->out_bytes_max = 0;
    }
}

void
range_encoder_reset(struct range_encoder *encoder)
{
    encoder->low = 0;
    encoder->range = RANGE_START;
    encoder->out_bytes = 0;
    encoder->has_failed = false;
}

/* Add one to the number written; it is below all ones. */
static void
carry(struct range_encoder *encoder)
{
    size_t i = encoder->out_bytes;

    while (i > 0 && ++encoder->out[--i] == 0) {
    }
}

static void
put_byte(struct range_encoder *encoder, uint8_t byte)
{
    if (encoder->out_bytes == encoder->out_bytes_max) {
        void *out = encoder->out;
        if (mem_grow(&out, &encoder->out_bytes_max, encoder->out_bytes,
                encoder->out_bytes + 1, 1)) {
            encoder->has_failed = true;
            encoder->out_bytes = 0; /* go on in place; finish() tells */
        }
        encoder->out = out;
        if (encoder->out_bytes_max == 0) {
            return;
        }
    }
    encoder->out[encoder->out_bytes++] = byte;
}

void
range_encode(struct range_encoder *encoder, uint64_t cumulative,
    uint64_t frequency, uint64_t total)
{
    uint64_t start, width;

    interval(&start, &width, encoder->range, cumulative, frequency, total);
    encoder->low += start;
    if (encoder->low < start) {
        carry(encoder);
    }
    encoder->range = width;
    while (encoder->range < RANGE_MIN) {
        put_byte(encoder, (uint8_t)(encoder->low >> 56));
        encoder->low <<= 8;
        encoder->range <<= 8;
    }
}

/*
 * The number with the fewest bytes more in [low, low + range), zeros after it
 * being free: none if zero is in (or is reached by a carry), else one, for a
 * range of 2^56 always holds a multiple of 2^56.  Zeros that are written stay:
 * without them, bytes that happen to be zero would cost nothing.
 */
int
range_encoder_finish(
    struct range_encoder *encoder, const uint8_t **out, size_t *out_bytes)
{
    uint64_t last = encoder->low + (encoder->range - 1);

    if (encoder->low != 0 && last < encoder->low) {
        carry(encoder);
    } else if (encoder->low != 0) {
        put_byte(encoder, (uint8_t)(last >> 56));
    }
    encoder->low = 0;
    *out = encoder->out;
    *out_bytes = encoder->out_bytes;
    return encoder->has_failed ? -1 : 0;
}

static void
take_bytes(struct range_decoder *decoder)
{
    while (decoder->range < RANGE_MIN) {
        uint8_t byte = decoder->position < decoder->in_bytes
                           ? decoder->in[decoder->position++]
                           : 0;
        decoder->code = decoder->code << 8 | byte;
        decoder->range <<= 8;
    }
}

void
range_decoder_init(
    struct range_decoder *decoder, const uint8_t *in, size_t in_bytes)
{
    *decoder = (struct range_decoder){.in = in, .in_bytes = in_bytes};
    for (int i = 0; i < 8; i++) {
        decoder->range = RANGE_MIN >> 8;
        take_bytes(decoder);
    }
    decoder->range = RANGE_START;
    if (decoder->code >= decoder->range) {
        decoder->code = decoder->range - 1; /* no encoder writes this */
    }
}

/* The largest n with floor(range * n / total) <= code. */
uint64_t
range_decode(struct range_decoder *decoder, uint64_t total)
{
    uint128 product = (uint128)(decoder->code + 1) * total;

    return (uint64_t)((product - 1) / decoder->range);
}

void
range_decode_take(struct range_decoder *decoder, uint64_t cumulative,
    uint64_t frequency, uint64_t total)
{
    uint64_t start, width;

    interval(&start, &width, decoder->range, cumulative, frequency, total);
    assert(start <= decoder->code && decoder->code - start < width);
    decoder->code -= start;
    decoder->range = width;
    take_bytes(decoder);
}

uint32_t
range_decode_symbol(struct range_decoder *decoder, const uint64_t *frequency,
    size_t n, uint64_t total)
{
    uint64_t number = range_decode(decoder, total), cumulative = 0;
    size_t i = 0;

    while (i + 1 < n && number - cumulative >= frequency[i]) {
        cumulative += frequency[i++];
    }
    range_decode_take(decoder, cumulative, frequency[i], total);
    return (uint32_t)i;
}
