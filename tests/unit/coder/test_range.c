/*
 * test_range.c
 *
 * What was encoded is decoded, for every total up to the largest, and the
 * stream is as long as the frequencies say: the number that the program
 * reports as a code length is one that an archive really has.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "coder/range.h"

/* One symbol: an interval of a total. */
struct triple {
    uint64_t cumulative, frequency, total;
};

/* Bits of a sequence at its ideal. */
static double
ideal_bits(const struct triple *symbols, size_t n)
{
    double bits = 0.0;

    for (size_t i = 0; i < n; i++) {
        bits += log2((double)symbols[i].total / (double)symbols[i].frequency);
    }
    return bits;
}

/*
 * Encode and decode (from memory that ends at a guard page); returns the
 * coded bytes.
 */
static size_t
round_trip(const struct triple *symbols, size_t n)
{
    struct range_encoder encoder;
    struct range_decoder decoder;
    const uint8_t *out;
    size_t bytes, n_wrong = 0;

    range_encoder_init(&encoder);
    for (size_t i = 0; i < n; i++) {
        range_encode(&encoder, symbols[i].cumulative, symbols[i].frequency,
            symbols[i].total);
    }
    CU_ASSERT_EQUAL_FATAL(range_encoder_finish(&encoder, &out, &bytes), 0);
    uint8_t *in = check_guarded(bytes);
    if (bytes > 0) {
        memcpy(in, out, bytes);
    }
    range_decoder_init(&decoder, in, bytes);
    for (size_t i = 0; i < n && n_wrong == 0; i++) {
        const struct triple *s = &symbols[i];
        uint64_t number = range_decode(&decoder, s->total);
        if (number < s->cumulative || number - s->cumulative >= s->frequency) {
            n_wrong++;
            break;
        }
        range_decode_take(&decoder, s->cumulative, s->frequency, s->total);
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    check_guarded_free(in, bytes);
    range_encoder_release(&encoder);
    return bytes;
}

/* A number from 1 to max, each length in bits equally likely. */
static uint64_t
random_up_to(uint64_t max, uint64_t seed, uint64_t i)
{
    uint64_t random = rng_at(seed, 2 * i);
    unsigned bits = (unsigned)(rng_at(seed, 2 * i + 1) % 57);
    uint64_t value = bits == 0 ? 0 : random >> (64 - bits);

    return 1 + value % max;
}

static void
test_any_intervals_of_any_totals_come_back(void)
{
    enum { SYMBOLS = 200000 };
    struct triple *symbols = malloc(SYMBOLS * sizeof(*symbols));

    for (uint64_t i = 0; i < SYMBOLS; i++) {
        struct triple *s = &symbols[i];
        s->total = 1 + random_up_to(RANGE_TOTAL_MAX - 1, check_seed(), 3 * i);
        s->frequency = random_up_to(s->total - 1, check_seed(), 3 * i + 1);
        s->cumulative =
            rng_at(~check_seed(), i) % (s->total - s->frequency + 1);
    }
    double ideal = ideal_bits(symbols, SYMBOLS);
    double coded = 8.0 * (double)round_trip(symbols, SYMBOLS);
    /* Improbable symbols of huge totals lose some of their bits. */
    CU_ASSERT(coded <= ideal * 1.001 + RANGE_OVERHEAD_BITS);
    CU_ASSERT(coded >= ideal * 0.999);
    free(symbols);
}

static void
test_extreme_totals_come_back(void)
{
    const uint64_t totals[] = {2, 3, 255, 256, 257, (1u << 16) - 1,
        UINT64_C(1) << 32, RANGE_TOTAL_MAX / 3, RANGE_TOTAL_MAX - 1,
        RANGE_TOTAL_MAX};
    struct triple symbols[3000];

    for (size_t t = 0; t < sizeof(totals) / sizeof(*totals); t++) {
        for (size_t i = 0; i < 3000; i++) {
            uint64_t total = totals[t];
            /* The first, the last, all but one, one in the middle. */
            struct triple kinds[] = {{0, 1, total}, {total - 1, 1, total},
                {0, total - 1, total}, {1, total - 1, total},
                {total / 2, 1, total}};
            symbols[i] = kinds[rng_at(t, i) % 5];
        }
        round_trip(symbols, 3000);
    }
}

static void
test_a_certain_symbol_costs_nothing(void)
{
    struct triple symbols[1000];

    for (size_t i = 0; i < 1000; i++) {
        symbols[i] = (struct triple){0, 77 + i, 77 + i};
    }
    CU_ASSERT_EQUAL(round_trip(symbols, 1000), 0);
    symbols[500] = (struct triple){1, 1, 2};
    CU_ASSERT_EQUAL(round_trip(symbols, 1000), 1);
}

static void
test_nothing_is_coded_as_nothing(void)
{
    CU_ASSERT_EQUAL(round_trip(NULL, 0), 0);
}

static void
test_one_byte_takes_at_most_two(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        struct triple s = {byte, 1, 256};
        CU_ASSERT(round_trip(&s, 1) <= 2);
    }
}

/*
 * Symbols whose interval straddles 1/2 to the last digit keep the number just
 * below a carry: the bytes written are 0xff, until the last symbol decides.
 */
static void
test_long_runs_of_carries_come_back(void)
{
    enum { SYMBOLS = 100001 };
    struct triple *symbols = malloc(SYMBOLS * sizeof(*symbols));

    for (unsigned up = 0; up < 2; up++) {
        symbols[0] =
            (struct triple){RANGE_TOTAL_MAX / 2 - 1, 2, RANGE_TOTAL_MAX};
        for (size_t i = 1; i < SYMBOLS - 1; i++) {
            symbols[i] = (struct triple){127, 2, 256};
        }
        symbols[SYMBOLS - 1] = (struct triple){up ? 255 : 0, 1, 256};
        double ideal = ideal_bits(symbols, SYMBOLS);
        double coded = 8.0 * (double)round_trip(symbols, SYMBOLS);
        CU_ASSERT(coded <= ideal * (1.0 + 1e-9) + RANGE_OVERHEAD_BITS);
    }
    free(symbols);
}

static void
test_any_bytes_decode_to_something(void)
{
    for (uint64_t trial = 0; trial < 300; trial++) {
        size_t bytes = trial < 12 ? trial : rng_at(1, trial) % 40;
        uint8_t *in = check_guarded(bytes);
        struct range_decoder decoder;
        for (size_t i = 0; i < bytes; i++) {
            in[i] = trial % 3 ? (uint8_t)rng_at(trial, i) : 0xff;
        }
        range_decoder_init(&decoder, in, bytes);
        for (uint64_t i = 0; i < 100; i++) {
            uint64_t total = 1 + random_up_to(RANGE_TOTAL_MAX - 1, trial, i);
            uint64_t number = range_decode(&decoder, total);
            CU_ASSERT_FATAL(number < total);
            range_decode_take(&decoder, number, 1, total);
        }
        check_guarded_free(in, bytes);
    }
}

/* Draw symbols from n frequencies; their intervals. */
static void
draw(struct triple *symbols, size_t n_symbols, const uint64_t *frequency,
    size_t n, uint64_t seed)
{
    uint64_t *cumulative = malloc((n + 1) * sizeof(*cumulative));

    cumulative[0] = 0;
    for (size_t i = 0; i < n; i++) {
        cumulative[i + 1] = cumulative[i] + frequency[i];
    }
    for (size_t i = 0; i < n_symbols; i++) {
        uint64_t number = rng_at(seed, i) % cumulative[n];
        size_t low = 0, high = n;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            *(cumulative[middle] <= number ? &low : &high) = middle;
        }
        symbols[i] =
            (struct triple){cumulative[low], frequency[low], cumulative[n]};
    }
    free(cumulative);
}

static void
test_a_million_symbols_cost_their_ideal(void)
{
    enum { SYMBOLS = 1000000 };
    struct triple *symbols = malloc(SYMBOLS * sizeof(*symbols));
    uint64_t frequency[256];

    for (unsigned i = 0; i < 256; i++) {
        frequency[i] = 1 + (rng_at(5, i) >> (30 + i % 24));
    }
    draw(symbols, SYMBOLS, frequency, 256, check_seed());
    double ideal = ideal_bits(symbols, SYMBOLS);
    double coded = 8.0 * (double)round_trip(symbols, SYMBOLS);
    CU_ASSERT(coded <= ideal * (1.0 + 1e-9) + RANGE_OVERHEAD_BITS);
    CU_ASSERT(coded >= ideal * (1.0 - 1e-9));
    free(symbols);
}

/*
 * Softmax over 256,000 symbols, flat to steep, as 1 + floor(2^36 e^(l - max)):
 * the code length against the softmax itself, before the integers.
 */
static void
test_large_vocabularies_cost_no_more_than_the_softmax(void)
{
    enum { VOCABULARY = 256000, SYMBOLS = 50000 };
    uint64_t *frequency = malloc(VOCABULARY * sizeof(*frequency));
    double *weight = malloc(VOCABULARY * sizeof(*weight));
    struct triple *symbols = malloc(SYMBOLS * sizeof(*symbols));

    for (unsigned steep = 0; steep < 4; steep++) {
        double largest = -1e9, sum = 0.0, ideal = 0.0;
        for (size_t i = 0; i < VOCABULARY; i++) {
            weight[i] = 1.5 * (1 << steep) * check_random(i);
            largest = fmax(largest, weight[i]);
        }
        for (size_t i = 0; i < VOCABULARY; i++) {
            weight[i] = exp(weight[i] - largest);
            sum += weight[i];
            frequency[i] = 1 + (uint64_t)(0x1p36 * weight[i]);
        }
        draw(symbols, SYMBOLS, frequency, VOCABULARY, check_seed());
        for (size_t i = 0; i < SYMBOLS; i++) {
            /* e^l from the integer, which knows it to 2^-36 of the largest */
            double w = ((double)symbols[i].frequency - 0.5) * 0x1p-36;
            ideal += log2(sum / w);
        }
        double coded = 8.0 * (double)round_trip(symbols, SYMBOLS);
        CU_ASSERT(coded <= ideal * (1.0 + 1e-5) + RANGE_OVERHEAD_BITS);
    }
    free(symbols);
    free(weight);
    free(frequency);
}

static void
test_chunks_cost_at_most_a_ten_thousandth_and_16_bits_more(void)
{
    enum { CHUNK = 2048, CHUNKS = 60 };
    struct triple symbols[CHUNK];
    uint64_t frequency[256];

    for (uint64_t c = 0; c < CHUNKS; c++) {
        size_t n = c < 3 ? c : CHUNK;
        for (unsigned i = 0; i < 256; i++) {
            frequency[i] = 1 + (rng_at(c, i) >> (16 + (i * c) % 47));
        }
        draw(symbols, n, frequency, 256, check_seed() + c);
        double ideal = ideal_bits(symbols, n);
        double coded = 8.0 * (double)round_trip(symbols, n);
        CU_ASSERT(coded <= ideal * (1.0 + 1e-4) + RANGE_OVERHEAD_BITS);
    }
}

static void
test_bytes_that_happen_to_be_zero_are_not_free(void)
{
    struct triple symbols[2048];

    for (size_t i = 0; i < 2048; i++) {
        symbols[i] = (struct triple){0, 1, 256};
    }
    CU_ASSERT_EQUAL(round_trip(symbols, 1), 1);
    CU_ASSERT_EQUAL(round_trip(symbols, 2048), 2048);
    for (size_t n = 0; n < 200; n++) {
        symbols[n] = (struct triple){n % 2, 1, 2 + n % 3};
        double ideal = ideal_bits(symbols, n + 1);
        CU_ASSERT(8.0 * (double)round_trip(symbols, n + 1) > ideal - 8.0);
    }
}

static void
test_an_encoder_can_be_used_again(void)
{
    struct range_encoder encoder;
    const uint8_t *out;
    uint8_t first[64];
    size_t bytes, first_bytes = 0;

    range_encoder_init(&encoder);
    for (unsigned again = 0; again < 3; again++) {
        for (uint64_t i = 0; i < 50; i++) {
            range_encode(&encoder, i, 1, 200);
        }
        CU_ASSERT_EQUAL_FATAL(range_encoder_finish(&encoder, &out, &bytes), 0);
        if (again == 0) {
            CU_ASSERT_FATAL(bytes <= sizeof(first));
            memcpy(first, out, bytes);
            first_bytes = bytes;
        }
        CU_ASSERT_EQUAL(bytes, first_bytes);
        CU_ASSERT_EQUAL(memcmp(first, out, bytes), 0);
        range_encoder_reset(&encoder);
    }
    range_encoder_release(&encoder);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_any_intervals_of_any_totals_come_back),
    CHECK_TEST(test_extreme_totals_come_back),
    CHECK_TEST(test_a_certain_symbol_costs_nothing),
    CHECK_TEST(test_nothing_is_coded_as_nothing),
    CHECK_TEST(test_one_byte_takes_at_most_two),
    CHECK_TEST(test_long_runs_of_carries_come_back),
    CHECK_TEST(test_any_bytes_decode_to_something),
    CHECK_TEST(test_a_million_symbols_cost_their_ideal),
    CHECK_TEST(test_large_vocabularies_cost_no_more_than_the_softmax),
    CHECK_TEST(test_chunks_cost_at_most_a_ten_thousandth_and_16_bits_more),
    CHECK_TEST(test_bytes_that_happen_to_be_zero_are_not_free),
    CHECK_TEST(test_an_encoder_can_be_used_again),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("range", tests)
