/*
 * test_config.c
 *
 * A config.json gives the same description in the old and the new spelling;
 * what it lacks has the published default; what is wrong, impossible or not
 * computed here is refused with the key and the value named.
 */
#include "model/model_config.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "messages.h"

/* The sizes that every file states. */
#define SIZES                                                                  \
    "\"hidden_size\": 48, \"num_hidden_layers\": 3, "                          \
    "\"num_attention_heads\": 6, \"intermediate_size\": 112, "                 \
    "\"vocab_size\": 300"
#define LLAMA "\"model_type\": \"llama\", " SIZES

static int
read_text(struct model_config *config, const char *text)
{
    const char *path = check_scratch("config.json");
    FILE *f = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(text, f);
    fclose(f);
    messages_hold();
    return model_config_json(config, path);
}

static void
refused(const char *text, const char *word)
{
    struct model_config config;

    CU_ASSERT_EQUAL(read_text(&config, text), -1);
    CHECK_MESSAGE(word);
}

static void
accepted(struct model_config *config, const char *text)
{
    CU_ASSERT_EQUAL_FATAL(read_text(config, text), 0);
}

static void
test_missing_keys_have_the_published_defaults(void)
{
    struct model_config c;

    accepted(&c, "{" LLAMA "}");
    CU_ASSERT_STRING_EQUAL(c.architecture, "llama");
    CU_ASSERT_EQUAL(c.n_layers, 3);
    CU_ASSERT_EQUAL(c.n_kv_heads, 6);
    CU_ASSERT_EQUAL(c.head_width, 8);
    CU_ASSERT_EQUAL(c.positions_max, 2048);
    CU_ASSERT_EQUAL(c.start_token, 1);
    CU_ASSERT_EQUAL(c.epsilon, 1e-6);
    CU_ASSERT_EQUAL(c.rope.kind, MODEL_ROPE_PLAIN);
    CU_ASSERT_EQUAL(c.rope.theta, 10000);
    CU_ASSERT_FALSE(c.is_tied);
    CU_ASSERT_FALSE(c.has_qkv_bias || c.has_output_bias || c.has_mlp_bias);

    accepted(&c,
        "{\"model_type\": \"qwen2\", \"num_key_value_heads\": 2, "
        "\"use_sliding_window\": false, \"sliding_window\": 16, " SIZES "}");
    CU_ASSERT_EQUAL(c.start_token, -1);
    CU_ASSERT_EQUAL(c.positions_max, 32768);
    CU_ASSERT_TRUE(c.has_qkv_bias);
    CU_ASSERT_FALSE(c.has_output_bias);

    accepted(&c, "{\"model_type\": \"mistral\", \"num_key_value_heads\": null, "
                 "\"sliding_window\": null, " SIZES "}");
    CU_ASSERT_EQUAL(c.n_kv_heads, 6);
}

static void
test_both_spellings_of_rotary_scaling_mean_the_same(void)
{
    static const char scaling[] =
        "\"factor\": 8, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, "
        "\"original_max_position_embeddings\": 64";
    struct model_config a, b;
    char text[1024];

    snprintf(text, sizeof(text),
        "{" LLAMA ", \"rope_parameters\": {\"rope_type\": \"llama3\", "
        "\"rope_theta\": 5e5, %s}}",
        scaling);
    accepted(&a, text);
    snprintf(text, sizeof(text),
        "{" LLAMA ", \"rope_theta\": 500000, "
        "\"rope_scaling\": {\"rope_type\": \"llama3\", %s}}",
        scaling);
    accepted(&b, text);
    CU_ASSERT_EQUAL(memcmp(&a, &b, sizeof(a)), 0);
    CU_ASSERT_EQUAL(a.rope.theta, 5e5);
    CU_ASSERT_EQUAL(a.rope.high_turns, 4);

    accepted(&a, "{" LLAMA ", \"rope_parameters\": {\"rope_type\": "
                 "\"linear\", \"factor\": 4.0, \"rope_theta\": 10000.0}}");
    accepted(&b, "{" LLAMA ", \"rope_scaling\": {\"type\": \"linear\", "
                 "\"factor\": 4}}");
    CU_ASSERT_EQUAL(memcmp(&a, &b, sizeof(a)), 0);
    CU_ASSERT_EQUAL(a.rope.kind, MODEL_ROPE_LINEAR);
}

static void
test_start_token_may_be_a_list_or_null(void)
{
    struct model_config c;

    accepted(&c, "{" LLAMA ", \"bos_token_id\": [7, 8]}");
    CU_ASSERT_EQUAL(c.start_token, 7);
    accepted(&c, "{" LLAMA ", \"bos_token_id\": null}");
    CU_ASSERT_EQUAL(c.start_token, -1);
    refused("{" LLAMA ", \"bos_token_id\": []}", "bos_token_id");
    refused("{" LLAMA ", \"bos_token_id\": -5}", "bos_token_id");
}

static void
test_what_is_not_computed_is_refused_by_name(void)
{
    refused("{\"model_type\": \"mamba\", " SIZES "}",
        "\"mamba\" is not supported; known: gemma, gemma2, gemma3_text, gpt2, "
        "gpt_neox, llama, lmic, deepmind_decoder, mistral, qwen2, qwen3");
    refused("{" LLAMA ", \"hidden_act\": \"relu\"}", "\"relu\"");
    refused("{" LLAMA ", \"rope_scaling\": {\"type\": \"dynamic\", "
            "\"factor\": 2}}",
        "\"dynamic\" is not supported; known: default, linear, llama3");
    refused("{" LLAMA ", \"rope_parameters\": {\"rope_type\": \"yarn\"}}",
        "\"yarn\"");
    refused("{\"model_type\": \"gpt2\", \"scale_attn_weights\": false}",
        "scale_attn_weights");
    refused("{\"model_type\": \"gpt2\", \"add_cross_attention\": true}",
        "add_cross_attention");
    refused("{\"model_type\": \"gemma3_text\", "
            "\"use_bidirectional_attention\": true}",
        "use_bidirectional_attention");
    refused("{\"model_type\": \"qwen3\", \"num_key_value_heads\": 6, "
            "\"layer_types\": [\"full_attention\", \"chunked_attention\", "
            "\"full_attention\"], " SIZES "}",
        "layer 1 is \"chunked_attention\"");
    refused(
        "{\"model_type\": \"lmic\", \"position_embedding\": \"alibi\", " SIZES
        "}",
        "alibi");
}

/* Which of the three layers see how much. */
static void
windows(const char *text, size_t first, size_t second, size_t third)
{
    struct model_config c;

    accepted(&c, text);
    CU_ASSERT_EQUAL(model_config_window(&c, 0), first);
    CU_ASSERT_EQUAL(model_config_window(&c, 1), second);
    CU_ASSERT_EQUAL(model_config_window(&c, 2), third);
}

#define SHARED  "\"num_key_value_heads\": 2, " SIZES "}"
#define MISTRAL "{\"model_type\": \"mistral\", "
#define QWEN3   "{\"model_type\": \"qwen3\", "
#define GEMMA2  "{\"model_type\": \"gemma2\", "
#define GEMMA3  "{\"model_type\": \"gemma3_text\", "

static void
test_windows_are_where_each_family_has_them(void)
{
    windows("{" LLAMA ", \"sliding_window\": 16}", 0, 0, 0);
    windows(MISTRAL "\"sliding_window\": 16, " SHARED, 16, 16, 16);
    windows(MISTRAL "\"sliding_window\": null, " SHARED, 0, 0, 0);
    windows(MISTRAL SHARED, 4096, 4096, 4096);
    windows(QWEN3 "\"sliding_window\": 16, \"max_window_layers\": 0, " SHARED,
        0, 0, 0);
    windows(QWEN3 "\"use_sliding_window\": true, \"sliding_window\": 16, "
                  "\"max_window_layers\": 1, " SHARED,
        0, 16, 16);
    windows(QWEN3
        "\"use_sliding_window\": true, \"sliding_window\": 16, " SHARED,
        0, 0, 0);
    windows(QWEN3 "\"use_sliding_window\": true, \"sliding_window\": 16, "
                  "\"layer_types\": [\"sliding_attention\", "
                  "\"full_attention\", \"sliding_attention\"], " SHARED,
        16, 0, 16);
    windows(GEMMA2 SHARED, 4096, 0, 4096);
    windows(GEMMA3
        "\"sliding_window\": 8, \"sliding_window_pattern\": 3, " SHARED,
        8, 8, 0);
    windows(GEMMA3 "\"sliding_window\": 8, " SHARED, 8, 8, 8);
    refused(MISTRAL "\"sliding_window\": 0, " SHARED, "sliding_window");
    refused(GEMMA3 "\"sliding_window_pattern\": 0, " SHARED,
        "sliding_window_pattern");
    refused(QWEN3 "\"layer_types\": [\"full_attention\"], " SHARED,
        "a list of all layers");
}

static void
test_each_family_has_its_parts(void)
{
    struct model_config c;

    accepted(&c, QWEN3 "\"head_dim\": 20, " SHARED);
    CU_ASSERT_TRUE(c.has_head_norms);
    CU_ASSERT_EQUAL(c.head_width, 20);
    CU_ASSERT_EQUAL(c.n_rotary, 20);
    accepted(&c, QWEN3 SHARED);
    CU_ASSERT_EQUAL(c.head_width, 128);

    accepted(
        &c, "{\"model_type\": \"gpt_neox\", \"rotary_pct\": 0.5, " SIZES "}");
    CU_ASSERT_EQUAL(c.n_rotary, 4);
    CU_ASSERT_EQUAL(c.order, MODEL_ORDER_PARALLEL);
    CU_ASSERT_EQUAL(c.activation, ACTIVATION_GELU);
    CU_ASSERT_TRUE(c.has_qkv_bias && c.has_output_bias && c.has_mlp_bias);

    accepted(&c, "{\"model_type\": \"gpt2\", \"n_embd\": 48, \"n_layer\": 3, "
                 "\"n_head\": 6, \"vocab_size\": 300}");
    CU_ASSERT_EQUAL(c.mlp_width, 192);
    CU_ASSERT_EQUAL(c.positions_max, 1024);
    CU_ASSERT_EQUAL(c.n_rotary, 0);
    CU_ASSERT_TRUE(c.is_tied);

    accepted(&c, GEMMA2 "\"query_pre_attn_scalar\": 64, "
                        "\"attn_logit_softcapping\": null, " SHARED);
    CU_ASSERT_EQUAL(c.attention_scale, 0.125);
    CU_ASSERT_EQUAL(c.attention_cap, 0);
    CU_ASSERT_EQUAL(c.logit_cap, 30);
    CHECK_NEAR(c.embedding_scale, 6.928203230275509, 1e-15);
    refused(GEMMA2 "\"query_pre_attn_scalar\": 0, " SHARED,
        "query_pre_attn_scalar");
    refused(GEMMA2 "\"final_logit_softcapping\": -1, " SHARED,
        "final_logit_softcapping");

    /* Gemma's first files say gelu where they mean this. */
    accepted(
        &c, "{\"model_type\": \"gemma\", \"hidden_act\": \"gelu\", " SIZES "}");
    CU_ASSERT_EQUAL(c.activation, ACTIVATION_GELU_TANH);
}

static void
test_byte_transformer_has_a_spelling_of_its_own(void)
{
    struct model_config c, d;

    accepted(&c, "{\"model_type\": \"lmic\", \"hidden_size\": 64, "
                 "\"num_hidden_layers\": 4, \"num_attention_heads\": 8, "
                 "\"vocab_size\": 256}");
    accepted(&d, "{\"model_type\": \"deepmind_decoder\", "
                 "\"embedding_dim\": 64, \"num_layers\": 4, \"num_heads\": 8, "
                 "\"vocab_size\": 256, \"widening_factor\": 4}");
    CU_ASSERT_EQUAL(memcmp(&c, &d, sizeof(c)), 0);
    CU_ASSERT_STRING_EQUAL(d.architecture, "lmic");
    CU_ASSERT_EQUAL(c.mlp_width, 256);
    CU_ASSERT_EQUAL(c.positions, MODEL_POSITIONS_SINUSOIDAL);
    CU_ASSERT_EQUAL(c.order, MODEL_ORDER_POST);
    CU_ASSERT_EQUAL(c.start_token, 0);

    accepted(&c, "{\"model_type\": \"lmic\", \"position_embedding\": "
                 "\"rotary\", \"sliding_window\": 128, " SIZES "}");
    CU_ASSERT_EQUAL(c.positions, MODEL_POSITIONS_ROTARY);
    CU_ASSERT_EQUAL(c.n_rotary, c.head_width);
    CU_ASSERT_EQUAL(model_config_window(&c, 2), 128);
}

static void
test_wrong_values_are_refused_with_key_and_value(void)
{
    refused("{" LLAMA ", \"hidden_size\": \"48\"}", "\"hidden_size\"");
    refused("{" LLAMA ", \"hidden_size\": 4.5}", "4.5");
    refused("{" LLAMA ", \"num_hidden_layers\": -1}", "num_hidden_layers");
    refused("{" LLAMA ", \"num_hidden_layers\": 0}", "num_hidden_layers");
    refused("{" LLAMA ", \"num_hidden_layers\": 1000000}",
        "num_hidden_layers (GGUF: block_count) is 1000000");
    refused("{" LLAMA ", \"vocab_size\": 4611686018427387904}", "vocab_size");
    refused("{" LLAMA ", \"vocab_size\": 46116860184273879040}", "integer");
    refused("{" LLAMA ", \"num_attention_heads\": 0}", "num_attention_heads");
    refused("{" LLAMA ", \"num_attention_heads\": 5}", "48");
    refused("{" LLAMA ", \"num_attention_heads\": 100}", "100");
    refused("{" LLAMA ", \"num_key_value_heads\": 0}", "num_key_value_heads");
    refused("{" LLAMA ", \"num_key_value_heads\": 4}", "share 4");
    refused("{" LLAMA ", \"head_dim\": 7}", "head_dim is 7");
    refused("{" LLAMA ", \"partial_rotary_factor\": 0.4}", "3 numbers turn");
    refused(
        "{" LLAMA ", \"partial_rotary_factor\": 1.5}", "partial_rotary_factor");
    refused("{" LLAMA ", \"rms_norm_eps\": 0}", "rms_norm_eps");
    refused("{" LLAMA ", \"rms_norm_eps\": \"x\"}", "rms_norm_eps");
    refused("{" LLAMA ", \"rope_theta\": -1}", "rope_theta");
    refused("{" LLAMA ", \"rope_scaling\": 3}", "rope_scaling");
    refused("{" LLAMA ", \"rope_scaling\": {\"type\": 3}}", "type");
    refused("{" LLAMA ", \"rope_scaling\": {\"type\": \"linear\"}}",
        "\"factor\" is missing");
    refused("{" LLAMA ", \"rope_scaling\": {\"type\": \"linear\", "
            "\"factor\": 1e300}}",
        "factor");
    refused("{" LLAMA ", \"tie_word_embeddings\": 1}", "tie_word_embeddings");
    refused("{" LLAMA ", \"attention_bias\": \"yes\"}", "attention_bias");
    refused("{\"model_type\": \"llama\", \"hidden_size\": 48}",
        "\"num_hidden_layers\" is missing");
    refused("{" SIZES "}", "\"model_type\" is missing");
    refused("{\"model_type\": 3}", "model_type");
    refused("[1]", "not a JSON object");
    refused("{\"model_type\": ", "line 1");
    refused("", "config.json");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_missing_keys_have_the_published_defaults),
    CHECK_TEST(test_both_spellings_of_rotary_scaling_mean_the_same),
    CHECK_TEST(test_start_token_may_be_a_list_or_null),
    CHECK_TEST(test_what_is_not_computed_is_refused_by_name),
    CHECK_TEST(test_windows_are_where_each_family_has_them),
    CHECK_TEST(test_each_family_has_its_parts),
    CHECK_TEST(test_byte_transformer_has_a_spelling_of_its_own),
    CHECK_TEST(test_wrong_values_are_refused_with_key_and_value),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("model configuration", tests)
