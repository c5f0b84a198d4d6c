/*
 * bench_memory.c
 *
 * How fast a core reads: buffers that stay in L2, in L3, and nowhere.  With
 * the peak these are the roofs under which kernels can be.
 */
#include "bench.h"

#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

/* Sums in flight: enough to wait for memory and not for additions. */
#define SUMS 8

typedef uint64_t lane __attribute__((vector_size(64)));

struct buffer {
    const lane *lanes;
    size_t n;
};

static void
read_all(void *context)
{
    const struct buffer *buffer = context;
    lane sum[SUMS] = {{0}};

    for (size_t i = 0; i < buffer->n; i += SUMS) {
        for (size_t j = 0; j < SUMS; j++) {
            sum[j] += buffer->lanes[i + j];
        }
    }
    __asm__ volatile("" : : "m"(sum));
}

#ifdef __x86_64__
__attribute__((target("avx512f"), flatten)) static void
read_avx512(void *context)
{
    read_all(context);
}
#endif

void
bench_memory(const struct bench *bench)
{
    static const size_t sizes[] = {512 << 10, 16 << 20, 512 << 20};
    struct bench_task task = {.run = read_all};

#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) {
        task.run = read_avx512;
    }
#endif
    puts(bench->is_csv ? "section,bytes,gigabytes_per_second"
                       : "\nReading      bytes      GB/s");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer buffer = {mem_alloc(sizes[i], 1), 0};

        if (buffer.lanes == NULL) {
            continue;
        }
        /* Zeros that were never written would all be one page. */
        for (size_t at = 0; at < sizes[i]; at += 4096) {
            ((volatile char *)buffer.lanes)[at] = 1;
        }
        buffer.n = sizes[i] / sizeof(lane);
        task.context = &buffer;
        task.flop = (double)sizes[i];
        task.best = 0;
        bench_run(bench, &task, 1);
        printf(bench->is_csv ? "memory,%zu,%.2f\n" : "%18zu %9.1f\n", sizes[i],
            task.best / 1e9);
        fflush(stdout);
        mem_free((void *)buffer.lanes);
    }
}
