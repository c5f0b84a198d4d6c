/*
 * test_generate.c
 *
 * A walk that is given the first bytes of a chunk offers, for the rest, the
 * frequencies that scoring the whole chunk has; one that samples offers only
 * what has bytes and fills its chunk to the end.  A codec's frequencies are
 * 2^-length, and a repetition goes on.
 */
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "codec/codec.h"
#include "coder/draw.h"
#include "coder/range.h"
#include "math/kernels.h"
#include "predict/predict.h"
#include "predict/walk.h"

#define BYTES_MODEL "model:tests/reference/models/bytes-bf16"
#define TOKEN_MODEL "model:tests/reference/models/small-Q4_0.gguf"

#define BYTES ((size_t)300)

/* 255 degrees of freedom: exceeded once in 10^6; the seed is fixed. */
#define CHI_SQUARE_MAX 377

static struct predictor *
open_named(const char *name, uint64_t context, uint64_t stride, uint64_t ahead)
{
    struct predictor_options options = {
        .name = name,
        .context = context,
        .stride = stride,
        .generates = true,
        .ahead = ahead,
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
    struct predictor *predictor = predictor_open(&options);

    CU_ASSERT_PTR_NOT_NULL_FATAL(predictor);
    return predictor;
}

static struct predict_path *
next_once(void *user)
{
    struct predict_path **path = user, *now = *path;

    *path = NULL;
    return now;
}

static void
walk_one(const struct predictor *predictor, struct predict_path *path,
    predict_choose *choose, int n_threads)
{
    struct predictor_walk *walker =
        predictor_walk_new(predictor, path->n_bytes, 1, n_threads);
    struct predict_path *next = path;
    const struct predict_walk walk = {choose, next_once, &next, 1};

    CU_ASSERT_PTR_NOT_NULL_FATAL(walker);
    CU_ASSERT_EQUAL(predictor_walk(walker, &walk), 0);
    CU_ASSERT_PTR_NULL(next);
    predictor_walk_free(walker);
}

/* Encodes the symbols after the given bytes. */
struct tail {
    struct range_encoder encoder;
    size_t n_given, n_bytes;
};

static int
encode_tail(void *user, const struct predict_symbol *symbol)
{
    struct tail *tail = user;

    if (tail->n_bytes >= tail->n_given) {
        range_encode(&tail->encoder, symbol->cumulative, symbol->frequency,
            symbol->total);
    }
    tail->n_bytes += symbol->n_bytes;
    return 0;
}

static uint32_t
decode_symbol(
    void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    return range_decode_symbol(chooser, frequency, n, total);
}

static void
check_goes_on(
    const struct predictor *predictor, const uint8_t *raw, size_t n_given)
{
    struct predictor_session *session =
        predictor_session_new(predictor, BYTES, 1);
    struct tail tail = {.n_given = n_given};
    struct range_decoder decoder;
    uint8_t out[BYTES] = {0};
    const uint8_t *code;
    size_t code_bytes;
    struct predict_path path = {
        .out = out, .n_bytes = BYTES, .n_given = n_given, .chooser = &decoder};

    CU_ASSERT_PTR_NOT_NULL_FATAL(session);
    range_encoder_init(&tail.encoder);
    CU_ASSERT_EQUAL(
        predictor_score(session, raw, BYTES, encode_tail, &tail), 0);
    CU_ASSERT_EQUAL(range_encoder_finish(&tail.encoder, &code, &code_bytes), 0);
    range_decoder_init(&decoder, code, code_bytes);
    memcpy(out, raw, n_given);
    walk_one(predictor, &path, decode_symbol, 1);
    CU_ASSERT(!path.is_refused);
    CU_ASSERT_EQUAL(memcmp(out, raw, BYTES), 0);
    range_encoder_release(&tail.encoder);
    predictor_session_free(session);
}

/* Words; cut before a space, their tokens are those of the whole text. */
static void
make_text(uint8_t raw[BYTES])
{
    static const char words[] = "the quick brown fox and Caf\xc3\xa9 ";

    for (size_t i = 0; i < BYTES; i++) {
        raw[i] = (uint8_t)words[i % (sizeof(words) - 1)];
    }
}

static void
test_given_bytes_are_seen_as_if_chosen(void)
{
    static const char *const names[] = {"uniform", "ngram:3", BYTES_MODEL};
    uint8_t raw[BYTES];

    for (size_t i = 0; i < BYTES; i++) {
        raw[i] = (uint8_t)(rng_at(check_seed(), i) % 7 + 'a');
    }
    for (size_t k = 0; k < 3; k++) {
        struct predictor *predictor = open_named(names[k], 0, 0, 0);
        for (size_t n_given = 0; n_given <= BYTES; n_given += 60) {
            check_goes_on(predictor, raw, n_given);
        }
        predictor_close(predictor);
    }
}

static void
test_given_bytes_end_in_any_window(void)
{
    static const size_t windows[][2] = {
        {64, 0}, {64, 20}, {64, 63}, {2, 0}, {20, 1}};
    uint8_t raw[BYTES];

    make_text(raw);
    for (size_t k = 0; k < sizeof(windows) / sizeof(windows[0]); k++) {
        struct predictor *predictor =
            open_named(BYTES_MODEL, windows[k][0], windows[k][1], 0);
        for (size_t n_given = 1; n_given < BYTES; n_given += 31) {
            check_goes_on(predictor, raw, n_given);
        }
        predictor_close(predictor);
    }
}

static void
test_given_text_becomes_tokens(void)
{
    uint8_t raw[BYTES];

    make_text(raw);
    for (size_t k = 0; k < 3; k++) {
        struct predictor *predictor = open_named(TOKEN_MODEL, 20 * k, 0, 0);
        for (size_t n_given = 1; n_given < BYTES; n_given++) {
            if (raw[n_given] == ' ') {
                check_goes_on(predictor, raw, n_given);
            }
        }
        predictor_close(predictor);
    }
}

/* Takes one symbol where it is offered, else the most frequent. */
static uint32_t
choose_same(void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    const uint32_t *symbol = chooser;
    uint64_t sum = 0;
    uint32_t best = 0;

    for (size_t i = 0; i < n; i++) {
        sum += frequency[i];
        best = frequency[i] > frequency[best] ? (uint32_t)i : best;
    }
    CU_ASSERT_EQUAL(sum, total);
    CU_ASSERT(frequency[best] > 0);
    return *symbol < n && frequency[*symbol] > 0 ? *symbol : best;
}

static void
test_sampling_is_never_refused(void)
{
    struct predictor *predictor = open_named(TOKEN_MODEL, 0, 0, 0);
    uint32_t V = predictor_info(predictor)->vocabulary;

    for (uint32_t symbol = 0; symbol <= V; symbol += 1 + symbol / 40) {
        uint8_t *out = check_guarded(5);
        out[0] = 'a';
        struct predict_path path = {.out = out,
            .n_bytes = 5,
            .n_given = 1,
            .is_sampled = true,
            .chooser = &symbol};
        walk_one(predictor, &path, choose_same, 1);
        CU_ASSERT(!path.is_refused);
        check_guarded_free(out, 5);
    }
    predictor_close(predictor);
}

/* Compares one distribution with many samples of it. */
static uint32_t
sample_many(void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    enum { N_SAMPLES = 50000 };
    uint32_t count[256] = {0};
    double chi_square = 0;

    CU_ASSERT_EQUAL_FATAL(n, 256);
    for (int i = 0; i < N_SAMPLES; i++) {
        count[draw_symbol(chooser, frequency, n)]++;
    }
    for (size_t i = 0; i < n; i++) {
        double want = N_SAMPLES * (double)frequency[i] / (double)total;
        chi_square += (count[i] - want) * (count[i] - want) / want;
    }
    CHECK_WITHIN(chi_square, 0, CHI_SQUARE_MAX);
    return 'a';
}

static void
test_samples_follow_the_predictor(void)
{
    static const char *const names[] = {"uniform", "ngram:2"};
    const struct draw_options options = {1, 0, 11};
    struct draw draw;

    CU_ASSERT_EQUAL_FATAL(draw_init(&draw, 256, &options), 0);
    for (size_t k = 0; k < 2; k++) {
        struct predictor *predictor = open_named(names[k], 0, 0, 0);
        uint8_t out[8] = "abcab";
        struct predict_path path = {.out = out,
            .n_bytes = sizeof(out),
            .n_given = 5,
            .is_sampled = true,
            .chooser = &draw};
        walk_one(predictor, &path, sample_many, 1);
        predictor_close(predictor);
    }
    draw_release(&draw);
}

#define CONTEXT       "one two three one two one tw"
#define CONTEXT_BYTES (sizeof(CONTEXT) - 1)
#define AHEAD_MAX     ((size_t)12)

/* Where the text goes on after the longest earlier end of it, n bytes. */
static size_t
find_follower(const uint8_t *text, size_t n)
{
    for (size_t length = n - 1; length > 0; length--) {
        for (size_t end = n - 1; end >= length; end--) {
            if (memcmp(text + end - length, text + n - length, length) == 0) {
                return end;
            }
        }
    }
    return 0;
}

/* Frequencies are powers of 2 by the bits of the candidates. */
static uint32_t
check_lengths(
    void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    const size_t *ahead = chooser;
    uint8_t text[CONTEXT_BYTES + 1 + AHEAD_MAX] = CONTEXT;
    uint64_t bits[256];

    (void)total;
    CU_ASSERT_EQUAL_FATAL(n, 256);
    for (size_t b = 0; b < 256; b++) {
        text[CONTEXT_BYTES] = (uint8_t)b;
        size_t follower = find_follower(text, CONTEXT_BYTES + 1);
        for (size_t i = 0; i < *ahead; i++) {
            text[CONTEXT_BYTES + 1 + i] = text[follower + i];
        }
        CU_ASSERT_EQUAL(codec_bits(codec_find("gzip"), &bits[b], text,
                            CONTEXT_BYTES + 1 + *ahead),
            0);
    }
    for (size_t b = 1; b < 256; b++) {
        CU_ASSERT_EQUAL(
            frequency[b] << (bits[b] > bits[0] ? bits[b] - bits[0] : 0),
            frequency[0] << (bits[0] > bits[b] ? bits[0] - bits[b] : 0));
    }
    return 'o';
}

static void
test_a_codec_makes_likely_what_is_short(void)
{
    for (size_t ahead = 0; ahead <= AHEAD_MAX; ahead += 4) {
        struct predictor *predictor = open_named("codec:gzip", 0, 0, ahead);
        uint8_t out[CONTEXT_BYTES + 1] = CONTEXT;
        struct predict_path path = {.out = out,
            .n_bytes = CONTEXT_BYTES + 1,
            .n_given = CONTEXT_BYTES,
            .chooser = &ahead};
        walk_one(predictor, &path, check_lengths, 1);
        CU_ASSERT_EQUAL(out[CONTEXT_BYTES], 'o');
        predictor_close(predictor);
    }
}

static uint32_t
draw_one(void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    (void)total;
    return draw_symbol(chooser, frequency, n);
}

static void
test_a_codec_goes_on_with_a_repetition(void)
{
    static const char *const names[] = {"codec:gzip", "codec:xz", "codec:zstd"};
    static const struct draw_options options[] = {{1, 0, 3}, {0, 0, 3}};

    for (size_t k = 0; k < 6; k++) {
        struct predictor *predictor = open_named(names[k % 3], 50, 0, 16);
        uint8_t out[80];
        struct draw draw;
        struct predict_path path = {
            .out = out, .n_bytes = 80, .n_given = 60, .chooser = &draw};
        for (size_t i = 0; i < 60; i++) {
            out[i] = "abc"[i % 3];
        }
        CU_ASSERT_EQUAL_FATAL(draw_init(&draw, 256, &options[k / 3]), 0);
        walk_one(predictor, &path, draw_one, 1 + (int)(k % 2));
        for (size_t i = 0; i < 80; i++) {
            CU_ASSERT_EQUAL(out[i], "abc"[i % 3]);
        }
        draw_release(&draw);
        predictor_close(predictor);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_given_bytes_are_seen_as_if_chosen),
    CHECK_TEST(test_given_bytes_end_in_any_window),
    CHECK_TEST(test_given_text_becomes_tokens),
    CHECK_TEST(test_sampling_is_never_refused),
    CHECK_TEST(test_samples_follow_the_predictor),
    CHECK_TEST(test_a_codec_makes_likely_what_is_short),
    CHECK_TEST(test_a_codec_goes_on_with_a_repetition),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("generate", tests)
