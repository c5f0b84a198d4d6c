/*
 * bench_gemm.c
 *
 * Matrix products of the shapes of byte models (4 layers) and of SmolLM2-135M,
 * one thread, exact and blas in turn.  Weights that fit a cache are warm.
 * Input, output and weights lie in large pages, as in a model: with small ones
 * a wide product is 7 % slower.
 */
#include "bench.h"

#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/gemm.h"
#include "math/kernels.h"

/* Largest output of a row, in floats: models score the vocabulary in parts. */
#define OUT_FLOATS_MAX (64 << 20)

struct shape {
    const char *model;
    size_t N, K;
};

/*
 * Queries, keys and values; output of attention; gate and up; down; then the
 * output layer.  Byte models have a feed-forward of 3d.
 */
static const struct shape shapes[] = {
    {"d=64", 192, 64},
    {"d=64", 64, 64},
    {"d=64", 384, 64},
    {"d=64", 64, 192},
    {"d=64", 256, 64},
    {"d=128", 384, 128},
    {"d=128", 128, 128},
    {"d=128", 768, 128},
    {"d=128", 128, 384},
    {"d=128", 256, 128},
    {"d=256", 768, 256},
    {"d=256", 256, 256},
    {"d=256", 1536, 256},
    {"d=256", 256, 768},
    {"smollm2", 960, 576},
    {"smollm2", 576, 576},
    {"smollm2", 3072, 576},
    {"smollm2", 576, 1536},
    {"smollm2", 49152, 576},
};

static const size_t row_counts[] = {1, 8, 16, 17, 64, 512, 2048};

struct product {
    float *out;
    const float *in;
    const struct gemm_weights *weights;
    size_t M, N, K;
};

static void
multiply(void *context)
{
    const struct product *p = context;

    gemm(p->out, p->N, p->in, p->K, p->weights, p->M, 1);
}

static float *
random_floats(size_t n)
{
    float *x = mem_map(n * sizeof(float));

    for (size_t i = 0; x && i < n; i++) {
        x[i] = (float)((double)(rng_at(1, i) >> 40) * 0x1p-23 - 1.0);
    }
    return x;
}

/* Packed weights in memory. */
struct packed {
    struct gemm_weights *weights;
    void *memory;
    size_t bytes;
};

static void
pack(struct packed *p, const struct kernels *kernels, const float *rows,
    size_t N, size_t K)
{
    p->weights = gemm_weights_plan(kernels, N, K);
    p->bytes = p->weights ? gemm_weights_bytes(p->weights) : 0;
    p->memory = p->weights ? mem_map(p->bytes) : NULL;
    if (p->memory) {
        gemm_weights_place(p->weights, p->memory);
        gemm_pack(p->weights, rows, 0, N);
    }
}

static void
release(struct packed *p)
{
    gemm_weights_free(p->weights);
    mem_unmap(p->memory, p->bytes);
}

static void
print_row(const struct bench *bench, const char *model, const struct product *p,
    const struct bench_task *exact, const struct bench_task *blas)
{
    printf(bench->is_csv
               ? "gemm,%s,%zu,%zu,%zu,%.2f,%.4f,%.2f,%.4f,%.3f\n"
               : "%-8s %5zu %6zu %5zu %9.1f %7.2f %9.1f %7.2f %9.2f\n",
        model, p->M, p->N, p->K, exact->best / 1e9, exact->share,
        blas->best / 1e9, blas->share, exact->share / blas->share);
    fflush(stdout);
}

/* All numbers of rows of one shape. */
static void
bench_shape(const struct bench *bench, const struct shape *shape)
{
    size_t N = shape->N, K = shape->K;
    size_t M_max = row_counts[sizeof(row_counts) / sizeof(size_t) - 1];
    struct packed exact, blas;
    float *rows = random_floats(N * K);
    size_t in_bytes = M_max * K * sizeof(float);
    float *in = random_floats(M_max * K);
    float *out;

    while (M_max * N > OUT_FLOATS_MAX) {
        M_max /= 2;
    }
    out = random_floats(M_max * N);
    if (!rows) {
        return;
    }
    pack(&exact, bench->exact, rows, N, K);
    pack(&blas, bench->blas, rows, N, K);
    if (in && out && exact.memory && blas.memory) {
        for (size_t i = 0; i < sizeof(row_counts) / sizeof(size_t); i++) {
            size_t M = row_counts[i];
            double flop = 2.0 * (double)M * (double)N * (double)K;
            struct product by_exact = {out, in, exact.weights, M, N, K};
            struct product by_blas = {out, in, blas.weights, M, N, K};
            struct bench_task tasks[] = {
                {multiply, &by_exact, flop, 0, 0},
                {multiply, &by_blas, flop, 0, 0},
            };

            if (M <= M_max) {
                bench_run(bench, tasks, 2);
                print_row(bench, shape->model, &by_exact, &tasks[0], &tasks[1]);
            }
        }
    }
    release(&blas);
    release(&exact);
    mem_unmap(out, M_max * N * sizeof(float));
    mem_unmap(in, in_bytes);
    mem_unmap(rows, N * K * sizeof(float));
}

void
bench_gemm(const struct bench *bench)
{
    if (bench->is_csv) {
        puts("section,model,M,N,K,exact_gflops,exact_share,blas_gflops,"
             "blas_share,exact_over_blas");
    } else {
        puts("\nMatrix products (M,K) x (K,N): best GFLOP/s; median share of "
             "the peak\nof fma in registers at the time; ratio of the shares\n"
             "                               ---- exact ----   ----- blas "
             "----   exact /\n"
             "model        M      N     K   GFLOP/s   share   GFLOP/s   "
             "share      blas");
    }
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        bench_shape(bench, &shapes[i]);
    }
}
