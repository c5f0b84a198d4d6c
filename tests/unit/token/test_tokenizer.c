/*
 * test_tokenizer.c
 *
 * Every byte string has tokens that give it back, whatever the vocabulary,
 * and they do not depend on who else is encoding.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "check.h"
#include "token/token.h"
#include "token_support.h"

#define LONG_BYTES 1000000

static struct tokenizer *
open_tiny(void)
{
    struct tokenizer *tokenizer = tokenizer_open(SUPPORT_TINY);

    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    return tokenizer;
}

/* The tiny tokenizer without tokens for some bytes, and without merges. */
static struct tokenizer *
open_with_escapes(void)
{
    json_t *root = support_json(SUPPORT_TINY);
    json_t *model = json_object_get(root, "model");

    json_object_del(json_object_get(model, "vocab"), "a");
    json_object_del(json_object_get(model, "vocab"), "\xc4\xa0");
    json_array_clear(json_object_get(model, "merges"));
    const char *path = check_scratch("escapes.json");
    CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
    json_decref(root);
    struct tokenizer *tokenizer = tokenizer_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    return tokenizer;
}

static uint8_t
random_byte(uint64_t i)
{
    return (uint8_t)((check_random(i) + 1.0f) * 128.0f);
}

static void
round_trips(const struct tokenizer *tokenizer)
{
    uint8_t all[256], text[600];
    static const char smile[] = "caf\xc3\xa9 \xf0\x9f\x98\x80 \xe4\xb8\xad";

    for (unsigned b = 0; b < 256; b++) {
        all[b] = (uint8_t)b;
        support_round_trip(tokenizer, all + b, 1);
    }
    support_round_trip(tokenizer, all, 256);
    support_round_trip(tokenizer, all, 0);
    for (size_t n = 0; n < sizeof(smile); n++) {
        uint8_t *end = check_guarded(n);
        memcpy(end, smile, n);
        support_round_trip(tokenizer, end, n);
        check_guarded_free(end, n);
        support_round_trip(
            tokenizer, (const uint8_t *)smile + n, sizeof(smile) - 1 - n);
    }
    for (uint64_t i = 0; i < 200; i++) {
        size_t n = (size_t)random_byte(i) * 2;
        for (size_t j = 0; j < n; j++) {
            text[j] = random_byte(i * 600 + j);
            text[j] = i % 2 == 0 ? text[j] : "the \n\xc3\xa9"[text[j] % 7];
        }
        support_round_trip(tokenizer, text, n);
    }
}

static void
test_every_byte_string_comes_back(void)
{
    struct tokenizer *tokenizers[] = {
        tokenizer_new_bytes(), open_tiny(), open_with_escapes()};

    for (size_t i = 0; i < 3; i++) {
        round_trips(tokenizers[i]);
        tokenizer_free(tokenizers[i]);
    }
}

static void
test_long_runs_come_back_in_time(void)
{
    static const char *const units[] = {
        " ", "a", "th", "\n", "!", "\xff", "\xcc\x81", " \n"};
    struct tokenizer *tokenizer = open_tiny();
    uint8_t *text = malloc(LONG_BYTES);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t n = strlen(units[i]);
        for (size_t j = 0; j < LONG_BYTES; j++) {
            text[j] = (uint8_t)units[i][j % n];
        }
        support_round_trip(tokenizer, text, LONG_BYTES);
        text[LONG_BYTES - 1] = 'x';
        support_round_trip(tokenizer, text, LONG_BYTES);
    }
    free(text);
    tokenizer_free(tokenizer);
}

static void
test_byte_tokens_are_the_bytes(void)
{
    struct tokenizer *tokenizer = tokenizer_new_bytes();
    uint32_t tokens[3];
    size_t n;

    CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 256);
    CU_ASSERT_STRING_EQUAL(tokenizer_kind(tokenizer), "bytes");
    CU_ASSERT_STRING_EQUAL(tokenizer_sha256(tokenizer), "");
    CU_ASSERT_FALSE(tokenizer_has_escapes(tokenizer));
    CU_ASSERT_EQUAL(
        tokenizer_encode(tokenizer, tokens, &n, (const uint8_t *)"a\0\xff", 3),
        0);
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT(tokens[0] == 'a' && tokens[1] == 0 && tokens[2] == 255);
    tokenizer_free(tokenizer);
}

static void
test_special_tokens_are_text_and_have_no_bytes(void)
{
    static const char text[] = "a<|endoftext|>b";
    struct tokenizer *tokenizer = open_tiny();
    uint32_t tokens[sizeof(text)];
    size_t n, bytes;

    CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 300);
    CU_ASSERT_STRING_EQUAL(tokenizer_kind(tokenizer), "bpe");
    tokenizer_bytes(tokenizer, 0, &bytes);
    CU_ASSERT_EQUAL(bytes, 0);
    CU_ASSERT_EQUAL(tokenizer_encode(tokenizer, tokens, &n,
                        (const uint8_t *)text, sizeof(text) - 1),
        0);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT(tokens[i] > 1);
    }
    support_round_trip(tokenizer, (const uint8_t *)text, sizeof(text) - 1);
    tokenizer_free(tokenizer);
}

static void
test_a_byte_without_a_token_is_an_escape(void)
{
    struct tokenizer *tokenizer = open_with_escapes();
    uint32_t tokens[3];
    size_t n, bytes;

    CU_ASSERT(tokenizer_has_escapes(tokenizer));
    CU_ASSERT_EQUAL(
        tokenizer_encode(tokenizer, tokens, &n, (const uint8_t *)"ba ", 3), 0);
    CU_ASSERT_EQUAL_FATAL(n, 3);
    CU_ASSERT_EQUAL(tokens[0], 'b' - '!' + 2);
    CU_ASSERT_EQUAL(tokens[1], 300 + 'a');
    CU_ASSERT_EQUAL(tokens[2], 300 + ' ');
    const uint8_t *text = tokenizer_bytes(tokenizer, 300 + 'a', &bytes);
    CU_ASSERT_EQUAL(bytes, 1);
    CU_ASSERT_EQUAL(text[0], 'a');
    /* The number of "a" is a hole now. */
    tokenizer_bytes(tokenizer, 'a' - '!' + 2, &bytes);
    CU_ASSERT_EQUAL(bytes, 0);
    tokenizer_bytes(tokenizer, 300 + 256, &bytes);
    CU_ASSERT_EQUAL(bytes, 0);
    tokenizer_free(tokenizer);
}

static void
test_the_hash_is_that_of_the_file(void)
{
    struct tokenizer *tokenizer = open_tiny();
    char hex[HASH_HEX_BYTES];

    CU_ASSERT_EQUAL(hash_file(hex, SUPPORT_TINY), 0);
    CU_ASSERT_STRING_EQUAL(tokenizer_sha256(tokenizer), hex);
    tokenizer_free(tokenizer);
}

static void
test_threads_share_a_tokenizer(void)
{
    struct tokenizer *tokenizer = open_tiny();
    size_t bytes;
    uint8_t *text = support_read(SUPPORT_TINY, &bytes);
    uint32_t *want = malloc(bytes * sizeof(*want));
    size_t n_want;
    int n_wrong = 0;

    CU_ASSERT_EQUAL(tokenizer_encode(tokenizer, want, &n_want, text, bytes), 0);
#pragma omp parallel for num_threads(4) reduction(+ : n_wrong)
    for (int i = 0; i < 40; i++) {
        uint32_t *tokens = malloc(bytes * sizeof(*tokens));
        size_t n = 0;
        n_wrong += tokenizer_encode(tokenizer, tokens, &n, text, bytes) != 0 ||
                   n != n_want || memcmp(tokens, want, n * 4) != 0;
        free(tokens);
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    free(want);
    free(text);
    tokenizer_free(tokenizer);
}

static void
test_a_gguf_file_has_the_tokens_of_its_json_twin(void)
{
    struct tokenizer *tokenizer = tokenizer_open(SUPPORT_TINY_GGUF ".gguf");
    struct tokenizer *twin = open_tiny();
    json_t *root = support_json(SUPPORT_TINY_GGUF ".expected.json");
    const json_t *tokens = json_object_get(root, "tokens");
    size_t bytes;

    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT_EQUAL(strlen(tokenizer_sha256(tokenizer)), 64);
    uint8_t *text = support_base64(
        json_string_value(json_object_get(root, "text_base64")), &bytes);
    support_same_tokens(tokenizer, text, bytes, tokens, true);
    support_same_tokens(twin, text, bytes, tokens, true);
    round_trips(tokenizer);
    free(text);
    json_decref(root);
    tokenizer_free(tokenizer);
    tokenizer_free(twin);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_every_byte_string_comes_back),
    CHECK_TEST(test_long_runs_come_back_in_time),
    CHECK_TEST(test_a_gguf_file_has_the_tokens_of_its_json_twin),
    CHECK_TEST(test_byte_tokens_are_the_bytes),
    CHECK_TEST(test_special_tokens_are_text_and_have_no_bytes),
    CHECK_TEST(test_a_byte_without_a_token_is_an_escape),
    CHECK_TEST(test_the_hash_is_that_of_the_file),
    CHECK_TEST(test_threads_share_a_tokenizer),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("tokenizer", tests)
