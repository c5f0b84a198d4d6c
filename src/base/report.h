/*
 * report.h - the one way to say something to the user.
 *
 * A message is printed once, where the failure is detected, as
 * "codelen: COMMAND: text".  In a parallel run every rank may detect the same
 * failure, so all ranks but the first hold their messages back until
 * par_any_failed() has chosen the rank that speaks.
 *
 * Threads: all functions may be called from any thread.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stdbool.h>

/* Name of the running command, put in front of each message; kept. */
void report_command(const char *command);

/* Start (or stop) holding messages back; label is put before held ones. */
void report_hold(bool hold, const char *label);

/* Print what was held back and stop holding / forget what was held back. */
void report_release(void);
void report_discard(void);

/* Number of report_error() calls so far. */
unsigned report_error_count(void);

/* "codelen: COMMAND: text" on stderr.  No newline at the end of fmt. */
void report_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same with "warning: "; never held back, only rank 0 prints it. */
void report_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line of information on stderr; only rank 0 prints it. */
void report_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Suppress notes and warnings (ranks other than the first). */
void report_set_quiet(bool is_quiet);

#endif /* BASE_REPORT_H */
