/*
 * test_flat.c
 *
 * A tokenizer made from a block that another one was written to is that
 * tokenizer: tokens, bytes, hash; wherever the block lies, and without the
 * original.
 */
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "check.h"
#include "token/token.h"
#include "token_support.h"

#define TEXT_BYTES 5000

/* A text with words, digits, an added token and bytes that are no text. */
static void
make_text(uint8_t text[TEXT_BYTES])
{
    static const char words[] = "Hello <|endoftext|> 2026, caf\xc3\xa9 don't\n";

    for (size_t i = 0; i < TEXT_BYTES; i++) {
        text[i] = check_random(i) > 0.95f
                      ? (uint8_t)((check_random(i + 9999) + 1.0f) * 128.0f)
                      : (uint8_t)words[i % (sizeof(words) - 1)];
    }
}

/* The same tokenizer by way of a block, of which bytes is the size. */
static struct tokenizer *
copy(const struct tokenizer *tokenizer, uint8_t **block)
{
    size_t bytes = tokenizer_flatten(tokenizer, NULL);
    uint8_t *first = mem_alloc(bytes, 1);

    *block = mem_alloc(bytes, 1);
    CU_ASSERT_FATAL(bytes > 0 && first != NULL && *block != NULL);
    CU_ASSERT_EQUAL(tokenizer_flatten(tokenizer, first), bytes);
    memcpy(*block, first, bytes);
    memset(first, 0xa5, bytes);
    mem_free(first);
    return tokenizer_from_flat(*block);
}

static void
check_tokenizer(struct tokenizer *tokenizer)
{
    uint8_t text[TEXT_BYTES], *block;
    uint32_t want[TEXT_BYTES], got[TEXT_BYTES];
    size_t n_want, n_got;
    char sha256[80];

    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    make_text(text);
    CU_ASSERT_EQUAL_FATAL(
        tokenizer_encode(tokenizer, want, &n_want, text, TEXT_BYTES), 0);
    uint32_t n_vocabulary = tokenizer_vocabulary(tokenizer);
    snprintf(sha256, sizeof(sha256), "%s", tokenizer_sha256(tokenizer));
    struct tokenizer *other = copy(tokenizer, &block);
    tokenizer_free(tokenizer);

    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_EQUAL(tokenizer_vocabulary(other), n_vocabulary);
    CU_ASSERT_STRING_EQUAL(tokenizer_sha256(other), sha256);
    CU_ASSERT_EQUAL_FATAL(
        tokenizer_encode(other, got, &n_got, text, TEXT_BYTES), 0);
    CU_ASSERT_EQUAL_FATAL(n_got, n_want);
    CU_ASSERT(memcmp(got, want, n_got * sizeof(got[0])) == 0);
    support_round_trip(other, text, TEXT_BYTES);
    tokenizer_free(other);
    mem_free(block);
}

static void
test_a_json_tokenizer_survives(void)
{
    check_tokenizer(tokenizer_open(SUPPORT_TINY));
}

static void
test_a_gguf_tokenizer_survives(void)
{
    check_tokenizer(tokenizer_open(SUPPORT_TINY_GGUF ".gguf"));
}

static void
test_a_sentencepiece_model_survives(void)
{
    report_set_quiet(true);
    check_tokenizer(tokenizer_open("tests/reference/token/bpe.model"));
    check_tokenizer(tokenizer_open("tests/reference/token/llama.json"));
    report_set_quiet(false);
}

static void
test_bytes_survive(void)
{
    check_tokenizer(tokenizer_new_bytes());
}

static void
test_a_large_vocabulary_survives(void)
{
    const char *path = support_smollm2();

    if (path != NULL) {
        check_tokenizer(tokenizer_open(path));
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_json_tokenizer_survives),
    CHECK_TEST(test_a_gguf_tokenizer_survives),
    CHECK_TEST(test_a_sentencepiece_model_survives),
    CHECK_TEST(test_bytes_survive),
    CHECK_TEST(test_a_large_vocabulary_survives),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("tokenizers in shared memory", tests)
