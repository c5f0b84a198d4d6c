/*
 * input.h - a whole file, or all of the standard input.
 */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

struct input {
    const uint8_t *data;
    size_t bytes;
    const char *name; /* for messages */

    struct file_map map;
    void *block; /* of the standard input */
};

/*
 * Map the file path; "-" reads the standard input to its end.
 *
 * Owner: input_close(), also after an error.
 */
int input_open(struct input *input, const char *path);
void input_close(struct input *input);

#endif /* CMD_INPUT_H */
