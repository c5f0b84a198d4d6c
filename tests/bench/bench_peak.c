/*
 * bench_peak.c
 */
#include "bench.h"

#include "math/peak.h"

struct bench_task
bench_peak(const char *name)
{
    struct bench_task task = {0};

    task.run = peak_find(&task.flop, name);
    return task;
}
