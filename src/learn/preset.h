/*
 * preset.h - the config.json of a model to be trained: by name, or from a
 * file with what it leaves open filled in.
 *
 * lmic-DxL are the twelve sizes of the study, of which 64x4, 128x4 and 256x4
 * are also called lmic-200k, lmic-800k and lmic-3m; byte-200k, byte-800k and
 * byte-3m are our own family, not larger than those three.
 */
#ifndef LEARN_PRESET_H
#define LEARN_PRESET_H

#include <stddef.h>
#include <stdint.h>

/* What the training decides. */
struct preset_needs {
    uint32_t vocabulary; /* of the tokenizer */
    int is_bytes;        /* its tokens are bytes */
    size_t context;      /* longest sequence */
};

/*
 * The text of a config.json.  name: a preset, or a file if it ends in .json.
 *
 * Owner: the caller frees with mem_free().
 * Errors: NULL: no such preset (the nearest is named), a key that is not
 * known, a vocabulary that is not that of the tokenizer, fewer positions than
 * the context; reported.
 */
char *preset_config(const char *name, const struct preset_needs *needs);

/* The same text with the type in which numbers are stored: "bfloat16". */
char *preset_with_type(const char *config, const char *dtype);

#endif /* LEARN_PRESET_H */
