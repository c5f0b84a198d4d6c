/*
 * bits_products.c
 *
 * Products with weights of stored types, and those of 8-bit integers: all
 * kinds that go by the name of an instruction set must agree.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bits.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "math/kernels_table.h"

/* Tiles of all heights, several ranges of k, panels seen in part. */
static const size_t shapes[][3] = {{1, 33, 64}, {2, 70, 96}, {3, 31, 160},
    {4, 40, 32}, {5, 130, 320}, {6, 64, 64}, {7, 5, 4160}, {19, 33, 576},
    {33, 65, 96}, {70, 40, 128}};

#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Weights with exponents that are neither all ones nor large. */
static void
random_bytes(uint8_t *bytes, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(rng_at(seed, i) & (i % 2 ? 0x3f : 0xff));
    }
}

static uint64_t
stored_shape(const struct kernels *kernels, uint64_t hash,
    enum gemm_format format, const size_t *shape)
{
    const size_t M = shape[0], N = shape[1], K = shape[2];
    struct gemm_weights *weights =
        gemm_weights_plan_stored(kernels, format, N, K);
    const size_t n_bytes = gemm_weights_bytes(weights);
    uint8_t *memory = mem_alloc(n_bytes, 1);
    uint8_t *rows = mem_alloc(n_bytes, 1);
    float *in = random_floats(M, M * K, 1), *out = random_floats(0, M * N, 1);

    random_bytes(rows, n_bytes, N + format);
    gemm_weights_place(weights, memory);
    gemm_pack_stored(weights, rows, 0, N);
    gemm(out, N, in, K, weights, M, 1);
    hash = digest_floats(hash, out, M * N);
    gemm_weights_free(weights);
    mem_free(memory);
    mem_free(rows);
    mem_free(in);
    mem_free(out);
    return hash;
}

uint64_t
bits_stored(const struct kernels *kernels)
{
    uint64_t hash = DIGEST_START;

    for (int format = GEMM_BF16; format < GEMM_FORMATS; format++) {
        for (size_t i = 0; i < N_SHAPES; i++) {
            hash = stored_shape(
                kernels, hash, (enum gemm_format)format, shapes[i]);
        }
    }
    return hash;
}

static uint64_t
int8_kind(const struct kernels *kernels)
{
    uint64_t hash = DIGEST_START;

    for (size_t i = 0; i < N_SHAPES; i++) {
        const size_t M = shapes[i][0], N = shapes[i][1], K = shapes[i][2] - 3;
        struct gemm_weights *weights = gemm_weights_new(kernels, N, K);
        float *rows = random_floats(N, N * K, 1);
        float *in = random_floats(M, M * K, 1);
        float *out = random_floats(0, M * N, 1);

        gemm_pack(weights, rows, 0, N);
        gemm(out, N, in, K, weights, M, 1);
        hash = digest_floats(hash, out, M * N);
        gemm_weights_free(weights);
        mem_free(rows);
        mem_free(in);
        mem_free(out);
    }
    return hash;
}

uint64_t
bits_int8(const char *name)
{
    const struct kernels *kernels = kernels_find(MATH_INT8, NULL);
    uint64_t hash = int8_kind(kernels);
    size_t i = 0;

    /* Where no kind has the name, the best one stands for it. */
    while ((kernels = kernels_next(MATH_INT8, &i))) {
        if (strcmp(kernels_name(kernels), name) == 0 &&
            int8_kind(kernels) != hash) {
            fprintf(stderr, "%s: kinds of int8 differ\n", name);
            return 0;
        }
    }
    return hash;
}
