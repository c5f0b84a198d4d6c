/*
 * test_escape.c
 *
 * Bytes that the tokenizer of a model cannot express cost an escape and 8
 * bits, so that every byte string has a code length; a model without a
 * tokenizer that fits is refused.
 */
#include "check.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "collect.h"
#include "math/kernels.h"
#include "predict/predict.h"

static struct predictor_options
exact(const char *name)
{
    return (struct predictor_options){
        .name = name,
        .start = "model",
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
}

/* A model folder of links to another one's files and a given tokenizer. */
static char *
make_folder(const char *name, const char *model, const json_t *tokenizer)
{
    static const char *const files[] = {"config.json", "model.safetensors"};
    char *folder = mem_strdup(check_scratch(name));

    mkdir(folder, 0777);
    for (size_t i = 0; i < 2; i++) {
        char *from = mem_printf("%s/%s", check_shared(model), files[i]);
        char *real = realpath(from, NULL);
        char *to = file_join(folder, files[i]);
        unlink(to);
        CU_ASSERT_EQUAL(symlink(real, to), 0);
        mem_free(to);
        free(real);
        mem_free(from);
    }
    char *path = file_join(folder, "tokenizer.json");
    unlink(path);
    if (tokenizer != NULL) {
        CU_ASSERT_EQUAL(json_dump_file(tokenizer, path, 0), 0);
    }
    mem_free(path);
    return folder;
}

static json_t *
load_tokenizer(void)
{
    return json_load_file(check_shared("golden/gguf/tokenizer.json"), 0, NULL);
}

static void
test_missing_and_too_large_tokenizers_are_errors(void)
{
    if (check_shared("golden/llama") == NULL) {
        return;
    }
    json_t *tokenizer = load_tokenizer();
    char *none = make_folder("no-tokenizer", "golden/llama", NULL);
    char *large =
        make_folder("large-tokenizer", "golden/bytes-bf16", tokenizer);
    const char *folders[] = {none, large};

    report_hold(true, NULL);
    for (unsigned i = 0; i < 2; i++) {
        char *name = mem_printf("model:%s", folders[i]);
        unsigned before = report_error_count();
        struct predictor_options options = exact(name);
        CU_ASSERT_PTR_NULL(predictor_open(&options));
        CU_ASSERT_EQUAL(report_error_count(), before + 1);
        report_discard();
        mem_free(name);
    }
    report_hold(false, NULL);
    mem_free(none);
    mem_free(large);
    json_decref(tokenizer);
}

/* Position of the first symbol of the chunk's byte number i. */
static size_t
symbol_of_byte(const struct collected *c, size_t byte)
{
    size_t at = 0, i = 0;

    while (at < byte) {
        at += c->symbols[i++].n_bytes;
    }
    return i;
}

/* The tokenizer of the reference data without a token for byte 0xc0. */
static char *
make_escaping_model(void)
{
    json_t *tokenizer = load_tokenizer();
    json_t *vocabulary =
        json_object_get(json_object_get(tokenizer, "model"), "vocab");

    CU_ASSERT_EQUAL(json_object_del(vocabulary, "\xc3\x80"), 0);
    char *folder = make_folder("escapes", "golden/llama", tokenizer);
    char *name = mem_printf("model:%s", folder);
    mem_free(folder);
    json_decref(tokenizer);
    return name;
}

static void
test_bytes_without_a_token_cost_an_escape_and_8_bits(void)
{
    static const uint8_t chunk[] = "The tide\xc0\xc0 had \xc0";
    static const size_t escaped[] = {8, 9, 15};
    const char *starts[] = {"model", "none"};

    if (check_shared("golden/llama") == NULL) {
        return;
    }
    char *name = make_escaping_model();
    for (unsigned k = 0; k < 2; k++) {
        struct predictor_options options = exact(name);
        options.start = starts[k];
        struct collected c = collect_named(&options, chunk, sizeof(chunk) - 1);
        for (unsigned i = 0; i < 3; i++) {
            const struct predict_symbol *s =
                &c.symbols[symbol_of_byte(&c, escaped[i])];
            CU_ASSERT_EQUAL(s[0].n_bytes, 0);
            CU_ASSERT_EQUAL(s[0].frequency, 1);
            CU_ASSERT_EQUAL(s[0].cumulative, s[0].total - 1);
            CHECK_NEAR(s[0].bits, log2((double)s[0].total), 1e-14);
            CU_ASSERT_EQUAL(s[1].cumulative, 0xc0);
            CU_ASSERT_EQUAL(s[1].total, 256);
            CU_ASSERT_EQUAL(s[1].bits, 8.0);
            CU_ASSERT_EQUAL(s[1].n_bytes, 1);
        }
        collect_free(&c);
        /* As the first byte of a chunk, and as all of it. */
        struct collected first = collect_named(&options, chunk + 8, 3);
        struct collected only = collect_named(&options, chunk + 15, 1);
        CU_ASSERT_EQUAL(only.n, 2);
        collect_free(&first);
        collect_free(&only);
    }
    mem_free(name);
}

static void
test_any_bytes_have_a_code_length(void)
{
    uint8_t chunk[500];

    if (check_shared("golden/llama") == NULL) {
        return;
    }
    char *name = make_escaping_model();
    struct predictor_options options = exact(name);
    options.context = 50;
    options.stride = 30;
    for (uint64_t i = 0; i < sizeof(chunk); i++) {
        chunk[i] = (uint8_t)rng_at(check_seed(), i);
        chunk[i] = i % 5 == 0 ? 0xc0 : chunk[i];
    }
    struct collected c = collect_named(&options, chunk, sizeof(chunk));
    CU_ASSERT(c.n_tokens <= sizeof(chunk));
    collect_free(&c);
    mem_free(name);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_missing_and_too_large_tokenizers_are_errors),
    CHECK_TEST(test_bytes_without_a_token_cost_an_escape_and_8_bits),
    CHECK_TEST(test_any_bytes_have_a_code_length),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("escape", tests)
