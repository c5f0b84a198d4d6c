/*
 * test_golden.c
 *
 * Every model family and file format here gives each token the probability
 * that PyTorch gives it, within rounding of float32; the same model described
 * as older files describe it gives the same numbers.
 */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "golden.h"

static const char *const folders[] = {
    "llama",
    "llama-bf16",
    "llama-untied-rope3",
    "llama-bias",
    "llama-sharded",
    "bytes-bf16",
    "qwen2",
    "qwen3",
    "mistral",
    "gpt2",
    "gpt2-hub",
    "gpt_neox",
    "gpt_neox-sequential",
    "gpt_neox-f16-hub",
    "gemma2",
    "gemma3",
    "gemma3-linear",
    "deepmind",
};

static const char *const ggufs[] = {
    "small-F32",
    "small-F16",
    "small-BF16",
    "small-Q8_0",
    "small-Q4_0",
    "small-Q4_1",
    "small-Q5_0",
    "small-Q5_1",
    "k-Q4_K_M",
    "k-Q5_K",
    "rope-F32",
    "qwen2-F16",
};

/* More tokens than any golden sequence has: all at once. */
#define ALL 1000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A directory with links to the weights in folder and its config.hub.json
 * under the name config.json.
 */
static void
make_hub_copy(char *copy, size_t copy_bytes_max, const char *folder)
{
    char from[PATH_MAX + 300], to[PATH_MAX + 300], real[PATH_MAX];
    const char *name = strrchr(folder, '/') + 1;

    CU_ASSERT_PTR_NOT_NULL_FATAL(realpath(folder, real));
    snprintf(copy, copy_bytes_max, "%s-hub", check_scratch(name));
    mkdir(copy, 0777);
    snprintf(from, sizeof(from), "%s/config.hub.json", real);
    snprintf(to, sizeof(to), "%s/config.json", copy);
    unlink(to);
    CU_ASSERT_EQUAL_FATAL(symlink(from, to), 0);
    DIR *dir = opendir(real);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strstr(entry->d_name, ".safetensors") == NULL) {
            continue;
        }
        snprintf(from, sizeof(from), "%s/%s", real, entry->d_name);
        snprintf(to, sizeof(to), "%s/%s", copy, entry->d_name);
        unlink(to);
        CU_ASSERT_EQUAL_FATAL(symlink(from, to), 0);
    }
    closedir(dir);
}

static void
check_folders(bool as_hub, enum math_mode mode, size_t piece)
{
    for (size_t i = 0; i < COUNT(folders); i++) {
        char name[128], copy[PATH_MAX], expected[PATH_MAX];
        snprintf(name, sizeof(name), "golden/%s", folders[i]);
        const char *folder = check_shared(name);
        if (folder == NULL) {
            return;
        }
        snprintf(expected, sizeof(expected), "%s/expected.json", folder);
        if (as_hub && strcmp(folders[i], "deepmind") == 0) {
            continue; /* has one spelling */
        }
        if (as_hub) {
            make_hub_copy(copy, sizeof(copy), folder);
        }
        golden_check(as_hub ? copy : folder, expected, folders[i], mode, piece);
    }
}

static void
check_ggufs(enum math_mode mode, size_t piece)
{
    for (size_t i = 0; i < COUNT(ggufs); i++) {
        char model[128], expected[128];
        snprintf(model, sizeof(model), "golden/gguf/%s.gguf", ggufs[i]);
        snprintf(expected, sizeof(expected), "golden/gguf/%s.expected.json",
            ggufs[i]);
        const char *path = check_shared(model);
        if (path == NULL) {
            return;
        }
        golden_check(path, check_shared(expected), ggufs[i], mode, piece);
    }
}

static void
test_safetensors_models_give_the_published_probabilities(void)
{
    check_folders(false, MATH_EXACT, ALL);
}

static void
test_old_spelling_of_the_configuration_gives_the_same(void)
{
    check_folders(true, MATH_EXACT, ALL);
}

static void
test_gguf_models_give_the_published_probabilities(void)
{
    check_ggufs(MATH_EXACT, ALL);
}

/*
 * One by one: these models are narrow, and OpenBLAS sums products of few
 * columns in the order of exact mode if there are many rows.
 */
static void
test_blas_mode_gives_the_published_probabilities(void)
{
    check_folders(false, MATH_BLAS, 1);
    check_ggufs(MATH_BLAS, 1);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_safetensors_models_give_the_published_probabilities),
    CHECK_TEST(test_old_spelling_of_the_configuration_gives_the_same),
    CHECK_TEST(test_gguf_models_give_the_published_probabilities),
    CHECK_TEST(test_blas_mode_gives_the_published_probabilities),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("model golden", tests)
