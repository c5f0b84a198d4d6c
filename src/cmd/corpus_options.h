/*
 * corpus_options.h - options that say which part of a corpus is meant.
 */
#ifndef CMD_CORPUS_OPTIONS_H
#define CMD_CORPUS_OPTIONS_H

/* Their rows in the table of a command whose settings S hold them. */
#define CORPUS_PART_OPTIONS(S, first_field, bytes_field)                       \
    {.name = "first",                                                          \
        .type = OPTION_BYTES,                                                  \
        .offset = offsetof(S, first_field),                                    \
        .value = "0",                                                          \
        .max = 1e18,                                                           \
        .unit = "BYTES",                                                       \
        .help = "leave out so many bytes at the start of the corpus"},         \
    {                                                                          \
        .name = "bytes", .type = OPTION_BYTES,                                 \
        .offset = offsetof(S, bytes_field), .value = "all", .min = 1,          \
        .max = 1e18, .choices = "all", .unit = "BYTES",                        \
        .help = "take so many bytes"                                           \
    }

#endif /* CMD_CORPUS_OPTIONS_H */
