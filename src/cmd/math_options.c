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
    bool is_auto = strcmp(settings->kernel, "auto") == 0;
    enum math_mode mode = MATH_EXACT;

    /* The table allows the names of modes only. */
    while (strcmp(settings->math, math_mode_name(mode)) != 0) {
        mode++;
    }
    return kernels_find(mode, is_auto ? NULL : settings->kernel);
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
