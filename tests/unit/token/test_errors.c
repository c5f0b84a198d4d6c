/*
 * test_errors.c
 *
 * A file that is not a sound byte-level tokenizer is refused, with one
 * message; what would change the text is left out, not obeyed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "check.h"
#include "token/token.h"
#include "token_support.h"

/* Assert that the file is refused with one message. */
static void
check_refused(const char *path, const char *what)
{
    unsigned n_errors = report_error_count();
    struct tokenizer *tokenizer = tokenizer_open(path);

    CU_ASSERT_PTR_NULL(tokenizer);
    CU_ASSERT_EQUAL(report_error_count(), n_errors + 1);
    if (tokenizer != NULL || report_error_count() != n_errors + 1) {
        printf(" with %s ", what);
    }
    tokenizer_free(tokenizer);
}

/* The tiny tokenizer.json with one member replaced by JSON text. */
static const char *
write_changed(const char *where, const char *name, const char *value)
{
    json_t *root = support_json(SUPPORT_TINY);
    json_t *parent = *where == '\0' ? root : json_object_get(root, where);

    json_object_set_new(parent, name, json_loads(value, JSON_DECODE_ANY, NULL));
    const char *path = check_scratch("changed.json");
    CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
    json_decref(root);
    return path;
}

static void
test_other_kinds_of_tokenizer_are_refused(void)
{
    static const char *const changes[][3] = {
        {"model", "type", "\"Unigram\""},
        {"model", "type", "\"WordPiece\""},
        {"model", "byte_fallback", "true"},
        {"model", "dropout", "0.5"},
        {"model", "end_of_word_suffix", "\"</w>\""},
        {"model", "continuing_subword_prefix", "\"##\""},
        {"", "normalizer", "{\"type\": \"Prepend\", \"prepend\": \"_\"}"},
        {"", "normalizer",
            "{\"type\": \"Sequence\", \"normalizers\": "
            "[{\"type\": \"NFC\"}, {\"type\": \"Replace\"}]}"},
        {"", "pre_tokenizer", "null"},
        {"", "pre_tokenizer", "{\"type\": \"Metaspace\"}"},
        {"", "pre_tokenizer", "{\"type\": \"Digits\"}"},
        {"", "pre_tokenizer",
            "{\"type\": \"Sequence\", \"pretokenizers\": "
            "[{\"type\": \"ByteLevel\"}, {\"type\": \"Digits\"}]}"},
        {"", "pre_tokenizer",
            "{\"type\": \"Sequence\", \"pretokenizers\": []}"},
        {"", "pre_tokenizer",
            "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"a\"}, "
            "\"behavior\": \"MergedWithNext\"}"},
        {"", "pre_tokenizer",
            "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, "
            "\"behavior\": \"Isolated\"}"},
        {"", "pre_tokenizer",
            "{\"type\": \"Split\", \"behavior\": \"Isolated\"}"},
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        check_refused(
            write_changed(changes[i][0], changes[i][1], changes[i][2]),
            changes[i][2]);
    }
}

static void
test_unsound_vocabularies_are_refused(void)
{
    static const char *const changes[][3] = {
        {"model", "vocab", "{}"},
        {"model", "vocab", "[]"},
        {"model", "vocab", "{\"a\": 1, \"b\": 1}"},
        {"model", "vocab", "{\"a\": -1}"},
        {"model", "vocab", "{\"a\": 1.5}"},
        {"model", "vocab", "{\"a\": \"1\"}"},
        {"model", "vocab", "{\"a\": 2147483647}"},
        {"model", "vocab", "{\"a\": 4294967296}"},
        {"model", "vocab", "{\"a\": 9223372036854775807}"},
        {"model", "merges", "null"},
        {"model", "merges", "[\"t nosuchtoken\"]"},
        {"model", "merges", "[\"z z\"]"},
        {"model", "merges", "[\"t\"]"},
        {"model", "merges", "[\"t h e\"]"},
        {"model", "merges", "[[\"t\"]]"},
        {"model", "merges", "[[\"t\", 1]]"},
        {"model", "merges", "[1]"},
        {"", "model", "null"},
        {"", "added_tokens", "[{\"id\": 2, \"content\": \"other\"}]"},
        {"", "added_tokens", "[{\"id\": 9, \"content\": \"!\"}]"},
        {"", "added_tokens", "[{\"id\": 400, \"content\": \"!\"}]"},
        {"", "added_tokens",
            "[{\"id\": 2, \"content\": \"\u0120\", \"special\": true}]"},
        {"", "added_tokens", "[{\"id\": 400}]"},
        {"", "added_tokens", "[{\"id\": 400, \"content\": \"\"}]"},
        {"", "added_tokens", "[{\"content\": \"x\"}]"},
        {"", "added_tokens", "[1]"},
        {"", "added_tokens",
            "[{\"id\": 400, \"content\": \"xx\", \"lstrip\": true}]"},
        {"", "added_tokens",
            "[{\"id\": 400, \"content\": \"xx\", \"single_word\": true}]"},
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        check_refused(
            write_changed(changes[i][0], changes[i][1], changes[i][2]),
            changes[i][2]);
    }
}

static void
test_every_truncated_file_is_refused(void)
{
    size_t bytes;
    uint8_t *text = support_read(SUPPORT_TINY, &bytes);

    while (bytes > 0 && text[bytes - 1] != '}') {
        bytes--;
    }
    for (size_t n = 0; n < bytes; n += n < 300 ? 7 : 211) {
        check_refused(support_write("cut.json", text, n), "a cut");
    }
    free(text);
}

static void
test_what_is_no_tokenizer_is_refused(void)
{
    check_refused("no/such/file", "no file");
    check_refused("tests", "a folder without a tokenizer");
    check_refused(support_write("text.json", "hello", 5), "text");
    check_refused(support_write("list.json", "[1, 2]", 6), "a list");
    check_refused(support_write("magic.gguf", "GGUF", 4), "only a magic");
    check_refused(
        support_write("twice.json", "{\"model\": 1, \"model\": 2}", 24),
        "a member given twice");
}

/* Assert that a changed tokenizer makes the tokens of the unchanged one. */
static void
check_unchanged(const char *where, const char *name, const char *value)
{
    static const uint8_t text[] = "e\xcc\x81 The 12 cats, at  the end\n ";
    struct tokenizer *plain = tokenizer_open(SUPPORT_TINY);
    struct tokenizer *changed =
        tokenizer_open(write_changed(where, name, value));
    uint32_t want[sizeof(text)], got[sizeof(text)];
    size_t n_want, n_got;

    CU_ASSERT_PTR_NOT_NULL_FATAL(plain);
    CU_ASSERT_PTR_NOT_NULL_FATAL(changed);
    CU_ASSERT_EQUAL(
        tokenizer_encode(plain, want, &n_want, text, sizeof(text)), 0);
    CU_ASSERT_EQUAL(
        tokenizer_encode(changed, got, &n_got, text, sizeof(text)), 0);
    CU_ASSERT_EQUAL(n_got, n_want);
    CU_ASSERT_EQUAL(memcmp(got, want, n_want * sizeof(*want)), 0);
    tokenizer_free(plain);
    tokenizer_free(changed);
}

static void
test_what_would_change_the_text_is_left_out(void)
{
    report_set_quiet(true);
    check_unchanged("", "normalizer", "{\"type\": \"NFC\"}");
    check_unchanged("", "normalizer",
        "{\"type\": \"Sequence\", \"normalizers\": "
        "[{\"type\": \"NFKC\"}, {\"type\": \"Lowercase\"}]}");
    check_unchanged("pre_tokenizer", "add_prefix_space", "true");
    report_set_quiet(false);
}

static void
test_the_same_splitting_can_be_spelt_in_several_ways(void)
{
#define GPT2_JSON                                                              \
    "\"'s|'t|'re|'ve|'m|'ll|'d| ?\\\\p{L}+| ?\\\\p{N}+|"                       \
    " ?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|\\\\s+\""
    check_unchanged("", "pre_tokenizer",
        "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", "
        "\"pattern\": {\"Regex\": " GPT2_JSON "}, \"behavior\": \"Isolated\"}, "
        "{\"type\": \"ByteLevel\", \"use_regex\": false, "
        "\"add_prefix_space\": false}]}");
    check_unchanged("", "pre_tokenizer",
        "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", "
        "\"pattern\": {\"Regex\": " GPT2_JSON "}, \"behavior\": \"Removed\", "
        "\"invert\": true}, {\"type\": \"ByteLevel\", \"use_regex\": false, "
        "\"add_prefix_space\": false}]}");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_other_kinds_of_tokenizer_are_refused),
    CHECK_TEST(test_unsound_vocabularies_are_refused),
    CHECK_TEST(test_every_truncated_file_is_refused),
    CHECK_TEST(test_what_is_no_tokenizer_is_refused),
    CHECK_TEST(test_what_would_change_the_text_is_left_out),
    CHECK_TEST(test_the_same_splitting_can_be_spelt_in_several_ways),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("tokenizer errors", tests)
