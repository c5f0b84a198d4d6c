/*
 * range.h - range coder over integer frequencies with large totals.
 *
 * Codes (cumulative, frequency, total) triples to bytes and back.  Only
 * integers enter.  The range stays above 2^56 and widths are rounded once from
 * 128-bit products, so a symbol of probability p = frequency / total loses at
 * most 1.5 * 2^-56 / p bits, and nothing on average: the intervals of all
 * symbols fill the range.  The whole stream is longer than the ideal by at
 * most RANGE_OVERHEAD_BITS plus those losses, and shorter by less than 8 bits.
 */
#ifndef CODER_RANGE_H
#define CODER_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest total of frequencies. */
#define RANGE_TOTAL_MAX (UINT64_C(1) << 56)

/* Bits that ending a stream may cost, rounding up to a byte included. */
#define RANGE_OVERHEAD_BITS 16

/*
 * An encoder owned by the caller; out grows as needed.  Fields are private.
 */
struct range_encoder {
    uint64_t low;   /* of the interval, below the bytes already in out */
    uint64_t range; /* its width, at least 2^56 between symbols */
    uint8_t *out;   /* a carry out of low is added to the number it holds */
    size_t out_bytes, out_bytes_max;
    bool has_failed;
};

void range_encoder_init(struct range_encoder *encoder);
void range_encoder_release(struct range_encoder *encoder);

/* Begin another stream; keeps the memory of the one before. */
void range_encoder_reset(struct range_encoder *encoder);

/*
 * Code one symbol.
 *
 * Requires: frequency > 0, cumulative + frequency <= total <=
 * RANGE_TOTAL_MAX.
 * Errors: none here; being out of memory is reported by finish.
 */
void range_encode(struct range_encoder *encoder, uint64_t cumulative,
    uint64_t frequency, uint64_t total);

/*
 * End the stream.  *out points to its bytes, valid until the next reset or
 * release.  An empty sequence of symbols gives 0 bytes.
 */
int range_encoder_finish(
    struct range_encoder *encoder, const uint8_t **out, size_t *out_bytes);

/* A decoder owned by the caller.  Bytes after the end read as zero. */
struct range_decoder {
    uint64_t code;  /* distance from the low end of the interval */
    uint64_t range; /* always above code, whatever the input */
    const uint8_t *in;
    size_t in_bytes, position;
};

/* in is kept. */
void range_decoder_init(
    struct range_decoder *decoder, const uint8_t *in, size_t in_bytes);

/*
 * The number below total that the next symbol's interval contains: the symbol
 * is the one with cumulative <= number < cumulative + frequency.
 */
uint64_t range_decode(struct range_decoder *decoder, uint64_t total);

/* Take the symbol found; arguments as given to range_encode(). */
void range_decode_take(struct range_decoder *decoder, uint64_t cumulative,
    uint64_t frequency, uint64_t total);

/*
 * Find and take the next symbol, one of n.
 *
 * Requires: the frequencies (n) sum to total, none is 0.
 */
uint32_t range_decode_symbol(struct range_decoder *decoder,
    const uint64_t *frequency, size_t n, uint64_t total);

#endif /* CODER_RANGE_H */
