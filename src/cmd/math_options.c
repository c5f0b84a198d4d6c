/*
 * math_options.c
 */
#include "cmd/math_options.h"

#include <stdbool.h>
#include <string.h>

#include "math/kernels.h"

const struct kernels *
math_options_kernels(const struct math_settings *settings)
{
    bool is_exact = strcmp(settings->math, "exact") == 0;
    bool is_auto = strcmp(settings->kernel, "auto") == 0;

    return kernels_find(
        is_exact ? MATH_EXACT : MATH_BLAS, is_auto ? NULL : settings->kernel);
}

enum math_weights
math_options_weights(const struct math_settings *settings)
{
    if (strcmp(settings->weights, "auto") == 0) {
        return MATH_WEIGHTS_AUTO;
    }
    return strcmp(settings->weights, "stored") == 0 ? MATH_WEIGHTS_STORED
                                                    : MATH_WEIGHTS_F32;
}
