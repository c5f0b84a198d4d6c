/*
 * test_forward.c
 *
 * In exact mode the logits are the same bits whether the tokens come all at
 * once or one by one or in odd pieces, with every instruction set and any
 * number of threads; and they are the right ones: two small models in the
 * repository give what PyTorch gives, also with BLAS.
 */
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "check.h"
#include "golden.h"
#include "messages.h"

#define BYTES_MODEL    "tests/reference/models/bytes-bf16"
#define BYTES_EXPECTED BYTES_MODEL "/expected.json"
#define GGUF_MODEL     "tests/reference/models/small-Q4_0.gguf"
#define GGUF_EXPECTED  "tests/reference/models/small-Q4_0.expected.json"

/* cat model.safetensors config.json | sha256sum */
#define BYTES_SHA256                                                           \
    "7977f4124527d011c38a80dcf4a1a753"                                         \
    "d4e7310c54a799fc68460a58e20bbcd8"

/* Crosses two key blocks of the attention and is no multiple of a tile. */
#define N_TOKENS ((size_t)150)

static struct golden golden;

/* The byte model with the kernels of that name; NULL if the CPU lacks them. */
static struct model *
open_bytes(const char *kernels_name, int n_threads)
{
    messages_hold();
    const struct kernels *kernels = kernels_find(MATH_EXACT, kernels_name);
    report_discard();
    report_hold(false, NULL);
    if (kernels == NULL) {
        return NULL;
    }
    struct model *model = model_open(BYTES_MODEL, kernels, n_threads);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    if (golden.tokens == NULL) {
        CU_ASSERT_EQUAL_FATAL(golden_read(&golden, BYTES_EXPECTED), 0);
    }
    CU_ASSERT_FATAL(golden.n >= N_TOKENS);
    return model;
}

/* Logits of the byte model by portable kernels, all tokens at once. */
static float *
reference_logits(size_t *n)
{
    struct model *model = open_bytes("portable", 1);
    float *logits = golden_logits(model, golden.tokens, N_TOKENS, N_TOKENS, 1);

    *n = N_TOKENS * model_info(model)->vocabulary;
    model_close(model);
    return logits;
}

static void
test_repository_models_give_the_published_probabilities(void)
{
    golden_check(BYTES_MODEL, BYTES_EXPECTED, "bytes-bf16", MATH_EXACT, 1000);
    golden_check(GGUF_MODEL, GGUF_EXPECTED, "small-Q4_0", MATH_EXACT, 1000);
    golden_check(BYTES_MODEL, BYTES_EXPECTED, "bytes-bf16", MATH_BLAS, 1);
    golden_check(GGUF_MODEL, GGUF_EXPECTED, "small-Q4_0", MATH_BLAS, 1);
}

/* Otherwise the tests of BLAS mode would test exact mode again. */
static void
test_blas_mode_is_not_exact_mode(void)
{
    size_t n;
    float *exact = reference_logits(&n);
    struct model *model =
        model_open(BYTES_MODEL, kernels_find(MATH_BLAS, NULL), 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    float *blas = golden_logits(model, golden.tokens, N_TOKENS, 1, 1);
    CU_ASSERT_NOT_EQUAL(memcmp(blas, exact, n * sizeof(float)), 0);
    CHECK_ARRAY_NEAR("blas", blas, exact, n, 1e-5);
    mem_free(blas);
    mem_free(exact);
    model_close(model);
}

static void
test_pieces_of_any_size_give_the_same_bits(void)
{
    static const size_t pieces[] = {1, 2, 7, 31, 63, 64, 65, 149};
    size_t n;
    float *want = reference_logits(&n);
    struct model *model = open_bytes(NULL, 1);

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        float *got =
            golden_logits(model, golden.tokens, N_TOKENS, pieces[i], 1);
        CHECK_ARRAY_SAME("pieces", got, want, n);
        mem_free(got);
    }
    model_close(model);
    mem_free(want);
}

/* What a fast encoder wrote can be decoded step by step, elsewhere. */
static void
test_int8_mode_gives_the_same_bits_for_pieces_kernels_and_threads(void)
{
    static const char *const names[] = {NULL, "avx2", "portable"};
    static const size_t pieces[] = {1, 7, 64, N_TOKENS};
    size_t n;
    float *exact = reference_logits(&n), *want = NULL;

    for (size_t i = 0; i < 3 * sizeof(pieces) / sizeof(pieces[0]); i++) {
        messages_hold();
        const struct kernels *kernels = kernels_find(MATH_INT8, names[i / 4]);
        report_discard();
        report_hold(false, NULL);
        if (kernels == NULL) {
            continue;
        }
        struct model *model = model_open(BYTES_MODEL, kernels, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(model);
        float *got = golden_logits(
            model, golden.tokens, N_TOKENS, pieces[i % 4], 1 + (int)(i % 2));
        if (want == NULL) {
            want = got;
        } else {
            CHECK_ARRAY_SAME("int8", got, want, n);
            mem_free(got);
        }
        model_close(model);
    }
    CU_ASSERT_NOT_EQUAL(memcmp(want, exact, n * sizeof(float)), 0);
    mem_free(want);
    mem_free(exact);
}

static void
test_every_instruction_set_gives_the_same_bits(void)
{
    static const char *const names[] = {"portable", "neon", "avx2", "avx512"};
    size_t n;
    float *want = reference_logits(&n);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct model *model = open_bytes(names[i], 1);
        if (model == NULL) {
            continue;
        }
        float *all = golden_logits(model, golden.tokens, N_TOKENS, N_TOKENS, 1);
        CHECK_ARRAY_SAME(names[i], all, want, n);
        float *steps = golden_logits(model, golden.tokens, N_TOKENS, 1, 1);
        CHECK_ARRAY_SAME(names[i], steps, want, n);
        mem_free(all);
        mem_free(steps);
        model_close(model);
    }
    mem_free(want);
}

static void
test_number_of_threads_does_not_change_a_bit(void)
{
    size_t n;
    float *want = reference_logits(&n);

    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct model *model = open_bytes(NULL, n_threads);
        float *got =
            golden_logits(model, golden.tokens, N_TOKENS, 67, n_threads);
        CHECK_ARRAY_SAME("threads", got, want, n);
        mem_free(got);
        model_close(model);
    }
    mem_free(want);
}

static void
test_states_of_one_model_do_not_disturb_each_other(void)
{
    size_t n;
    float *want = reference_logits(&n);
    struct model *model = open_bytes(NULL, 1);
    float *got[3];

#pragma omp parallel for num_threads(3) schedule(static, 1)
    for (int i = 0; i < 3; i++) {
        got[i] = golden_logits(
            model, golden.tokens, N_TOKENS, 1 + 30 * (size_t)i, 1);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_ARRAY_SAME("state", got[i], want, n);
        mem_free(got[i]);
    }
    model_close(model);
    mem_free(want);
}

static void
test_cleared_state_and_parts_of_the_logits_give_the_same_bits(void)
{
    size_t n;
    float *want = reference_logits(&n);
    struct model *model = open_bytes(NULL, 1);
    size_t V = model_info(model)->vocabulary;
    struct model_state *state = model_state_new(model, 200, 160, 1);
    float *got = mem_alloc(n, sizeof(float));

    CU_ASSERT_FATAL(state != NULL && got != NULL);
    model_extend(state, golden.tokens + 9, 140);
    model_state_clear(state);
    CU_ASSERT_EQUAL(model_state_position(state), 0);
    model_extend(state, golden.tokens, N_TOKENS);
    CU_ASSERT_EQUAL(model_state_position(state), N_TOKENS);
    model_logits(state, got + 40 * V, 40, N_TOKENS - 40);
    model_logits(state, got + 39 * V, 39, 1);
    model_logits(state, got, 0, 39);
    CHECK_ARRAY_SAME("parts", got, want, n);
    model_state_free(state);
    mem_free(got);
    mem_free(want);
    model_close(model);
}

static void
test_info_flops_and_hash_are_what_the_files_say(void)
{
    struct model *model = open_bytes(NULL, 1);
    const struct model_info *info = model_info(model);

    CU_ASSERT_STRING_EQUAL(info->architecture, "llama");
    CU_ASSERT_STRING_EQUAL(info->weight_type, "BF16");
    CU_ASSERT_EQUAL(info->n_layers, 3);
    CU_ASSERT_EQUAL(info->vocabulary, 256);
    CU_ASSERT_EQUAL(info->head_width, 16);
    CU_ASSERT_EQUAL(info->start_token, 1);
    /* per layer q, k, v, o, gate, up, down; then the tied output */
    uint64_t n_matrix =
        3 * (64 * 64 + 2 * 32 * 64 + 64 * 64 + 3 * 128 * 64) + 256 * 64;
    CU_ASSERT_EQUAL(info->n_matrix_parameters, n_matrix);
    CU_ASSERT_EQUAL(info->n_parameters, n_matrix + 7 * 64);
    /* position 9 alone sees 10 keys */
    CHECK_NEAR(model_flops(model, 9, 10),
        2.0 * (double)n_matrix + 3 * 4.0 * 64 * 10, 1e-15);
    CHECK_NEAR(model_flops(model, 0, 9) + model_flops(model, 9, 20),
        model_flops(model, 0, 20), 1e-15);
    CU_ASSERT_STRING_EQUAL(info->sha256, "");
    CU_ASSERT_EQUAL(model_hash(model), 0);
    CU_ASSERT_STRING_EQUAL(info->sha256, BYTES_SHA256);
    model_close(model);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_repository_models_give_the_published_probabilities),
    CHECK_TEST(test_blas_mode_is_not_exact_mode),
    CHECK_TEST(test_pieces_of_any_size_give_the_same_bits),
    CHECK_TEST(
        test_int8_mode_gives_the_same_bits_for_pieces_kernels_and_threads),
    CHECK_TEST(test_every_instruction_set_gives_the_same_bits),
    CHECK_TEST(test_number_of_threads_does_not_change_a_bit),
    CHECK_TEST(test_states_of_one_model_do_not_disturb_each_other),
    CHECK_TEST(test_cleared_state_and_parts_of_the_logits_give_the_same_bits),
    CHECK_TEST(test_info_flops_and_hash_are_what_the_files_say),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("forward pass", tests)
