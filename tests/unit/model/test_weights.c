/*
 * test_weights.c
 *
 * A model whose weights stay in the type of the file gives the same bits as
 * one whose weights are widened first, for all positions at once and one by
 * one, and takes less memory where that type is one of the products.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "golden.h"

/* Paths in the golden files; whether products take the type of the weights. */
static const struct {
    const char *model, *expected;
    bool is_smaller;
} models[] = {
    {"golden/llama-bf16", "golden/llama-bf16/expected.json", true},
    {"golden/gguf/small-F32.gguf", "golden/gguf/small-F32.expected.json",
        false},
    {"golden/gguf/small-F16.gguf", "golden/gguf/small-F16.expected.json", true},
    {"golden/gguf/small-BF16.gguf", "golden/gguf/small-BF16.expected.json",
        true},
    {"golden/gguf/small-Q8_0.gguf", "golden/gguf/small-Q8_0.expected.json",
        true},
    {"golden/gguf/small-Q4_0.gguf", "golden/gguf/small-Q4_0.expected.json",
        true},
    {"golden/gguf/small-Q4_1.gguf", "golden/gguf/small-Q4_1.expected.json",
        true},
    {"golden/gguf/small-Q5_0.gguf", "golden/gguf/small-Q5_0.expected.json",
        true},
    {"golden/gguf/k-Q4_K_M.gguf", "golden/gguf/k-Q4_K_M.expected.json", false},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Logits of all tokens, and the bytes that the packed weights take. */
static float *
logits_of(const char *path, const struct golden *golden,
    enum math_weights weights, size_t piece, size_t *bytes)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    struct model *model = model_open_as(path, kernels, weights, 2);

    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    *bytes = model_place_bytes(model);
    float *logits = golden_logits(model, golden->tokens, golden->n, piece, 1);
    model_close(model);
    return logits;
}

static size_t
vocabulary_of(const char *path)
{
    struct model *model = model_plan(path, kernels_find(MATH_EXACT, NULL));

    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    size_t V = model_info(model)->vocabulary;
    model_close(model);
    return V;
}

static void
check_model(size_t i)
{
    char path[512];
    const char *found = check_shared(models[i].model);
    struct golden golden;

    if (found == NULL) {
        return;
    }
    snprintf(path, sizeof(path), "%s", found);
    CU_ASSERT_EQUAL_FATAL(
        golden_read(&golden, check_shared(models[i].expected)), 0);
    const size_t pieces[] = {golden.n, 1, 3};
    for (size_t j = 0; j < COUNT(pieces); j++) {
        size_t bytes_f32, bytes_stored;
        float *want =
            logits_of(path, &golden, MATH_WEIGHTS_F32, golden.n, &bytes_f32);
        float *got = logits_of(
            path, &golden, MATH_WEIGHTS_STORED, pieces[j], &bytes_stored);

        CHECK_ARRAY_SAME(
            models[i].model, got, want, golden.n * vocabulary_of(path));
        CU_ASSERT_EQUAL(bytes_stored < bytes_f32 * 2 / 3, models[i].is_smaller);
        mem_free(got);
        mem_free(want);
    }
    golden_free(&golden);
}

static void
test_stored_weights_give_the_same_logits_in_less_memory(void)
{
    for (size_t i = 0; i < COUNT(models); i++) {
        check_model(i);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_stored_weights_give_the_same_logits_in_less_memory),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("weights", tests)
