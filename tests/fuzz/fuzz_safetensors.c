/*
 * fuzz_safetensors.c
 *
 * Any bytes are a sound safetensors file or are refused: whatever an accepted
 * file says it has lies inside it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/report.h"
#include "format/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    float number;

    report_hold(true, NULL);
    struct safetensors *file = safetensors_open_memory(data, bytes, "FILE");
    report_discard();
    if (file == NULL) {
        return 0;
    }
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const struct tensor *tensor = safetensors_at(file, i);

        if (safetensors_find(file, tensor->name) != tensor) {
            abort();
        }
        if (tensor->type != TENSOR_OTHER && tensor_count(tensor) > 0) {
            tensor_widen(&number, tensor, 0, 1);
            tensor_widen(&number, tensor, tensor_count(tensor) - 1, 1);
        }
    }
    safetensors_close(file);
    return 0;
}
