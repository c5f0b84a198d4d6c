/*
 * report.c
 *
 * The only mutable state of the program outside main(): the command name and
 * the messages held back.  A mutex makes a message one piece on the terminal.
 */
#include "base/report.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for held messages; what does not fit is dropped after the first. */
#define HELD_BYTES_MAX 8192

static struct {
    pthread_mutex_t lock;
    const char *command;
    const char *label;
    bool hold;
    bool quiet;
    unsigned n_errors;
    size_t held_bytes;
    char held[HELD_BYTES_MAX];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void
report_command(const char *command)
{
    state.command = command;
}

void
report_hold(bool hold, const char *label)
{
    pthread_mutex_lock(&state.lock);
    state.hold = hold;
    state.label = label;
    pthread_mutex_unlock(&state.lock);
}

void
report_release(void)
{
    pthread_mutex_lock(&state.lock);
    fwrite(state.held, 1, state.held_bytes, stderr);
    fflush(stderr);
    state.held_bytes = 0;
    state.hold = false;
    pthread_mutex_unlock(&state.lock);
}

void
report_discard(void)
{
    pthread_mutex_lock(&state.lock);
    state.held_bytes = 0;
    pthread_mutex_unlock(&state.lock);
}

unsigned
report_error_count(void)
{
    pthread_mutex_lock(&state.lock);
    unsigned n = state.n_errors;
    pthread_mutex_unlock(&state.lock);
    return n;
}

void
report_set_quiet(bool is_quiet)
{
    state.quiet = is_quiet;
}

/* A message may quote a hostile file: it must not steer the terminal. */
static void
hide_controls(char *line, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 127) {
            line[i] = '?';
        }
    }
}

/* Write one line: "codelen: COMMAND: PREFIX text". */
static void
put_line(bool may_hold, const char *prefix, const char *fmt, va_list args)
{
    char line[2048];
    int n = snprintf(line, sizeof(line), "codelen: %s%s%s%s%s",
        state.command ? state.command : "", state.command ? ": " : "",
        may_hold && state.label ? state.label : "",
        may_hold && state.label ? ": " : "", prefix);
    if (n < 0 || (size_t)n >= sizeof(line)) {
        n = 0;
    }
    int m = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, args);
    size_t bytes = (size_t)n + (m > 0 ? (size_t)m : 0);
    if (bytes > sizeof(line) - 2) {
        bytes = sizeof(line) - 2;
    }
    hide_controls(line, bytes);
    line[bytes++] = '\n';
    if (may_hold && state.hold) {
        if (state.held_bytes + bytes <= sizeof(state.held)) {
            memcpy(state.held + state.held_bytes, line, bytes);
            state.held_bytes += bytes;
        }
    } else {
        fwrite(line, 1, bytes, stderr);
        fflush(stderr);
    }
}

void
report_error(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    pthread_mutex_lock(&state.lock);
    state.n_errors++;
    put_line(true, "", fmt, args);
    pthread_mutex_unlock(&state.lock);
    va_end(args);
}

void
report_warning(const char *fmt, ...)
{
    va_list args;

    if (state.quiet) {
        return;
    }
    va_start(args, fmt);
    pthread_mutex_lock(&state.lock);
    put_line(false, "warning: ", fmt, args);
    pthread_mutex_unlock(&state.lock);
    va_end(args);
}

void
report_note(const char *fmt, ...)
{
    va_list args;

    if (state.quiet) {
        return;
    }
    va_start(args, fmt);
    pthread_mutex_lock(&state.lock);
    put_line(false, "", fmt, args);
    pthread_mutex_unlock(&state.lock);
    va_end(args);
}
