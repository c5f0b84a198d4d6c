/*
 * test_hostile.c
 *
 * A model whose files are damaged or do not fit together is refused with a
 * message that names file and tensor or key; nothing crashes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "check.h"
#include "math/kernels.h"
#include "messages.h"
#include "model/model.h"
#include "tiny.h"

#define GGUF_MODEL "tests/reference/models/small-Q4_0.gguf"

static struct model *
try_open(const char *path)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(kernels);
    messages_hold();
    return model_open(path, kernels, 2);
}

static void
refused(const struct tiny *tiny, const char *word)
{
    struct model *model = try_open(tiny_write(tiny));

    CU_ASSERT_PTR_NULL(model);
    CHECK_MESSAGE(word);
    model_close(model);
}

static void
test_tiny_model_loads_and_ignores_buffers(void)
{
    const struct tiny tiny = {
        .extra = "model.layers.0.self_attn.rotary_emb.inv_freq",
    };
    struct model *model = try_open(tiny_write(&tiny));

    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    CU_ASSERT_STRING_EQUAL(messages_take(), "");
    CU_ASSERT_EQUAL(model_info(model)->n_parameters,
        16 * 8 + 8 + 2 * (8 + 8 * 8 + 2 * 4 * 8 + 8 * 8 + 8 + 3 * 12 * 8));
    model_close(model);
}

static void
test_missing_tensor_is_named(void)
{
    static const char *const names[] = {
        "model.embed_tokens.weight",
        "model.norm.weight",
        "model.layers.1.self_attn.v_proj.weight",
        "model.layers.0.post_attention_layernorm.weight",
        "model.layers.1.mlp.up_proj.weight",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char message[128];
        snprintf(message, sizeof(message), "tensor %s is missing", names[i]);
        refused(&(struct tiny){.missing = names[i]}, message);
    }
}

static void
test_wrong_shape_is_shown_with_the_right_one(void)
{
    refused(&(struct tiny){.wrong = "model.layers.1.self_attn.k_proj.weight"},
        "model.layers.1.self_attn.k_proj.weight has shape [5, 8], expected "
        "[4, 8]");
    refused(&(struct tiny){.wrong = "model.layers.0.input_layernorm.weight"},
        "has shape [9], expected [8]");
    refused(&(struct tiny){.wrong = "model.embed_tokens.weight"},
        "has shape [17, 8], expected [16, 8]");
}

static void
test_nan_and_infinity_are_found_everywhere(void)
{
    static const char *const names[] = {
        "model.embed_tokens.weight",
        "model.norm.weight",
        "model.layers.0.input_layernorm.weight",
        "model.layers.1.self_attn.q_proj.weight",
        "model.layers.0.self_attn.v_proj.weight",
        "model.layers.1.mlp.up_proj.weight",
        "model.layers.1.mlp.down_proj.weight",
    };
    const float poisons[] = {NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        refused(&(struct tiny){.poisoned = names[i], .poison = poisons[i % 3]},
            names[i]);
    }
}

static void
test_configuration_that_does_not_fit_the_weights_is_refused(void)
{
    char config[1024];

    snprintf(config, sizeof(config), "%.*s, \"attention_bias\": true}",
        (int)strlen(tiny_config) - 1, tiny_config);
    refused(&(struct tiny){.config = config}, "q_proj.bias is missing");
    snprintf(config, sizeof(config), "%.*s, \"tie_word_embeddings\": false}",
        (int)strlen(tiny_config) - 1, tiny_config);
    refused(&(struct tiny){.config = config}, "lm_head.weight is missing");
    snprintf(config, sizeof(config), "%.*s, \"num_hidden_layers\": 3}",
        (int)strlen(tiny_config) - 1, tiny_config);
    refused(&(struct tiny){.config = config}, "model.layers.2.");
    snprintf(config, sizeof(config), "%.*s, \"vocab_size\": 4194304}",
        (int)strlen(tiny_config) - 1, tiny_config);
    refused(&(struct tiny){.config = config}, "expected [4194304, 8]");
    refused(&(struct tiny){.config = "{}"}, "model_type");
}

static void
test_missing_files_are_named(void)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/config.json",
        tiny_write(&(struct tiny){.config = NULL}));
    CU_ASSERT_EQUAL(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    CU_ASSERT_PTR_NULL(try_open(path));
    CHECK_MESSAGE("config.json");
    CU_ASSERT_PTR_NULL(try_open("/nowhere/at/all"));
    CHECK_MESSAGE("/nowhere/at/all");
}

/*
 * The GGUF reference with the bytes after the metadata key (behind its type)
 * replaced by the 32-bit value, or the key itself renamed if value is -1.
 */
static struct model *
open_patched(const char *key, int64_t value)
{
    const char *path = check_scratch("patched.gguf");
    struct file_map map;

    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, GGUF_MODEL), 0);
    uint8_t *copy = mem_alloc(map.bytes, 1);
    memcpy(copy, map.data, map.bytes);
    uint8_t *place = memmem(copy, map.bytes, key, strlen(key));
    CU_ASSERT_PTR_NOT_NULL_FATAL(place);
    if (value < 0) {
        place[strlen(key) - 1] ^= 1;
    } else {
        uint32_t v = (uint32_t)value;
        memcpy(place + strlen(key) + 4, &v, sizeof(v));
    }
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fwrite(copy, 1, map.bytes, f);
    fclose(f);
    mem_free(copy);
    file_map_close(&map);
    return try_open(path);
}

static void
test_gguf_metadata_is_checked(void)
{
    CU_ASSERT_PTR_NULL(open_patched("llama.block_count", -1));
    CHECK_MESSAGE("metadata llama.block_count");
    CU_ASSERT_PTR_NULL(open_patched("llama.block_count", 0));
    CHECK_MESSAGE("expected 1 to");
    CU_ASSERT_PTR_NULL(open_patched("llama.block_count", 4000000000));
    CHECK_MESSAGE("is 4000000000");
    CU_ASSERT_PTR_NULL(open_patched("llama.block_count", 3));
    CHECK_MESSAGE("tensor blk.2.attn_norm.weight is missing");
    CU_ASSERT_PTR_NULL(open_patched("llama.attention.head_count", 0));
    CHECK_MESSAGE("head");
    CU_ASSERT_PTR_NULL(open_patched("llama.feed_forward_length", 95));
    CHECK_MESSAGE("expected [95, 64]");
    CU_ASSERT_PTR_NULL(open_patched("llama.rope.dimension_count", 8));
    CHECK_MESSAGE("rotary dimensions");
    CU_ASSERT_PTR_NULL(
        open_patched("llama.attention.layer_norm_rms_epsilon", -1));
    CHECK_MESSAGE("rms");
    CU_ASSERT_PTR_NULL(open_patched("llama.rope.freq_base", 0x7fc00000));
    CHECK_MESSAGE("rope_theta is nan");
    CU_ASSERT_PTR_NULL(open_patched("blk.1.ffn_up.weight", -1));
    CHECK_MESSAGE("tensor blk.1.ffn_up.weight is missing");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_tiny_model_loads_and_ignores_buffers),
    CHECK_TEST(test_missing_tensor_is_named),
    CHECK_TEST(test_wrong_shape_is_shown_with_the_right_one),
    CHECK_TEST(test_nan_and_infinity_are_found_everywhere),
    CHECK_TEST(test_configuration_that_does_not_fit_the_weights_is_refused),
    CHECK_TEST(test_missing_files_are_named),
    CHECK_TEST(test_gguf_metadata_is_checked),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("hostile models", tests)
