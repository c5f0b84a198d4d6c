/*
 * test_weights.c
 *
 * The readers find every tensor of the reference models and widen it to the
 * values that the gguf and safetensors packages read: SHA-256 of each GGUF
 * tensor, rows of the safetensors ones, in one file or in shards.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/mem.h"
#include "format/gguf.h"
#include "format/weights.h"

/* All numbers of a tensor; freed with mem_free(). */
static float *
widen(const struct tensor *tensor)
{
    size_t n = (size_t)tensor_count(tensor);
    float *out = mem_alloc(n, sizeof(*out));

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    tensor_widen(out, tensor, 0, n);
    return out;
}

/* Compare one tensor with its entry in expected.json. */
static void
check_tensor(const struct tensor *tensor, const json_t *expected)
{
    const json_t *shape = json_object_get(expected, "shape");
    char hex[HASH_HEX_BYTES];

    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    CU_ASSERT_STRING_EQUAL(tensor_type_name(tensor->type),
        json_string_value(json_object_get(expected, "type")));
    CU_ASSERT_STRING_EQUAL(tensor->stored_as, tensor_type_name(tensor->type));
    CU_ASSERT_EQUAL_FATAL(tensor->n_axes, json_array_size(shape));
    for (unsigned i = 0; i < tensor->n_axes; i++) {
        CU_ASSERT_EQUAL((json_int_t)tensor->shape[i],
            json_integer_value(json_array_get(shape, i)));
    }
    float *values = widen(tensor);
    struct hash_sha256 *hash = hash_sha256_new();
    hash_sha256_add(hash, values, tensor_count(tensor) * sizeof(*values));
    hash_sha256_finish(hash, hex);
    hash_sha256_free(hash);
    mem_free(values);
    CU_ASSERT_STRING_EQUAL(
        hex, json_string_value(json_object_get(expected, "f32le_sha256")));
}

static void
check_gguf(const char *name)
{
    char file[128];
    const char *key;
    json_t *entry;

    snprintf(file, sizeof(file), "golden/gguf/%s.gguf", name);
    const char *path = check_shared(file);
    if (path == NULL) {
        return;
    }
    struct weights *weights = weights_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(weights);
    CU_ASSERT_PTR_NOT_NULL(weights_gguf(weights));
    CU_ASSERT_EQUAL(weights_file_count(weights), 1);
    CU_ASSERT_STRING_EQUAL(weights_file(weights, 0), path);

    snprintf(file, sizeof(file), "golden/gguf/%s.expected.json", name);
    json_t *root = json_load_file(check_shared(file), 0, NULL);
    json_t *tensors = json_object_get(root, "tensors");
    CU_ASSERT(json_object_size(tensors) > 0);
    /* Rotary factors are not listed: they are settings more than weights. */
    CU_ASSERT_EQUAL(weights_count(weights),
        json_object_size(tensors) +
            (weights_find(weights, "rope_freqs.weight") != NULL));
    json_object_foreach(tensors, key, entry)
    {
        check_tensor(weights_find(weights, key), entry);
    }
    json_decref(root);
    weights_close(weights);
}

static void
test_gguf_tensors_have_the_reference_hashes(void)
{
    const char *const names[] = {"k-Q4_K_M", "k-Q5_K", "qwen2-F16", "rope-F32",
        "small-BF16", "small-F16", "small-F32", "small-Q4_0", "small-Q4_1",
        "small-Q5_0", "small-Q5_1", "small-Q8_0"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_gguf(names[i]);
    }
}

static void
test_gguf_metadata_is_found_and_converted(void)
{
    const char *path = check_shared("golden/gguf/small-Q4_0.gguf");
    const char *text;
    size_t bytes;
    uint64_t number;
    double real;
    bool flag;

    if (path == NULL) {
        return;
    }
    struct gguf *gguf = gguf_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(gguf);
    CU_ASSERT_EQUAL(gguf_text(gguf, &text, &bytes, "general.architecture"), 0);
    CU_ASSERT(bytes == 5 && memcmp(text, "llama", 5) == 0);
    CU_ASSERT_EQUAL(gguf_u64(gguf, &number, "llama.block_count"), 0);
    CU_ASSERT_EQUAL(number, 2);
    CU_ASSERT_EQUAL(gguf_f64(gguf, &real, "llama.block_count"), 0);
    CU_ASSERT(real == 2);
    CU_ASSERT_EQUAL(gguf_bool(gguf, &flag, "tokenizer.ggml.add_bos_token"), 0);
    CU_ASSERT(!flag);

    CU_ASSERT_EQUAL(gguf_array_count(gguf, "tokenizer.ggml.tokens"), 300);
    CU_ASSERT_EQUAL(
        gguf_array_text(gguf, &text, &bytes, "tokenizer.ggml.tokens", 2), 0);
    CU_ASSERT(bytes > 0);
    CU_ASSERT_EQUAL(
        gguf_array_u64(gguf, &number, "tokenizer.ggml.token_type", 1), 0);
    CU_ASSERT_EQUAL(number, 3);

    /* Missing, of another kind, or beyond the end. */
    CU_ASSERT(!gguf_has(gguf, "llama.nothing"));
    CU_ASSERT(gguf_u64(gguf, &number, "llama.nothing") != 0);
    CU_ASSERT(gguf_u64(gguf, &number, "general.architecture") != 0);
    CU_ASSERT(gguf_u64(gguf, &number, "tokenizer.ggml.tokens") != 0);
    CU_ASSERT_EQUAL(gguf_array_count(gguf, "llama.block_count"), 0);
    CU_ASSERT(gguf_array_text(
                  gguf, &text, &bytes, "tokenizer.ggml.tokens", 300) != 0);
    CU_ASSERT(gguf_array_u64(gguf, &number, "tokenizer.ggml.tokens", 0) != 0);
    gguf_close(gguf);
}

static void
test_safetensors_folders_load(void)
{
    static const struct {
        const char *name;
        size_t n_tensors, n_other, n_files;
    } folders[] = {
        {"bytes-bf16", 29, 0, 1},
        {"deepmind", 51, 0, 1},
        {"gemma2", 35, 0, 1},
        {"gemma3", 67, 0, 1},
        {"gemma3-linear", 41, 0, 1},
        {"gpt2", 40, 0, 1},
        {"gpt2-hub", 17, 0, 1},
        {"gpt_neox", 40, 0, 1},
        {"gpt_neox-f16-hub", 34, 2, 1},
        {"gpt_neox-sequential", 28, 0, 1},
        {"llama", 29, 0, 1},
        {"llama-bf16", 29, 0, 1},
        {"llama-bias", 50, 0, 1},
        {"llama-sharded", 30, 0, 2},
        {"llama-untied-rope3", 21, 0, 1},
        {"mistral", 30, 0, 1},
        {"qwen2", 38, 0, 1},
        {"qwen3", 35, 0, 1},
    };
    char path[128];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "golden/%s", folders[i].name);
        const char *folder = check_shared(path);
        if (folder == NULL) {
            return;
        }
        struct weights *weights = weights_open(folder);
        CU_ASSERT_PTR_NOT_NULL_FATAL(weights);
        CU_ASSERT_PTR_NULL(weights_gguf(weights));
        CU_ASSERT_EQUAL(weights_count(weights), folders[i].n_tensors);
        CU_ASSERT_EQUAL(weights_file_count(weights), folders[i].n_files);
        size_t n_other = 0;
        for (size_t k = 0; k < weights_count(weights); k++) {
            const struct tensor *tensor = weights_at(weights, k);
            n_other += tensor->type == TENSOR_OTHER;
            CU_ASSERT_PTR_EQUAL(weights_find(weights, tensor->name), tensor);
        }
        CU_ASSERT_EQUAL(n_other, folders[i].n_other);
        weights_close(weights);
    }
}

/*
 * The first hidden state that transformers lists is the embedding of the
 * last token: a row of the matrix, read by another program.
 */
static void
test_embeddings_are_those_that_transformers_read(void)
{
    const char *const names[] = {
        "bytes-bf16", "llama", "llama-bf16", "llama-sharded", "qwen2"};
    char path[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "golden/%s", names[i]);
        const char *folder = check_shared(path);
        if (folder == NULL) {
            return;
        }
        struct weights *weights = weights_open(folder);
        snprintf(path, sizeof(path), "golden/%s/expected.json", names[i]);
        json_t *root = json_load_file(check_shared(path), 0, NULL);
        CU_ASSERT_FATAL(weights != NULL && root != NULL);
        json_t *tokens = json_object_get(root, "tokens");
        json_t *hidden = json_array_get(
            json_object_get(root, "hidden_first8_last_position"), 0);
        const struct tensor *tensor =
            weights_find(weights, "model.embed_tokens.weight");
        CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);

        uint64_t token = (uint64_t)json_integer_value(
            json_array_get(tokens, json_array_size(tokens) - 1));
        float row[8], want[8];
        tensor_widen(row, tensor, token * tensor->shape[1], 8);
        for (size_t k = 0; k < 8; k++) {
            want[k] = (float)json_real_value(json_array_get(hidden, k));
        }
        CHECK_ARRAY_SAME(names[i], row, want, 8);
        json_decref(root);
        weights_close(weights);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_gguf_tensors_have_the_reference_hashes),
    CHECK_TEST(test_gguf_metadata_is_found_and_converted),
    CHECK_TEST(test_safetensors_folders_load),
    CHECK_TEST(test_embeddings_are_those_that_transformers_read),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("weights", tests)
