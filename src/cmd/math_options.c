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
