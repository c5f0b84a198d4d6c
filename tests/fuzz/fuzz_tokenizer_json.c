/*
 * fuzz_tokenizer_json.c
 *
 * Any bytes are a sound tokenizer.json (or GGUF file) or are refused, and a
 * tokenizer that is accepted gives every text back.
 */
#include "fuzz_tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    check_tokenizer_file(data, bytes);
    return 0;
}
