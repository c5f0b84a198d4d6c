/*
 * input.c
 */
#include "cmd/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"

/* Least room for a read. */
#define READ_BYTES ((size_t)1 << 16)

static int
read_standard_input(struct input *input)
{
    size_t bytes_max = 0;
    ssize_t n;

    input->name = "standard input";
    do {
        if (mem_grow(&input->block, &bytes_max, input->bytes,
                input->bytes + READ_BYTES, 1) != 0) {
            return -1;
        }
        n = read(STDIN_FILENO, (char *)input->block + input->bytes,
            bytes_max - input->bytes);
        if (n < 0 && errno != EINTR) {
            report_error("standard input: %s", strerror(errno));
            return -1;
        }
        input->bytes += n > 0 ? (size_t)n : 0;
    } while (n != 0);
    input->data = input->block;
    return 0;
}

int
input_open(struct input *input, const char *path)
{
    *input = (struct input){.name = path};
    if (strcmp(path, "-") == 0) {
        return read_standard_input(input);
    }
    if (file_map_open(&input->map, path) != 0) {
        return -1;
    }
    input->data = input->map.data;
    input->bytes = input->map.bytes;
    return 0;
}

void
input_close(struct input *input)
{
    file_map_close(&input->map);
    mem_free(input->block);
    input->block = NULL;
}
