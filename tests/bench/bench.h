/*
 * bench.h - what the benchmarks share: time, peak, table or CSV.
 *
 * A section is one function bench_NAME(const struct bench *) in a file of
 * its own, called by bench_math.c.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>

struct kernels;

/* Something to be timed, again and again. */
struct bench_task {
    void (*run)(void *context);
    void *context;
    double flop; /* floating-point operations of one run */
    /* Results: operations per second. */
    double best;  /* of the fastest run */
    double share; /* of the peak just before and after, median of all runs */
};

struct bench {
    const struct kernels *exact, *blas;
    bool is_csv;
    double row_s; /* time spent on one row of a table */
};

/*
 * Run the tasks in turn for row_s, and each 3 times at least, with the peak
 * between them: a core's clock and its neighbours change all the time.  Time
 * is this thread's processor time, so waiting for the core does not count.
 */
void bench_run(
    const struct bench *bench, struct bench_task *tasks, size_t n_tasks);

/* Independent chains of fma in registers, with an instruction set. */
struct bench_task bench_peak(const char *name);

void bench_gemm(const struct bench *bench);
void bench_attention(const struct bench *bench);
void bench_memory(const struct bench *bench);

#endif /* TESTS_BENCH_H */
