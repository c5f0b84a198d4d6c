/*
 * progress.h - how far a run is: a moving line on a terminal, a line a minute
 * in a log.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    uint64_t n_chunks; /* of the whole run */
    uint64_t n_bytes;
    uint64_t chunks_before; /* done by earlier runs of the same output */
    uint64_t bytes_before;
    double start_s, shown_s;
    int is_terminal;
    int is_line_open; /* the terminal line has no newline yet */
};

/* What to show: sums over ranks of what this run has done. */
struct progress_state {
    double chunks, bytes, bits;
};

void progress_start(struct progress *progress, uint64_t n_chunks,
    uint64_t n_bytes, uint64_t chunks_before, uint64_t bytes_before);

/* Show, if it is time to. */
void progress_show(
    struct progress *progress, const struct progress_state *state);

/* The same for a line of the caller's: whether it is time to, and show it. */
bool progress_is_due(const struct progress *progress);
void progress_line(struct progress *progress, const char *line);

/* Clear the terminal line. */
void progress_end(struct progress *progress);

#endif /* CMD_PROGRESS_H */
