/*
 * test_families.c
 *
 * For every family, in exact mode, the logits are the same bits in one call,
 * one by one and in odd pieces, with every instruction set; what is said
 * about a model (parts, parameters, operations) is what its files say; and
 * damage is found where rows are interleaved or lie transposed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "check.h"
#include "golden.h"
#include "messages.h"

static const char *const folders[] = {
    "llama-untied-rope3",
    "llama-bias",
    "qwen2",
    "qwen3",
    "mistral",
    "gpt2",
    "gpt_neox",
    "gpt_neox-sequential",
    "gpt_neox-f16-hub",
    "gemma2",
    "gemma3",
    "gemma3-linear",
    "deepmind",
};

/* More than two key blocks of the attention. */
#define LENGTH ((size_t)150)
#define SHORT  ((size_t)120) /* fits gpt_neox-f16-hub */

static struct model *
open_golden(const char *folder, const char *kernels_name)
{
    char name[128];

    snprintf(name, sizeof(name), "golden/%s", folder);
    const char *path = check_shared(name);
    if (path == NULL) {
        return NULL;
    }
    messages_hold();
    struct model *model =
        model_open(path, kernels_find(MATH_EXACT, kernels_name), 1);
    (void)messages_take();
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    return model;
}

static void
test_pieces_and_instruction_sets_give_the_same_bits(void)
{
    uint32_t tokens[LENGTH];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct model *portable = open_golden(folders[i], "portable");
        struct model *best = open_golden(folders[i], NULL);
        if (best == NULL) {
            return;
        }
        size_t V = model_info(best)->vocabulary;
        size_t n = model_info(best)->positions_max < LENGTH ? SHORT : LENGTH;
        for (size_t t = 0; t < n; t++) {
            tokens[t] = (uint32_t)((check_random(t) + 1) / 2 * (float)(V - 1));
        }
        float *want = golden_logits(portable, tokens, n, n, 1);
        float *all = golden_logits(best, tokens, n, n, 2);
        float *steps = golden_logits(best, tokens, n, 1, 1);
        float *pieces = golden_logits(best, tokens, n, 37, 1);
        CHECK_ARRAY_SAME(folders[i], all, want, n * V);
        CHECK_ARRAY_SAME(folders[i], steps, want, n * V);
        CHECK_ARRAY_SAME(folders[i], pieces, want, n * V);
        mem_free(want);
        mem_free(all);
        mem_free(steps);
        mem_free(pieces);
        model_close(best);
        model_close(portable);
    }
}

static void
test_parts_and_parameters_are_said(void)
{
    static const struct {
        const char *folder, *block;
        uint64_t n_parameters, n_matrix;
    } facts[] = {
        {"llama", "rms norm, silu gated, rotary", 0, 0},
        {"mistral", "rms norm, silu gated, rotary, window 32", 0, 0},
        {"gpt2", "layer norm, gelu (tanh), learned positions", 0, 0},
        /* q, k and v lie in one tensor, which counts once */
        {"gpt_neox", "layer norm, parallel, gelu, rotary",
            3 * ((3 + 1 + 2 + 2) * 64 * 64 + (4 + 3 + 1 + 2 + 1) * 64) +
                2 * 64 + 2 * 304 * 64,
            3 * (3 + 1 + 2 + 2) * 64 * 64 + 304 * 64},
        {"gemma3",
            "rms norm before and after, gelu (tanh) gated, rotary, window 32 "
            "in 4 of 5 layers, q and k norms",
            0, 0},
        {"deepmind",
            "layer norm after the sum, gelu (tanh), sinusoidal positions",
            231936, 4 * 12 * 64 * 64 + 64 * 256},
    };

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        struct model *model = open_golden(facts[i].folder, NULL);
        if (model == NULL) {
            return;
        }
        const struct model_info *info = model_info(model);
        CU_ASSERT_STRING_EQUAL(info->block, facts[i].block);
        if (facts[i].n_parameters > 0) {
            CU_ASSERT_EQUAL(info->n_parameters, facts[i].n_parameters);
            CU_ASSERT_EQUAL(info->n_matrix_parameters, facts[i].n_matrix);
        }
        model_close(model);
    }
}

/* Shared and positional tables are no matrices; windows end the pairs. */
static void
test_operations_follow_windows_and_tables(void)
{
    struct model *gpt2 = open_golden("gpt2", NULL);
    struct model *gemma3 = open_golden("gemma3", NULL);

    if (gpt2 == NULL || gemma3 == NULL) {
        return;
    }
    CU_ASSERT_EQUAL(
        model_info(gpt2)->n_matrix_parameters, 3 * 12 * 48 * 48 + 300 * 48);
    CU_ASSERT_EQUAL(model_info(gpt2)->n_parameters,
        3 * (12 * 48 * 48 + 13 * 48) + 2 * 48 + 620 * 48);
    double matrix = 2.0 * (double)model_info(gemma3)->n_matrix_parameters;
    double head = 4.0 * 4 * 24; /* per pair of query and key */
    CHECK_NEAR(
        model_flops(gemma3, 10, 11), matrix + head * (4 * 11 + 11), 1e-15);
    CHECK_NEAR(
        model_flops(gemma3, 99, 100), matrix + head * (4 * 32 + 100), 1e-15);
    CHECK_NEAR(model_flops(gemma3, 0, 50) + model_flops(gemma3, 50, 200),
        model_flops(gemma3, 0, 200), 1e-15);
    model_close(gpt2);
    model_close(gemma3);
}

/* A copy of a golden folder with one number of a tensor made NaN. */
static const char *
poisoned_copy(const char *folder, const char *tensor, size_t number)
{
    static char copy[1024];
    char name[128], path[1100];
    struct file_map map;
    const float poison = NAN;

    snprintf(name, sizeof(name), "golden/%s/config.json", folder);
    size_t bytes;
    char *config = file_read_text(check_shared(name), &bytes, 1 << 20);
    snprintf(copy, sizeof(copy), "%s", check_scratch(folder));
    mkdir(copy, 0777);
    snprintf(path, sizeof(path), "%s/config.json", copy);
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fwrite(config, 1, bytes, f);
    fclose(f);
    mem_free(config);

    snprintf(name, sizeof(name), "golden/%s/model.safetensors", folder);
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, check_shared(name)), 0);
    uint8_t *data = mem_alloc(map.bytes, 1);
    memcpy(data, map.data, map.bytes);
    char *entry = memmem(data, map.bytes, tensor, strlen(tensor));
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    char *offsets = strstr(entry, "\"data_offsets\":[");
    CU_ASSERT_PTR_NOT_NULL_FATAL(offsets);
    uint64_t header_bytes;
    memcpy(&header_bytes, data, 8);
    size_t at = 8 + header_bytes +
                strtoull(offsets + strlen("\"data_offsets\":["), NULL, 10);
    memcpy(data + at + number * sizeof(poison), &poison, sizeof(poison));
    snprintf(path, sizeof(path), "%s/model.safetensors", copy);
    f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fwrite(data, 1, map.bytes, f);
    fclose(f);
    mem_free(data);
    file_map_close(&map);
    return copy;
}

static void
test_nan_is_found_in_every_kind_of_tensor(void)
{
    static const struct {
        const char *folder, *tensor;
        size_t number;
        const char *row;
    } cases[] = {
        /* (48, 192), transposed: column 100 */
        {"gpt2", "transformer.h.1.mlp.c_fc.weight", 7 * 192 + 100, "row 100"},
        {"gpt2", "transformer.wpe.weight", 319 * 48, "row 319"},
        {"gpt2", "transformer.h.0.ln_1.bias", 47, "row 0"},
        /* head 2 of 16: its keys */
        {"gpt_neox", "gpt_neox.layers.2.attention.query_key_value.weight",
            (2 * 48 + 16 + 5) * 64 + 3, "row 117"},
        {"gpt_neox", "gpt_neox.layers.2.attention.query_key_value.bias", 191,
            "row 0"},
        {"gemma3", "model.layers.4.self_attn.k_norm.weight", 3, "row 0"},
        {"deepmind", "head.bias", 255, "row 0"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[128];
        snprintf(name, sizeof(name), "golden/%s", cases[i].folder);
        if (check_shared(name) == NULL) {
            return;
        }
        const char *path =
            poisoned_copy(cases[i].folder, cases[i].tensor, cases[i].number);
        messages_hold();
        struct model *model =
            model_open(path, kernels_find(MATH_EXACT, NULL), 2);
        const char *message = messages_take();
        CU_ASSERT_PTR_NULL(model);
        CU_ASSERT_PTR_NOT_NULL(strstr(message, cases[i].tensor));
        CU_ASSERT_PTR_NOT_NULL(strstr(message, cases[i].row));
        model_close(model);
    }
}

/* A table of positions ends. */
static void
test_no_more_positions_than_the_table_has(void)
{
    struct model *model = open_golden("gpt2-hub", NULL);

    if (model == NULL) {
        return;
    }
    struct model_state *state = model_state_new(model, 64, 64, 1);
    CU_ASSERT_PTR_NOT_NULL(state);
    model_state_free(state);
    messages_hold();
    CU_ASSERT_PTR_NULL(model_state_new(model, 65, 64, 1));
    CHECK_MESSAGE("65 positions are asked for");
    model_close(model);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_pieces_and_instruction_sets_give_the_same_bits),
    CHECK_TEST(test_parts_and_parameters_are_said),
    CHECK_TEST(test_operations_follow_windows_and_tables),
    CHECK_TEST(test_nan_is_found_in_every_kind_of_tensor),
    CHECK_TEST(test_no_more_positions_than_the_table_has),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("families of models", tests)
