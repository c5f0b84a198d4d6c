/*
 * bench_math.c - how fast the kernels are on one core.
 *
 *     bench_math [--csv] [--kernel avx512|avx2|portable]
 *
 * The share of peak tells what is left to gain; the ratio of exact to blas
 * what exactness costs.  Takes about half a minute.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "math/kernels.h"

/*
 * Least time of a measurement: long enough for the clock, short enough that
 * the core's frequency is the same before and after.
 */
#define BATCH_S 0.0005

#define ROUNDS_MIN 3
#define ROUNDS_MAX 1000
#define TASKS_MAX  4

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Operations per second of a batch, after one run to warm the caches. */
static double
speed(const struct bench_task *task)
{
    double start = now_s(), once_s, seconds;
    size_t n;

    task->run(task->context);
    once_s = now_s() - start;
    n = once_s > BATCH_S ? 1 : (size_t)(BATCH_S / (once_s + 1e-7)) + 1;
    start = now_s();
    for (size_t i = 0; i < n; i++) {
        task->run(task->context);
    }
    seconds = now_s() - start;
    return task->flop * (double)n / seconds;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void
bench_run(const struct bench *bench, struct bench_task *tasks, size_t n_tasks)
{
    struct bench_task peak = bench_peak(kernels_name(bench->exact));
    double shares[TASKS_MAX][ROUNDS_MAX];
    double start = now_s(), before = speed(&peak);
    size_t n = 0;

    assert(n_tasks <= TASKS_MAX);
    while (
        n < ROUNDS_MIN || (n < ROUNDS_MAX && now_s() - start < bench->row_s)) {
        for (size_t i = 0; i < n_tasks; i++) {
            double here = speed(&tasks[i]), after = speed(&peak);

            shares[i][n] = here / (0.5 * (before + after));
            tasks[i].best = here > tasks[i].best ? here : tasks[i].best;
            before = after;
        }
        n++;
    }
    for (size_t i = 0; i < n_tasks; i++) {
        qsort(shares[i], n, sizeof(double), compare);
        tasks[i].share = shares[i][n / 2];
    }
}

int
main(int argc, char **argv)
{
    struct bench bench = {.row_s = 0.1};
    const char *name = NULL;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--csv") == 0) {
            bench.is_csv = true;
        } else if (strcmp(argv[i], "--kernel") == 0 && i + 1 < argc) {
            name = argv[++i];
        } else {
            fputs("usage: bench_math [--csv] [--kernel NAME]\n", stderr);
            return 2;
        }
    }
    bench.exact = kernels_find(MATH_EXACT, name);
    bench.blas = kernels_find(MATH_BLAS, name);
    if (!bench.exact || !bench.blas) {
        return 2;
    }
    fprintf(bench.is_csv ? stderr : stdout, "kernel %s, one core\n",
        kernels_name(bench.exact));
    bench_gemm(&bench);
    bench_attention(&bench);
    bench_memory(&bench);
    return 0;
}
