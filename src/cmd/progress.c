/*
 * progress.c
 */
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report.h"
#include "base/units.h"

/* Seconds between two lines. */
#define TERMINAL_S 0.5
#define LOG_S      60.0

void
progress_start(struct progress *progress, uint64_t n_chunks, uint64_t n_bytes,
    uint64_t chunks_before, uint64_t bytes_before)
{
    *progress = (struct progress){
        .n_chunks = n_chunks,
        .n_bytes = n_bytes,
        .chunks_before = chunks_before,
        .bytes_before = bytes_before,
        .is_terminal = isatty(STDERR_FILENO),
    };
    progress->start_s = clock_now_s();
    progress->shown_s = progress->start_s;
}

bool
progress_is_due(const struct progress *progress)
{
    return clock_now_s() - progress->shown_s >=
           (progress->is_terminal ? TERMINAL_S : LOG_S);
}

void
progress_line(struct progress *progress, const char *line)
{
    progress->shown_s = clock_now_s();
    if (progress->is_terminal) {
        fprintf(stderr, "\r%-78s", line);
        fflush(stderr);
        progress->is_line_open = 1;
    } else {
        report_note("%s", line);
    }
}

void
progress_show(struct progress *progress, const struct progress_state *state)
{
    double passed = clock_now_s() - progress->start_s;
    char rate[32], eta[32], line[192];

    if (!progress_is_due(progress)) {
        return;
    }
    double left =
        (double)(progress->n_bytes - progress->bytes_before) - state->bytes;
    units_format_bytes(rate, sizeof(rate), state->bytes / passed);
    units_format_seconds(eta, sizeof(eta),
        state->bytes > 0 ? left * passed / state->bytes : 1e300);
    int n = snprintf(line, sizeof(line), "%.0f of %llu chunks, %s/s",
        (double)progress->chunks_before + state->chunks,
        (unsigned long long)progress->n_chunks, rate);
    if (state->bytes > 0 && n > 0 && (size_t)n < sizeof(line)) {
        snprintf(line + n, sizeof(line) - (size_t)n,
            ", %.4f bits per byte, %s left", state->bits / state->bytes, eta);
    }
    progress_line(progress, line);
}

void
progress_end(struct progress *progress)
{
    if (progress->is_line_open) {
        fprintf(stderr, "\r%78s\r", "");
        fflush(stderr);
        progress->is_line_open = 0;
    }
}
