/*
 * test_ngram.c
 *
 * The frequencies of all bytes add up to their total at every point, so that a
 * decoder that has seen the same bytes decodes the next one; and the model
 * learns: it comes near the entropy of a source that its contexts describe.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "coder/range.h"
#include "collect.h"
#include "corpus/markov.h"
#include "predict/ngram.h"

/* Bytes with structure: random words of a small random vocabulary. */
static void
fill_words(uint8_t *out, size_t bytes, uint64_t seed)
{
    size_t i = 0;

    for (uint64_t word = 0; i < bytes; word++) {
        uint64_t id = rng_at(seed, word) % 50 * (rng_at(~seed, word) % 7);
        size_t length = 2 + rng_at(7, id) % 7;
        for (size_t j = 0; j < length && i < bytes; j++) {
            out[i++] = (uint8_t)('a' + rng_at(id, j) % 26);
        }
        if (i < bytes) {
            out[i++] = ' ';
        }
    }
}

static void
test_frequencies_add_up_to_the_total_and_hold_every_interval(void)
{
    enum { BYTES = 3000 };
    uint8_t data[BYTES];

    for (unsigned order = 0; order <= NGRAM_ORDER_MAX; order++) {
        struct ngram *ngram = ngram_new(order, NGRAM_CONTEXTS_MAX);
        fill_words(data, BYTES, order);
        for (size_t i = 0; i < BYTES; i++) {
            uint64_t frequency[256], sum = 0;
            if (i % 97 == 0 || i < 3) {
                uint64_t total = ngram_frequencies(ngram, frequency);
                for (unsigned s = 0; s < 256; s++) {
                    struct ngram_interval x = ngram_find(ngram, (uint8_t)s);
                    CU_ASSERT(x.frequency > 0);
                    CU_ASSERT_EQUAL(x.cumulative, sum);
                    CU_ASSERT_EQUAL(x.frequency, frequency[s]);
                    CU_ASSERT_EQUAL(x.total, total);
                    sum += frequency[s];
                }
                CU_ASSERT_EQUAL(sum, total);
                CU_ASSERT(total <= RANGE_TOTAL_MAX);
            }
            ngram_find(ngram, data[i]);
            CU_ASSERT_EQUAL_FATAL(ngram_learn(ngram, data[i]), 0);
        }
        ngram_free(ngram);
    }
}

static uint8_t
decode_byte(struct range_decoder *decoder, struct ngram *ngram)
{
    uint64_t frequency[256], cumulative = 0;
    uint64_t total = ngram_frequencies(ngram, frequency);
    uint64_t number = range_decode(decoder, total);
    unsigned s = 0;

    while (s < 255 && number >= cumulative + frequency[s]) {
        cumulative += frequency[s++];
    }
    range_decode_take(decoder, cumulative, frequency[s], total);
    return (uint8_t)s;
}

static void
test_a_decoder_gets_the_bytes_back(void)
{
    enum { BYTES = 20000 };
    uint8_t *data = malloc(BYTES);
    const struct predictor_options options = {.name = "ngram:4"};
    struct range_encoder encoder;
    struct range_decoder decoder;
    const uint8_t *coded;
    size_t coded_bytes, n_wrong = 0;

    fill_words(data, BYTES, check_seed());
    struct collected c = collect_named(&options, data, BYTES);
    range_encoder_init(&encoder);
    for (size_t i = 0; i < c.n; i++) {
        range_encode(&encoder, c.symbols[i].cumulative, c.symbols[i].frequency,
            c.symbols[i].total);
    }
    CU_ASSERT_EQUAL(range_encoder_finish(&encoder, &coded, &coded_bytes), 0);
    range_decoder_init(&decoder, coded, coded_bytes);
    struct ngram *ngram = ngram_new(4, NGRAM_CONTEXTS_MAX);
    for (size_t i = 0; i < BYTES && n_wrong == 0; i++) {
        uint8_t byte = decode_byte(&decoder, ngram);
        n_wrong += byte != data[i];
        ngram_find(ngram, byte);
        ngram_learn(ngram, byte);
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    ngram_free(ngram);
    range_encoder_release(&encoder);
    collect_free(&c);
    free(data);
}

static void
test_chunks_do_not_know_of_each_other(void)
{
    enum { BYTES = 2048 };
    uint8_t first[BYTES], second[BYTES];
    const struct predictor_options options = {.name = "ngram:3"};
    struct predictor *p = predictor_open(&options);
    struct predictor_session *s = predictor_session_new(p, BYTES, 1);

    fill_words(first, BYTES, 1);
    fill_words(second, BYTES, 2);
    struct collected alone = collect(s, second, BYTES);
    struct collected before = collect(s, first, BYTES);
    struct collected after = collect(s, second, BYTES);
    CU_ASSERT(collect_equal(&alone, &after));
    CU_ASSERT(!collect_equal(&alone, &before));
    CU_ASSERT(!predictor_info(p)->is_sequential);
    collect_free(&alone);
    collect_free(&before);
    collect_free(&after);
    predictor_session_free(s);
    predictor_close(p);
}

static void
test_carried_chunks_cost_what_the_whole_costs(void)
{
    enum { BYTES = 10000, CHUNK = 2048 };
    uint8_t data[BYTES];
    const struct predictor_options options = {.name = "ngram:3"};
    const struct predictor_options carry = {.name = "ngram:3", .carry = true};
    struct predictor *p = predictor_open(&carry);
    struct predictor_session *s = predictor_session_new(p, CHUNK, 1);
    double bits = 0.0;

    fill_words(data, BYTES, 3);
    CU_ASSERT(predictor_info(p)->is_sequential);
    struct collected whole = collect_named(&options, data, BYTES);
    for (size_t at = 0; at < BYTES; at += CHUNK) {
        size_t bytes = BYTES - at < CHUNK ? BYTES - at : CHUNK;
        struct collected c = collect(s, data + at, bytes);
        bits += c.bits;
        collect_free(&c);
    }
    CHECK_NEAR(bits, whole.bits, 1e-12);
    collect_free(&whole);
    predictor_session_free(s);
    predictor_close(p);
}

/*
 * Learning the 256 distributions of an order-2 source costs about 7 bits for
 * each of 15 probabilities; a longer order has more contexts to learn.
 */
static void
test_a_source_within_reach_is_learnt(void)
{
    enum { BYTES = 400000 };
    const struct markov m = {.seed = 1, .order = 2};
    double entropy = BYTES * markov_entropy_bits(&m);
    uint8_t *data = malloc(BYTES);

    markov_fill(&m, data, 0, BYTES);
    const struct predictor_options order1 = {.name = "ngram:1"};
    const struct predictor_options order2 = {.name = "ngram:2"};
    const struct predictor_options order3 = {.name = "ngram:3"};
    struct collected c1 = collect_named(&order1, data, BYTES);
    struct collected c2 = collect_named(&order2, data, BYTES);
    struct collected c3 = collect_named(&order3, data, BYTES);
    CU_ASSERT(c1.bits > 3.9 * BYTES);
    CU_ASSERT(
        c2.bits > entropy - 4.0 * sqrt(BYTES * markov_variance_bits2(&m)));
    CU_ASSERT(c2.bits < 1.04 * entropy);
    CU_ASSERT(c3.bits < 1.12 * entropy);
    collect_free(&c1);
    collect_free(&c2);
    collect_free(&c3);
    free(data);
}

static void
test_text_costs_less_than_half_in_2_kib(void)
{
    const char *path = check_shared("golden/smollm2/prose.txt");
    const struct predictor_options options = {.name = "ngram:3"};
    uint8_t text[2048];

    if (path == NULL) {
        return;
    }
    FILE *file = fopen(path, "rb");
    CU_ASSERT_FATAL(file != NULL);
    size_t bytes = fread(text, 1, sizeof(text), file);
    fclose(file);
    struct collected c = collect_named(&options, text, bytes);
    CU_ASSERT(c.bits < 4.0 * (double)bytes);
    collect_free(&c);
}

static void
test_noise_costs_little_more_than_8_bits_and_a_run_nearly_nothing(void)
{
    enum { BYTES = 100000 };
    uint8_t *data = calloc(BYTES, 1);
    const struct predictor_options options = {.name = "ngram:5"};

    struct collected run = collect_named(&options, data, BYTES);
    CU_ASSERT(run.bits < 1000.0);
    for (size_t i = 0; i < BYTES; i++) {
        data[i] = (uint8_t)rng_at(check_seed(), i);
    }
    struct collected noise = collect_named(&options, data, BYTES);
    CU_ASSERT(noise.bits > 7.99 * BYTES);
    CU_ASSERT(noise.bits < 8.3 * BYTES);
    collect_free(&run);
    collect_free(&noise);
    free(data);
}

/* A small store fills many times over; memory checkers see the rest. */
static void
test_a_full_model_begins_again(void)
{
    struct ngram *ngram = ngram_new(8, 4096);
    uint64_t frequency[256];

    for (uint64_t i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)rng_at(check_seed(), i);
        struct ngram_interval x = ngram_find(ngram, byte);
        CU_ASSERT_FATAL(x.frequency > 0 && x.frequency < x.total);
        CU_ASSERT_EQUAL_FATAL(ngram_learn(ngram, byte), 0);
    }
    uint64_t total = ngram_frequencies(ngram, frequency);
    for (unsigned s = 0; s < 256; s++) {
        total -= frequency[s];
    }
    CU_ASSERT_EQUAL(total, 0);
    ngram_free(ngram);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_frequencies_add_up_to_the_total_and_hold_every_interval),
    CHECK_TEST(test_a_decoder_gets_the_bytes_back),
    CHECK_TEST(test_chunks_do_not_know_of_each_other),
    CHECK_TEST(test_carried_chunks_cost_what_the_whole_costs),
    CHECK_TEST(test_a_source_within_reach_is_learnt),
    CHECK_TEST(test_text_costs_less_than_half_in_2_kib),
    CHECK_TEST(
        test_noise_costs_little_more_than_8_bits_and_a_run_nearly_nothing),
    CHECK_TEST(test_a_full_model_begins_again),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("ngram", tests)
