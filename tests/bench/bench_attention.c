/*
 * bench_attention.c
 *
 * Attention, the softmax of logits and the exponential, one thread.  Work of
 * attention is counted over the half of the scores that is not masked.
 */
#include "bench.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/attention.h"
#include "math/kernels.h"
#include "math/kernels_table.h"
#include "math/simd.h"
#include "math/softmax.h"

#define POSITIONS 2048
#define V_MAX     49152

static float *
random_floats(size_t n, float spread)
{
    float *x = mem_alloc(n, sizeof(float));

    for (size_t i = 0; x && i < n; i++) {
        x[i] = spread * (float)((double)(rng_at(2, i) >> 40) * 0x1p-23 - 1.0);
    }
    return x;
}

struct attention_task {
    const struct kernels *kernels;
    struct attention_call call;
};

static void
attend(void *context)
{
    const struct attention_task *task = context;

    attention(task->kernels, &task->call);
}

/* T queries that end at the last of POSITIONS. */
static void
bench_shape(const struct bench *bench, size_t n_heads, size_t n_kv_heads,
    size_t D, size_t T)
{
    struct kv_cache *cache = kv_cache_new(POSITIONS, n_kv_heads, D);
    float *kv = random_floats(POSITIONS * n_kv_heads * D, 1);
    float *queries = random_floats(T * n_heads * D, 2);
    float *out = random_floats(T * n_heads * D, 0);
    const double seen = (double)POSITIONS - (double)(T - 1) / 2;
    struct attention_task attend_all = {
        .kernels = bench->exact,
        .call = {.out = out,
            .queries = queries,
            .cache = cache,
            .first = POSITIONS - T,
            .T = T,
            .n_heads = n_heads,
            .scale = 1 / sqrtf((float)D),
            .n_threads = 1},
    };
    struct bench_task task = {.run = attend,
        .context = &attend_all,
        .flop = 4.0 * (double)(T * n_heads * D) * seen};

    if (cache && kv && queries && out) {
        kv_cache_put(cache, kv, kv, 0, POSITIONS);
        bench_run(bench, &task, 1);
        printf(bench->is_csv ? "attention,%zu,%zu,%zu,%zu,%.2f,%.4f\n"
                             : "%5zu %6zu %8zu %4zu %9.1f %7.2f\n",
            T, n_heads, n_kv_heads, D, task.best / 1e9, task.share);
        fflush(stdout);
    }
    kv_cache_free(cache);
    mem_free(kv);
    mem_free(queries);
    mem_free(out);
}

struct logits_task {
    const struct kernels *kernels;
    const float *logits;
    float *out;
    size_t V;
    struct softmax_symbol symbol;
};

static void
code(void *context)
{
    struct logits_task *task = context;

    softmax_code(
        task->kernels, &task->symbol, task->logits, task->V, task->V / 2);
}

static void
exponentials(void *context)
{
    const struct logits_task *task = context;

    task->kernels->simd->exp(task->out, task->logits, task->V);
}

/* Time of one run, and of one number of it. */
static void
bench_logits(const struct bench *bench, const char *name,
    void (*run)(void *context), size_t V)
{
    float *logits = random_floats(V, 20), *out = random_floats(V, 0);
    struct logits_task data = {bench->exact, logits, out, V, {0, 0, 0, 0}};
    struct bench_task task = {.run = run, .context = &data, .flop = (double)V};

    if (logits && out) {
        bench_run(bench, &task, 1);
        printf(
            bench->is_csv ? "%s,%zu,%.1f,%.4f\n" : "%-8s %6zu %12.1f %12.3f\n",
            name, V, 1e9 * (double)V / task.best, 1e9 / task.best);
        fflush(stdout);
    }
    mem_free(logits);
    mem_free(out);
}

void
bench_attention(const struct bench *bench)
{
    static const size_t sizes[] = {16, 32, 64, 128};
    static const size_t vocabularies[] = {256, 512, 4096, V_MAX};

    puts(bench->is_csv
             ? "section,T,n_heads,n_kv_heads,D,gflops,share"
             : "\nCausal attention, queries up to position 2048: best "
               "GFLOP/s, median share of peak\n"
               "    T  heads kv_heads    D   GFLOP/s   share");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        bench_shape(bench, 4, 4, sizes[i], POSITIONS);
        bench_shape(bench, 4, 4, sizes[i], 1);
    }
    bench_shape(bench, 9, 3, 64, POSITIONS);
    bench_shape(bench, 9, 3, 64, 1);

    puts(bench->is_csv ? "section,V,ns,ns_per_number"
                       : "\nLogits              ns per run   per number");
    for (size_t i = 0; i < sizeof(vocabularies) / sizeof(size_t); i++) {
        bench_logits(bench, "softmax", code, vocabularies[i]);
    }
    bench_logits(bench, "exp", exponentials, 4096);
}
