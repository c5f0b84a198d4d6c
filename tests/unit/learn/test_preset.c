/*
 * test_preset.c
 *
 * Every preset is a configuration that model/ reads, with the sizes that its
 * name promises; a file is taken as it is, but unknown keys, another
 * vocabulary and too few positions are refused with the key named.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "learn/net.h"
#include "learn/preset.h"
#include "math/kernels.h"
#include "model/model_config.h"

static const struct preset_needs needs = {256, 1, 512};

/* Parameters of the preset's net; 0: it cannot be made. */
static size_t
count_parameters(const char *name)
{
    struct model_config config;
    struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};
    char *text = preset_config(name, &needs);
    size_t n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    if (model_config_text(&config, text, strlen(text), name) == 0) {
        CU_ASSERT_EQUAL(config.start_token, 0);
        CU_ASSERT(config.positions_max > needs.context);
        struct net *net = net_new(&config, 64, &options);
        n = net == NULL ? 0 : net_size(net);
        net_free(net);
    }
    mem_free(text);
    return n;
}

static void
test_own_family_is_not_larger_than_the_study(void)
{
    static const struct {
        const char *name;
        size_t limit;
    } family[] = {
        {"byte-200k", 231936}, {"byte-800k", 856832}, {"byte-3m", 3286272}};

    for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++) {
        size_t n = count_parameters(family[i].name);
        CU_ASSERT(n > family[i].limit * 9 / 10 && n <= family[i].limit);
    }
}

static void
test_own_family_has_windows_in_all_layers(void)
{
    static const char *const names[] = {"byte-200k", "byte-800k", "byte-3m"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct model_config config;
        char *text = preset_config(names[i], &needs);

        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        CU_ASSERT_EQUAL_FATAL(
            model_config_text(&config, text, strlen(text), names[i]), 0);
        CU_ASSERT(config.n_kv_heads < config.n_heads);
        for (size_t l = 0; l < config.n_layers; l++) {
            CU_ASSERT(model_config_window(&config, l) > 0);
        }
        CU_ASSERT(config.positions_max > 2048);
        mem_free(text);
    }
}

/* d * 512 + 256 + L * (12 d^2 + 9 d): figure 2 of the study. */
static void
test_study_has_its_exact_sizes(void)
{
    static const size_t sizes[][2] = {{64, 4}, {64, 6}, {64, 8}, {128, 4},
        {128, 6}, {128, 8}, {256, 4}, {256, 6}, {256, 8}, {256, 12}, {512, 8},
        {512, 12}};
    char name[64];

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t d = sizes[i][0], L = sizes[i][1];
        snprintf(name, sizeof(name), "lmic-%zux%zu", d, L);
        CU_ASSERT_EQUAL(
            count_parameters(name), 512 * d + 256 + L * (12 * d * d + 9 * d));
    }
    CU_ASSERT_EQUAL(count_parameters("lmic-200k"), 231936);
    CU_ASSERT_EQUAL(count_parameters("lmic-800k"), 856832);
    CU_ASSERT_EQUAL(count_parameters("lmic-3m"), 3286272);
}

static const char *
store(const char *text)
{
    const char *path = check_scratch("config.json");
    FILE *file = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void
test_what_a_file_leaves_open_is_filled_in(void)
{
    char *text =
        preset_config(store("{\"model_type\": \"llama\", \"rms_norm_eps\": "
                            "1e-5}"),
            &needs);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"vocab_size\": 256"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"max_position_embeddings\": 513"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"bos_token_id\": 0"));
    char *typed = preset_with_type(text, "bfloat16");
    CU_ASSERT_PTR_NOT_NULL_FATAL(typed);
    CU_ASSERT_PTR_NOT_NULL(strstr(typed, "\"dtype\": \"bfloat16\""));
    mem_free(typed);
    mem_free(text);
}

static void
test_what_does_not_fit_is_refused(void)
{
    static const char *const wrong[] = {
        "{\"hiden_size\": 64}",
        "{\"vocab_size\": 255}",
        "{\"vocab_size\": 257}",
        "{\"vocab_size\": \"many\"}",
        "{\"max_position_embeddings\": 511}",
        "{\"attention_dropout\": 0.1}",
        "[1]",
        "{",
        "{\"dtype\": 1, \"dtype\": 2}",
    };

    report_hold(true, "");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        unsigned n_before = report_error_count();
        CU_ASSERT_PTR_NULL(preset_config(store(wrong[i]), &needs));
        CU_ASSERT_EQUAL(report_error_count(), n_before + 1);
    }
    CU_ASSERT_PTR_NULL(preset_config("byte-20k", &needs));
    CU_ASSERT_PTR_NULL(preset_config("absent.json", &needs));
    report_discard();
    report_hold(false, NULL);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_own_family_is_not_larger_than_the_study),
    CHECK_TEST(test_own_family_has_windows_in_all_layers),
    CHECK_TEST(test_study_has_its_exact_sizes),
    CHECK_TEST(test_what_a_file_leaves_open_is_filled_in),
    CHECK_TEST(test_what_does_not_fit_is_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("preset", tests)
