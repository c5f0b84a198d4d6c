/*
 * fuzz_tokenizer_model.c
 *
 * Any bytes are a sound tokenizer.model of SentencePiece, or table of tiktoken,
 * or are refused, and a tokenizer that is accepted gives every text back.
 */
#include "fuzz_tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    /* What begins otherwise is left to fuzz_tokenizer_json. */
    if (bytes > 0 && data[0] != '{' && data[0] != 'G') {
        check_tokenizer_file(data, bytes);
    }
    return 0;
}
