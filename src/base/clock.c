/*
 * clock.c
 */
#include "base/clock.h"

#include <time.h>

double
clock_now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void
clock_utc(char *out, size_t out_bytes_max)
{
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(out, out_bytes_max, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

double
clock_thread_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void
clock_sleep_s(double seconds)
{
    struct timespec pause = {
        .tv_sec = (time_t)seconds,
        .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds)),
    };

    nanosleep(&pause, NULL);
}
