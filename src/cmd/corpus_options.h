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

/* Their rows for image: corpora.  Outside: they are in the corpus's identity,
   where there is one. */
#define CORPUS_IMAGE_OPTIONS(S, patch_field, grey_field)                       \
    {.name = "patch",                                                          \
        .type = OPTION_TEXT,                                                   \
        .offset = offsetof(S, patch_field),                                    \
        .unit = "HEIGHTxWIDTH",                                                \
        .is_outside = true,                                                    \
        .help = "image: pixels of a patch (without it 32x64)"},                \
    {                                                                          \
        .name = "gray", .type = OPTION_CHOICE,                                 \
        .offset = offsetof(S, grey_field), .choices = "mean|luma",             \
        .is_outside = true,                                                    \
        .help = "image: a colour becomes the mean of red, green and blue, "    \
                "truncated, as in the study (so without it), or their luma "   \
                "(BT.601)"                                                     \
    }

#endif /* CMD_CORPUS_OPTIONS_H */
