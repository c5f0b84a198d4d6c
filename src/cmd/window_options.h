/*
 * window_options.h - options that say what a model sees at once.
 */
#ifndef CMD_WINDOW_OPTIONS_H
#define CMD_WINDOW_OPTIONS_H

/* Their rows in the table of a command whose settings S hold them. */
#define WINDOW_OPTIONS(S, context_field, stride_field)                         \
    {.name = "context",                                                        \
        .type = OPTION_COUNT,                                                  \
        .offset = offsetof(S, context_field),                                  \
        .value = "model",                                                      \
        .min = 2,                                                              \
        .max = 1 << 20,                                                        \
        .choices = "model",                                                    \
        .unit = "TOKENS",                                                      \
        .help = "positions of a window, the start token included; model: "     \
                "what it was made for"},                                       \
    {                                                                          \
        .name = "stride", .type = OPTION_COUNT,                                \
        .offset = offsetof(S, stride_field), .value = "none", .min = 1,        \
        .max = 1 << 20, .choices = "none", .unit = "TOKENS",                   \
        .help = "windows after the first move by so many tokens, what "        \
                "overlaps is context only: fewer bits, slower by context / "   \
                "stride; none: they do not overlap"                            \
    }

#endif /* CMD_WINDOW_OPTIONS_H */
