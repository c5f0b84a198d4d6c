/*
 * test_place.c
 *
 * A model that several processes pack together is the model that one packs
 * alone, bit for bit, whatever the number of parts and wherever each of them
 * sees the memory; and damage is found, once, by the part that it lies in.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "golden.h"
#include "math/kernels.h"
#include "messages.h"
#include "model/model.h"
#include "tiny.h"

#define TIED   "tests/reference/models/bytes-bf16"
#define UNTIED "tests/reference/models/small-Q4_0.gguf"

#define N_TOKENS  20
#define PARTS_MAX 64

static uint32_t tokens[N_TOKENS];

/* Fill part after part, each from a plan of its own; NULL: a part failed. */
static struct model *
fill_all(void *memory, const char *path, enum math_mode mode, int n_parts)
{
    const struct kernels *kernels = kernels_find(mode, NULL);
    struct model *model = NULL;
    int n_failed = 0;

    for (int part = n_parts - 1; part >= 0; part--) {
        struct model_place place = {memory, part, n_parts};
        model_close(model);
        model = model_plan(path, kernels);
        CU_ASSERT_FATAL(model != NULL);
        n_failed += model_fill(model, &place, 1 + part % 3) != 0;
    }
    CU_ASSERT(n_failed <= 1);
    if (n_failed > 0) {
        model_close(model);
        return NULL;
    }
    return model;
}

static size_t
bytes_needed(const char *path, enum math_mode mode)
{
    struct model *model = model_plan(path, kernels_find(mode, NULL));

    CU_ASSERT_FATAL(model != NULL);
    size_t bytes = model_place_bytes(model);
    model_close(model);
    return bytes;
}

static void
check_parts(const char *path, enum math_mode mode)
{
    static const int counts[] = {1, 2, 3, 7, PARTS_MAX};
    struct model *own = model_open(path, kernels_find(mode, NULL), 2);
    size_t bytes = bytes_needed(path, mode);

    CU_ASSERT_FATAL(own != NULL);
    size_t n = N_TOKENS * model_info(own)->vocabulary;
    float *want = golden_logits(own, tokens, N_TOKENS, N_TOKENS, 1);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        /* Another process sees the same bytes elsewhere. */
        void *memory = mem_alloc(bytes, 1);
        uint8_t *elsewhere = check_guarded(bytes + MEM_ALIGN);
        uint8_t *place =
            elsewhere + (uintptr_t) - (uintptr_t)elsewhere % MEM_ALIGN;
        struct model *model = fill_all(memory, path, mode, counts[i]);
        CU_ASSERT_FATAL(model != NULL);
        float *got = golden_logits(model, tokens, N_TOKENS, N_TOKENS, 1);
        CHECK_ARRAY_SAME("packed in parts", got, want, n);
        struct model *other = fill_all(place, path, mode, 1);
        CU_ASSERT_FATAL(other != NULL);
        CU_ASSERT_EQUAL(memcmp(place, memory, bytes), 0);
        model_close(model);
        model_close(other);
        check_guarded_free(elsewhere, bytes + MEM_ALIGN);
        mem_free(memory);
        mem_free(got);
    }
    mem_free(want);
    model_close(own);
}

static void
test_any_number_of_parts_gives_the_same_bits(void)
{
    for (uint32_t i = 0; i < N_TOKENS; i++) {
        tokens[i] = 5 + 11 * i;
    }
    check_parts(TIED, MATH_EXACT);
    check_parts(UNTIED, MATH_EXACT);
    check_parts(TIED, MATH_BLAS);
}

static void
test_damage_is_found_by_one_part(void)
{
    static const char *const names[] = {
        "model.embed_tokens.weight",
        "model.layers.0.self_attn.k_proj.weight",
        "model.layers.1.mlp.gate_proj.weight",
        "model.layers.1.mlp.down_proj.weight",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct tiny tiny = {.poisoned = names[i], .poison = NAN};
        const char *path = tiny_write(&tiny);
        void *memory = mem_alloc(bytes_needed(path, MATH_EXACT), 1);
        for (int n_parts = 1; n_parts <= 12; n_parts++) {
            messages_hold();
            CU_ASSERT_PTR_NULL(fill_all(memory, path, MATH_EXACT, n_parts));
            CHECK_MESSAGE(names[i]);
        }
        mem_free(memory);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_any_number_of_parts_gives_the_same_bits),
    CHECK_TEST(test_damage_is_found_by_one_part),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("parts of a model", tests)
