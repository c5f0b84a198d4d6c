/*
 * test_sentencepiece.c
 *
 * Texts have the same tokens as in SentencePiece and in Hugging Face's
 * tokenizers (ids.json), for BPE and unigram models and both kinds of file; and
 * where those lose something of a text, it comes back all the same.  A file
 * that is cut or not sound is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "check.h"
#include "token/token.h"
#include "token_support.h"

#define FOLDER "tests/reference/token/"

static const char *const names[] = {
    "bpe.model", "unigram.model", "llama.json", "unigram.json"};

static struct tokenizer *
open_quietly(const char *path)
{
    report_set_quiet(true);
    struct tokenizer *tokenizer = tokenizer_open(path);
    report_set_quiet(false);
    return tokenizer;
}

static struct tokenizer *
open_number(size_t i)
{
    char path[100];

    snprintf(path, sizeof(path), FOLDER "%s", names[i]);
    struct tokenizer *tokenizer = open_quietly(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    return tokenizer;
}

static void
test_tokens_are_as_in_sentencepiece_and_tokenizers(void)
{
    json_t *root = support_json(FOLDER "ids.json");
    const json_t *texts = json_object_get(root, "texts");

    for (size_t i = 0; i < 4; i++) {
        struct tokenizer *tokenizer = open_number(i);
        const json_t *lists = json_object_get(root, names[i]);
        CU_ASSERT_EQUAL(json_array_size(lists), json_array_size(texts));
        for (size_t j = 0; j < json_array_size(texts); j++) {
            const json_t *text = json_array_get(texts, j);
            const char *bytes = json_string_value(text);
            size_t n = json_string_length(text);
            /* Metaspace leaves a text alone that begins with a space. */
            bool is_spaced = i != 3 || bytes[0] != ' ';
            uint8_t *copy =
                support_spaced((const uint8_t *)bytes, &n, is_spaced);
            if (!json_is_null(json_array_get(lists, j))) {
                support_same_tokens(
                    tokenizer, copy, n, json_array_get(lists, j), false);
            }
            free(copy);
        }
        tokenizer_free(tokenizer);
    }
    json_decref(root);
}

static void
test_kinds_are_told(void)
{
    static const char *const kinds[] = {"bpe", "unigram", "bpe", "unigram"};

    for (size_t i = 0; i < 4; i++) {
        struct tokenizer *tokenizer = open_number(i);
        CU_ASSERT_STRING_EQUAL(tokenizer_kind(tokenizer), kinds[i]);
        CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 420);
        CU_ASSERT_FALSE(tokenizer_has_escapes(tokenizer));
        CU_ASSERT_EQUAL(strlen(tokenizer_sha256(tokenizer)), 64);
        tokenizer_free(tokenizer);
    }
}

/* Texts that others do not give back, and random ones. */
static void
round_trips(const struct tokenizer *tokenizer)
{
    static const char *const texts[] = {"\xe2\x96\x81", " \xe2\x96\x81 a",
        "<0x0A>\n", "   <hr> \xe2\x96\x81\xe2\x96\x81\xe2\x96\x81", "\xe2\x96",
        "\x81 \xff\xfe", "a  b ", "e\xcc\x81 \xc3\xa9 \xef\xac\x81", "\r\n\r\n",
        "<s></s><unk>"};
    static const char *const units[] = {" ", "the", "\xe2\x96\x81", "\n", "a",
        "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xf0\x9f", "<hr>", "\xff", "q"};
    char text[4000];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        support_round_trip(
            tokenizer, (const uint8_t *)texts[i], strlen(texts[i]));
    }
    for (uint64_t i = 0; i < 300; i++) {
        size_t n = 0;
        for (uint64_t j = 0; j < 1 + i; j++) {
            float x = check_random(i * 1000 + j);
            const char *unit = units[(size_t)((x * 0.5f + 0.5f) * 11) % 11];
            memcpy(text + n, unit, strlen(unit));
            n += strlen(unit);
        }
        uint8_t *end = check_guarded(n);
        memcpy(end, text, n);
        support_round_trip(tokenizer, end, n);
        check_guarded_free(end, n);
    }
}

static void
test_every_text_comes_back(void)
{
    for (size_t i = 0; i < 4; i++) {
        struct tokenizer *tokenizer = open_number(i);
        round_trips(tokenizer);
        tokenizer_free(tokenizer);
    }
}

static void
test_bytes_without_tokens_are_escapes(void)
{
    json_t *root = support_json(FOLDER "unigram.json");

    json_object_set_new(
        json_object_get(root, "model"), "byte_fallback", json_false());
    const char *path = check_scratch("no_bytes.json");
    CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
    json_decref(root);
    struct tokenizer *tokenizer = open_quietly(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT(tokenizer_has_escapes(tokenizer));
    uint32_t tokens[2];
    size_t n;
    CU_ASSERT_EQUAL(
        tokenizer_encode(tokenizer, tokens, &n, (const uint8_t *)"\xc2\xa7", 2),
        0);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    CU_ASSERT_EQUAL(tokens[0], 420 + 0xc2);
    CU_ASSERT_EQUAL(tokens[1], 420 + 0xa7);
    round_trips(tokenizer);
    tokenizer_free(tokenizer);
}

static void
test_a_token_may_go_across_a_space(void)
{
    json_t *root = support_json(FOLDER "llama.json");
    json_t *model = json_object_get(root, "model");

    json_object_set_new(
        json_object_get(model, "vocab"), "e\xe2\x96\x81", json_integer(420));
    json_array_insert_new(json_object_get(model, "merges"), 0,
        json_pack("[ss]", "e", "\xe2\x96\x81"));
    const char *path = check_scratch("across.json");
    CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
    json_decref(root);
    struct tokenizer *tokenizer = open_quietly(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    uint32_t tokens[3];
    size_t n;
    CU_ASSERT_EQUAL(
        tokenizer_encode(tokenizer, tokens, &n, (const uint8_t *)"e a", 3), 0);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(tokens[0], 420);
    round_trips(tokenizer);
    tokenizer_free(tokenizer);
}

static void
test_long_runs_take_no_longer(void)
{
    size_t bytes = 500000;
    uint8_t *text = malloc(bytes);

    for (size_t i = 0; i < 2; i++) {
        struct tokenizer *tokenizer = open_number(i);
        memset(text, ' ', bytes);
        support_round_trip(tokenizer, text, bytes);
        memset(text, 'a', bytes);
        support_round_trip(tokenizer, text, bytes);
        tokenizer_free(tokenizer);
    }
    free(text);
}

/* Assert that the file is refused with one message. */
static void
check_refused(const char *path, const char *what)
{
    unsigned n_errors = report_error_count();
    struct tokenizer *tokenizer = open_quietly(path);

    CU_ASSERT_PTR_NULL(tokenizer);
    CU_ASSERT_EQUAL(report_error_count(), n_errors + 1);
    if (tokenizer != NULL || report_error_count() != n_errors + 1) {
        printf(" with %s ", what);
    }
    tokenizer_free(tokenizer);
}

/*
 * A cut at the end of a field leaves a sound file; any other is refused.
 */
static void
test_a_cut_model_is_refused_or_sound(void)
{
    size_t bytes, n_refused = 0;
    uint8_t *model = support_read(FOLDER "bpe.model", &bytes);

    for (size_t n = 1; n < bytes; n += n < 200 ? 1 : 97) {
        unsigned n_errors = report_error_count();
        struct tokenizer *tokenizer =
            open_quietly(support_write("cut.model", model, n));
        CU_ASSERT_EQUAL(
            report_error_count(), n_errors + (tokenizer == NULL ? 1 : 0));
        if (tokenizer != NULL) {
            support_round_trip(tokenizer, (const uint8_t *)"the cat", 7);
        }
        n_refused += tokenizer == NULL;
        tokenizer_free(tokenizer);
    }
    CU_ASSERT(n_refused > 200);
    free(model);
}

static void
test_unsound_models_are_refused(void)
{
    /* A piece is 0A LENGTH 0A LENGTH TEXT 15 SCORE 18 TYPE. */
    static const struct {
        const char *bytes;
        size_t n;
        const char *what;
    } cases[] = {
#define CASE(bytes, what) {bytes, sizeof(bytes) - 1, what}
        CASE("\n\x05\n\x03"
             "abc\x12\x02\x18\x03",
            "a model of words"),
        CASE("\n\x05\n\x03"
             "abc\x12\x02\x18\x04",
            "a model of characters"),
        CASE("\n\x05\n\x03"
             "abc\x1a\x02\x28\x00",
            "spaces that stay"),
        CASE("\n\x07\n\x03"
             "abc\x18\x07",
            "an unknown type"),
        CASE("\n\x07\n\x03"
             "abc\x18\x06",
            "a byte written otherwise"),
        CASE("\n\x0a\n\x03"
             "abc\x15\x00\x00\xc0\x7f",
            "a score that is none"),
        CASE("\n\x0a\n\x03"
             "abc\x15\x00\x00\x80\x7f",
            "an infinite score"),
        CASE("\n\x7f\n\x03"
             "abc",
            "a length beyond the end"),
        CASE("\n\x08\n\x03"
             "abc\x15\x00\x00",
            "a score that is cut"),
        CASE("\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\n\x03"
             "abc",
            "a length of 64 bits"),
        CASE("\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "a number of more bits"),
        CASE("\n\x02\x0b\x03", "a field of an old form"),
        CASE("\n\x00\x12\x02\x18\x05", "an unknown kind of model"),
#undef CASE
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_refused(support_write("bad.model", cases[i].bytes, cases[i].n),
            cases[i].what);
    }
}

static void
test_tables_of_unknown_size_are_refused(void)
{
    check_refused(support_write("a.tiktoken", "IQ== 0\nIg== 1\n", 14), "2");
    check_refused(support_write("a.tiktoken", "IQ== 0\nIg== x\n", 14), "x");
    check_refused(support_write("a.tiktoken", "IQ== 0\nI*== 1\n", 14), "*");
    check_refused(
        support_write("a.tiktoken", "IQ== 99999999999\n", 17), "a large rank");
    check_refused(support_write("a.json", "{\"bpe_ranks\": \"! 0 IQ==\"}", 25),
        "no pattern");
    check_refused(support_write("a.json",
                      "{\"bpe_ranks\": \"! x\", \"pat_str\": \"a\"}", 36),
        "no number");
}

static void
test_unsound_unigram_vocabularies_are_refused(void)
{
    static const char *const values[] = {"{}", "[]", "[1]", "[[\"a\"]]",
        "[[1, 2]]", "[[\"a\", \"b\"]]", "[[\"a\", 1, 2]]", "null"};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        json_t *root = support_json(FOLDER "unigram.json");
        json_object_set_new(root, "added_tokens", json_array());
        json_object_set_new(json_object_get(root, "model"), "vocab",
            json_loads(values[i], JSON_DECODE_ANY, NULL));
        const char *path = check_scratch("bad.json");
        CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
        json_decref(root);
        check_refused(path, values[i]);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_tokens_are_as_in_sentencepiece_and_tokenizers),
    CHECK_TEST(test_kinds_are_told),
    CHECK_TEST(test_every_text_comes_back),
    CHECK_TEST(test_bytes_without_tokens_are_escapes),
    CHECK_TEST(test_a_token_may_go_across_a_space),
    CHECK_TEST(test_long_runs_take_no_longer),
    CHECK_TEST(test_a_cut_model_is_refused_or_sound),
    CHECK_TEST(test_unsound_models_are_refused),
    CHECK_TEST(test_tables_of_unknown_size_are_refused),
    CHECK_TEST(test_unsound_unigram_vocabularies_are_refused),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("SentencePiece", tests)
