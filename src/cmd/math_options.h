/*
 * math_options.h - options that say how numbers are computed.
 */
#ifndef CMD_MATH_OPTIONS_H
#define CMD_MATH_OPTIONS_H

#include "math/kernels.h"

struct math_settings {
    const char *math;
    const char *kernel;
    const char *weights;
};

/* Their rows in the table of a command whose settings S hold them in field. */
#define MATH_OPTIONS(S, field)                                                 \
    {.name = "math",                                                           \
        .type = OPTION_CHOICE,                                                 \
        .offset = offsetof(S, field.math),                                     \
        .value = "exact",                                                      \
        .choices = "exact|int8|blas",                                          \
        .help = "exact and int8: the same bits on every machine; int8: "       \
                "products of 8-bit integers, faster on processors that have "  \
                "them (2 times with AMX) for some 0.2 % more bits; blas: "     \
                "products by OpenBLAS"},                                       \
        MATH_KERNEL_OPTIONS(S, field)

/* Those that change no bit. */
#define MATH_KERNEL_OPTIONS(S, field)                                          \
    {.name = "kernel",                                                         \
        .type = OPTION_CHOICE,                                                 \
        .offset = offsetof(S, field.kernel),                                   \
        .value = "auto",                                                       \
        .choices = "auto|avx512|avx2|neon|portable",                           \
        .is_outside = true,                                                    \
        .help = "instruction set; changes no bit in exact and int8 "           \
                "mode"},                                                       \
    {                                                                          \
        .name = "weights", .type = OPTION_CHOICE,                              \
        .offset = offsetof(S, field.weights), .value = "auto",                 \
        .choices = "auto|stored|fp32", .is_outside = true,                     \
        .help = "in memory as the file stores them, or widened to float; "     \
                "changes no bit; exact mode only"                              \
    }

/* How weights are to be packed. */
enum math_weights math_options_weights(const struct math_settings *settings);

/* The kernels asked for.  Errors: NULL; reported. */
const struct kernels *math_options_kernels(
    const struct math_settings *settings);

#endif /* CMD_MATH_OPTIONS_H */
