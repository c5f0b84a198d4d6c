/*
 * clock.h - wall-clock time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>

/* Seconds on a clock that never jumps; only differences mean something. */
double clock_now_s(void);

/* Seconds that the calling thread has computed: others on its core do not
   count. */
double clock_thread_s(void);

/* Do nothing for a while; a signal may end it early. */
void clock_sleep_s(double seconds);

/* Write the present UTC time as "2026-01-31T12:00:00Z". */
void clock_utc(char *out, size_t out_bytes_max);

#endif /* BASE_CLOCK_H */
