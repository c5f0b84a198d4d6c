/*
 * test_golden.c
 *
 * Texts have the same tokens as in other software: Hugging Face's tokenizers
 * tiktoken and SentencePiece (../shared/golden/tokenizers), and llama.cpp (the .inp and .out
 * files next to its vocabularies).  Files of all kinds come back.
 */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "check.h"
#include "token/token.h"
#include "token_support.h"

/* Of a file of the corpora; limits the time. */
#define PART_BYTES 2048

/*
 * All strings of a golden set; ids is the name of the wanted numbers.  skipped:
 * a string whose input the other software loses, or -1.
 */
static void
compare_strings(const struct tokenizer *tokenizer, const char *name,
    const char *ids, bool is_spaced, int skipped)
{
    const char *path = check_shared(name);

    if (path == NULL) {
        return;
    }
    json_t *set = support_json(path);
    CU_ASSERT(json_array_size(set) > 0);
    for (size_t i = 0; i < json_array_size(set); i++) {
        const json_t *item = json_array_get(set, i);
        size_t bytes;
        uint8_t *text = support_base64(
            json_string_value(json_object_get(item, "text_base64")), &bytes);
        uint8_t *copy = support_spaced(text, &bytes, is_spaced);
        if ((int)i != skipped) {
            support_same_tokens(
                tokenizer, copy, bytes, json_object_get(item, ids), false);
        }
        support_round_trip(tokenizer, copy, bytes);
        free(text);
        free(copy);
    }
    json_decref(set);
}

static void
compare_set(
    const struct tokenizer *tokenizer, const char *name, const char *ids)
{
    compare_strings(tokenizer, name, ids, false, -1);
}

static void
test_gpt2_is_as_in_tokenizers_and_tiktoken(void)
{
    const char *path = support_gpt2();

    if (path == NULL) {
        return;
    }
    struct tokenizer *tokenizer = tokenizer_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 50257);
    CU_ASSERT_FALSE(tokenizer_has_escapes(tokenizer));
    compare_set(tokenizer, "golden/tokenizers/gpt2.json", "ids");
    compare_set(
        tokenizer, "golden/tokenizers/gpt2.special.json", "ids_as_text");
    tokenizer_free(tokenizer);
}

static void
test_gpt_neox_without_its_normalizer_is_as_in_tokenizers(void)
{
    const char *path = support_vocabulary("pythia-neox/20B_tokenizer.json");

    if (path == NULL) {
        return;
    }
    struct tokenizer *tokenizer = tokenizer_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 50277);
    compare_set(
        tokenizer, "golden/tokenizers/gpt_neox.json", "ids_without_normalizer");
    compare_set(
        tokenizer, "golden/tokenizers/gpt_neox.special.json", "ids_as_text");
    tokenizer_free(tokenizer);
}

static void
test_smollm2_from_gguf_is_as_in_tokenizers(void)
{
    const char *path = support_smollm2();

    if (path == NULL) {
        return;
    }
    struct tokenizer *tokenizer = tokenizer_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 49152);
    CU_ASSERT(tokenizer_has_escapes(tokenizer));
    compare_set(tokenizer, "golden/tokenizers/smollm2.json", "ids");
    compare_set(
        tokenizer, "golden/tokenizers/smollm2.special.json", "ids_as_text");
    uint32_t tokens[3];
    size_t n_tokens;
    CU_ASSERT_EQUAL(tokenizer_encode(tokenizer, tokens, &n_tokens,
                        (const uint8_t *)"t\x04h", 3),
        0);
    CU_ASSERT_EQUAL_FATAL(n_tokens, 3);
    CU_ASSERT_EQUAL(tokens[1], 49152 + 4);
    tokenizer_free(tokenizer);
}

static void
test_tiktoken_vocabularies_are_as_in_tiktoken(void)
{
    static const char *const names[][2] = {
        {"tiktoken-npm-1.0.22/encoders/p50k_base.json", "p50k_base"},
        {"tiktoken-npm-1.0.22/encoders/cl100k_base.json", "cl100k_base"},
        {"tiktoken-npm-1.0.22/encoders/o200k_base.json", "o200k_base"},
        {"whisper/gpt2.tiktoken", "gpt2"}};

    for (size_t i = 0; i < 4; i++) {
        const char *path = support_vocabulary(names[i][0]);
        if (path == NULL) {
            return;
        }
        char name[100];
        struct tokenizer *tokenizer = tokenizer_open(path);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
        snprintf(name, sizeof(name), "golden/tokenizers/%s.json", names[i][1]);
        compare_set(tokenizer, name, "ids");
        snprintf(name, sizeof(name), "golden/tokenizers/%s.special.json",
            names[i][1]);
        compare_set(tokenizer, name, "ids_as_text");
        tokenizer_free(tokenizer);
    }
}

static void
test_llama2_is_as_in_sentencepiece(void)
{
    const char *path = support_vocabulary("llama2/tokenizer.model");

    if (path == NULL) {
        return;
    }
    struct tokenizer *tokenizer = tokenizer_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT_EQUAL(tokenizer_vocabulary(tokenizer), 32000);
    CU_ASSERT_FALSE(tokenizer_has_escapes(tokenizer));
    /* String 52 has U+2581 in it, which SentencePiece makes a space. */
    compare_strings(
        tokenizer, "golden/tokenizers/llama2.json", "ids", true, 52);
    compare_strings(tokenizer, "golden/tokenizers/llama2.special.json",
        "ids_as_text", true, -1);
    tokenizer_free(tokenizer);
}

static void
test_gguf_files_have_the_tokens_of_their_texts(void)
{
    static const char *const names[] = {"golden/gguf/small-Q4_0",
        "golden/gguf/k-Q4_K_M", "golden/gguf/qwen2-F16",
        "golden/gguf/rope-F32"};

    for (size_t i = 0; i < 4; i++) {
        char name[100];
        snprintf(name, sizeof(name), "%s.gguf", names[i]);
        const char *file = check_shared(name);
        snprintf(name, sizeof(name), "%s.expected.json", names[i]);
        const char *expected = check_shared(name);
        if (file == NULL || expected == NULL) {
            return;
        }
        struct tokenizer *tokenizer = tokenizer_open(file);
        struct tokenizer *twin = tokenizer_open(SUPPORT_TINY);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
        CU_ASSERT_PTR_NOT_NULL_FATAL(twin);
        json_t *root = support_json(expected);
        const json_t *tokens = json_object_get(root, "tokens");
        size_t bytes;
        uint8_t *text = support_base64(
            json_string_value(json_object_get(root, "text_base64")), &bytes);
        CU_ASSERT_EQUAL(json_integer_value(json_array_get(tokens, 0)), 1);
        support_same_tokens(tokenizer, text, bytes, tokens, true);
        support_same_tokens(twin, text, bytes, tokens, true);
        free(text);
        json_decref(root);
        tokenizer_free(tokenizer);
        tokenizer_free(twin);
    }
}

/* Numbers of a line of an .out file as an array; *line moves behind it. */
static json_t *
read_line(char **line)
{
    json_t *tokens = json_array();
    char *at = *line, *end = at + strcspn(at, "\n");

    while (at < end) {
        char *next;
        long token = strtol(at, &next, 10);
        if (next > end || next == at) {
            break;
        }
        json_array_append_new(tokens, json_integer(token));
        at = next;
    }
    *line = *end == '\0' ? end : end + 1;
    return tokens;
}

static void
compare_with_llama_cpp(const char *name, bool is_spaced)
{
    static const char mark[] = "\n__ggml_vocab_test__\n";
    char file[100];
    size_t bytes;

    snprintf(file, sizeof(file), "ggml-vocab/ggml-vocab-%s.gguf", name);
    const char *path = support_vocabulary(file);
    if (path == NULL) {
        return;
    }
    struct tokenizer *tokenizer = tokenizer_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    strcat(file, ".inp");
    char *texts = (char *)support_read(check_scratch(file), &bytes);
    memcpy(strrchr(file, '.'), ".out", 5);
    char *numbers = (char *)support_read(check_scratch(file), &bytes);
    char *text = texts, *line = numbers;
    for (char *end; (end = strstr(text, mark)) != NULL;
         text = end + strlen(mark)) {
        json_t *want = read_line(&line);
        size_t n = (size_t)(end - text);
        uint8_t *copy = support_spaced((uint8_t *)text, &n, is_spaced);
        support_same_tokens(tokenizer, copy, n, want, false);
        free(copy);
        json_decref(want);
    }
    free(texts);
    free(numbers);
    tokenizer_free(tokenizer);
}

static void
test_gguf_vocabularies_are_as_in_llama_cpp(void)
{
    compare_with_llama_cpp("gpt-2", false);
    compare_with_llama_cpp("falcon", false);
    compare_with_llama_cpp("starcoder", false);
    compare_with_llama_cpp("refact", false);
    compare_with_llama_cpp("mpt", false);
    compare_with_llama_cpp("llama-spm", true);
    compare_with_llama_cpp("phi-3", true);
}

static void
test_gguf_tokenizers_of_other_kinds_are_refused(void)
{
    /* Without pre, an unknown pre, WordPiece. */
    static const char *const names[] = {"gpt-neox", "deepseek-llm", "bert-bge"};

    for (size_t i = 0; i < 3; i++) {
        char file[100];
        snprintf(file, sizeof(file), "ggml-vocab/ggml-vocab-%s.gguf", names[i]);
        const char *path = support_vocabulary(file);
        if (path == NULL) {
            return;
        }
        unsigned n_errors = report_error_count();
        CU_ASSERT_PTR_NULL(tokenizer_open(path));
        CU_ASSERT_EQUAL(report_error_count(), n_errors + 1);
    }
}

/* The beginning, the end and a middle part of odd place of a file. */
static void
round_trip_parts(const struct tokenizer *tokenizer, const char *path)
{
    size_t bytes;
    uint8_t *text = support_read(path, &bytes);
    size_t n = bytes < PART_BYTES ? bytes : PART_BYTES;

    support_round_trip(tokenizer, text, n);
    support_round_trip(tokenizer, text + bytes - n, n);
    support_round_trip(tokenizer, text + (bytes - n) / 3, n);
    free(text);
}

/* Every file below a directory, and what is in texts that are compressed. */
static void
round_trip_files(const struct tokenizer *tokenizer, const char *directory)
{
    char *roots[] = {(char *)(uintptr_t)directory, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    char command[4096], plain[2048];
    size_t n_files = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(walk);
    snprintf(plain, sizeof(plain), "%s", check_scratch("plain"));
    for (FTSENT *e = fts_read(walk); e != NULL; e = fts_read(walk)) {
        if (e->fts_info != FTS_F) {
            continue;
        }
        round_trip_parts(tokenizer, e->fts_path);
        n_files++;
        if (strstr(e->fts_name, ".txt.xz") != NULL ||
            strstr(e->fts_name, ".part") != NULL) {
            snprintf(command, sizeof(command),
                "xz -dc '%s' | head -c 100000 >'%s'", e->fts_path, plain);
            CU_ASSERT_EQUAL(system(command), 0);
            round_trip_parts(tokenizer, plain);
        }
    }
    fts_close(walk);
    CU_ASSERT(n_files > 0);
}

static void
test_files_of_all_kinds_come_back(void)
{
    const char *archive =
        check_shared("data/compression/canterbury-calgary.tar.xz");
    const char *data = check_shared("data");
    char command[4096];

    if (archive == NULL || data == NULL) {
        return;
    }
    snprintf(command, sizeof(command), "tar -xJf '%s' -C '%s'", archive,
        check_scratch(""));
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    for (int i = 0; i < 4; i++) {
        const char *path =
            i == 0   ? SUPPORT_TINY
            : i == 1 ? support_vocabulary("ggml-vocab/ggml-vocab-gpt-2.gguf")
            : i == 2
                ? support_vocabulary("ggml-vocab/ggml-vocab-llama-spm.gguf")
                : support_smollm2();
        struct tokenizer *tokenizer =
            path == NULL ? NULL : tokenizer_open(path);
        if (tokenizer == NULL) {
            CU_ASSERT_PTR_NULL(path);
            continue;
        }
        snprintf(command, sizeof(command), "%s/canterbury-pfalcon",
            check_scratch(""));
        round_trip_files(tokenizer, command);
        round_trip_files(tokenizer, data);
        tokenizer_free(tokenizer);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_gpt2_is_as_in_tokenizers_and_tiktoken),
    CHECK_TEST(test_gpt_neox_without_its_normalizer_is_as_in_tokenizers),
    CHECK_TEST(test_smollm2_from_gguf_is_as_in_tokenizers),
    CHECK_TEST(test_tiktoken_vocabularies_are_as_in_tiktoken),
    CHECK_TEST(test_llama2_is_as_in_sentencepiece),
    CHECK_TEST(test_gguf_files_have_the_tokens_of_their_texts),
    CHECK_TEST(test_gguf_vocabularies_are_as_in_llama_cpp),
    CHECK_TEST(test_gguf_tokenizers_of_other_kinds_are_refused),
    CHECK_TEST(test_files_of_all_kinds_come_back),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("golden tokenizers", tests)
