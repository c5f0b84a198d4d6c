/*
 * shared_output.h - an output that all ranks write: a file that has its name
 * when it is whole, or the standard output.
 */
#ifndef CMD_SHARED_OUTPUT_H
#define CMD_SHARED_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct par;
struct shared_output;

/*
 * Begin.  A file is written as ".NAME.partial"; what is there already of that
 * is kept.  "-" is the standard output.
 *
 * Collective: yes.
 * Errors: NULL on every rank; reported.  A file that exists is an error
 * unless overwrite.
 */
struct shared_output *shared_output_open(
    struct par *par, const char *path, bool overwrite);

/* The name of the partial file; NULL: standard output. */
const char *shared_output_partial(const struct shared_output *output);

/*
 * Put bytes where they belong.  To the standard output they go at the next
 * flush, which must complete all before it.
 */
int shared_output_put(struct shared_output *output, uint64_t offset,
    const void *data, size_t bytes);

/* Collective.  What was put is on the disk, or has been printed. */
int shared_output_flush(struct shared_output *output);

/* Collective.  It has so many bytes: give it its name, and free. */
int shared_output_finish(struct shared_output *output, uint64_t bytes);

/* Collective.  End without a result, keeping the partial file or not. */
void shared_output_abandon(struct shared_output *output, bool is_kept);

/* Collective.  Cut the partial file to so many bytes. */
int shared_output_cut(struct shared_output *output, uint64_t bytes);

#endif /* CMD_SHARED_OUTPUT_H */
