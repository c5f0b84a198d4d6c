/*
 * fuzz_image.c
 *
 * Any bytes are an image: corpus or are refused, without much memory.
 */
#include "fuzz_media.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_media("image", data, bytes);
    return 0;
}
