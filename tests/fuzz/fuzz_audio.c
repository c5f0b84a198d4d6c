/*
 * fuzz_audio.c
 *
 * Any bytes are an audio: corpus or are refused, without much memory.
 */
#include "fuzz_media.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_media("audio", data, bytes);
    return 0;
}
