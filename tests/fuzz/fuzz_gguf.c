/*
 * fuzz_gguf.c
 *
 * Any bytes are a sound GGUF file or are refused: whatever an accepted file
 * says it has lies inside it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/report.h"
#include "format/gguf.h"

/* What fuzzers ask for: names the model reader uses and short ones. */
static const char *const keys[] = {"general.alignment", "k",
    "general.architecture", "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type", "tokenizer.ggml.merges"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Read the ends of what lies in the file. */
static void
touch(const void *data, size_t bytes)
{
    volatile uint8_t seen;

    if (bytes > 0) {
        seen = ((const uint8_t *)data)[0];
        seen = ((const uint8_t *)data)[bytes - 1];
        (void)seen;
    }
}

static void
touch_metadata(const struct gguf *gguf, const char *key)
{
    const char *text;
    size_t bytes;
    uint64_t number;
    double real;
    bool flag;

    gguf_u64(gguf, &number, key);
    gguf_f64(gguf, &real, key);
    gguf_bool(gguf, &flag, key);
    if (gguf_text(gguf, &text, &bytes, key) == 0) {
        touch(text, bytes);
    }
    for (size_t i = 0; i < gguf_array_count(gguf, key); i++) {
        gguf_array_u64(gguf, &number, key, i);
        if (gguf_array_text(gguf, &text, &bytes, key, i) == 0) {
            touch(text, bytes);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    float block[256];

    report_hold(true, NULL);
    struct gguf *gguf = gguf_open_memory(data, bytes, "FILE");
    report_discard();
    if (gguf == NULL) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        touch_metadata(gguf, keys[i]);
    }
    for (size_t i = 0; i < gguf_tensor_count(gguf); i++) {
        const struct tensor *tensor = gguf_tensor(gguf, i);
        size_t n = tensor_block_count(tensor->type);

        touch(tensor->data, tensor->bytes);
        if (tensor->type != TENSOR_OTHER && tensor_count(tensor) > 0) {
            tensor_widen(block, tensor, 0, n);
            tensor_widen(block, tensor, tensor_count(tensor) - n, n);
        }
    }
    gguf_close(gguf);
    return 0;
}
