/*
 * output_name.h - the outputs of a command that makes several.
 */
#ifndef CMD_OUTPUT_NAME_H
#define CMD_OUTPUT_NAME_H

#include <stdbool.h>

/*
 * out with {key} replaced by value; without {key}, -VALUE put before its
 * ending, unless it is the only output.
 *
 * Owner: the caller frees with mem_free().
 */
char *output_name(
    const char *out, const char *key, const char *value, bool is_only);

#endif /* CMD_OUTPUT_NAME_H */
