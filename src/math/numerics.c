/*
 * numerics.c
 */
#include "numerics.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "gemm.h"
#include "kernels.h"
#include "softmax.h"
#include "vector.h"

#define ROWS    3
#define WIDTH   70 /* sums of more than one block, ends of vectors */
#define SYMBOLS 45

/* What the sample is in each mode, with every kernel. */
#define DIGEST_EXACT UINT64_C(0xfe4575629e3a3745)
#define DIGEST_INT8  UINT64_C(0x33d75cbd0e6cccaf)

/* FNV-1a. */
static uint64_t
digest(uint64_t hash, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Numbers of many sizes; some are subnormal. */
static void
fill(float *out, size_t n, uint64_t seed)
{
    static const float scales[] = {1.0f, 0x1p-20f, 0x1p-131f, 3.0f};

    for (size_t i = 0; i < n; i++) {
        float x = (float)(rng_at(seed, i) >> 40) * 0x1p-23f - 1.0f;
        out[i] = x * scales[i % 4];
    }
}

/* A norm, a product, an activation by its neighbours, frequencies. */
static uint64_t
sample(const struct kernels *kernels, struct gemm_weights *weights)
{
    float in[ROWS * WIDTH], gain[WIDTH], rows[SYMBOLS * WIDTH];
    float logits[ROWS * SYMBOLS];
    uint64_t frequency[SYMBOLS], hash = UINT64_C(0xcbf29ce484222325);

    fill(in, ROWS * WIDTH, 1);
    fill(gain, WIDTH, 2);
    fill(rows, SYMBOLS * WIDTH, 3);
    hash = digest(hash, in, sizeof(in));
    vector_rms_norm(kernels, in, in, gain, 1e-5f, ROWS, WIDTH);
    hash = digest(hash, in, sizeof(in));
    gemm_pack(weights, rows, 0, SYMBOLS);
    gemm(logits, SYMBOLS, in, WIDTH, weights, ROWS, 1);
    hash = digest(hash, logits, sizeof(logits));
    for (size_t i = 0; i < ROWS; i++) {
        struct softmax_symbol code;
        const float *row = logits + i * SYMBOLS;
        (void)softmax_frequencies(kernels, frequency, row, SYMBOLS);
        hash = digest(hash, frequency, sizeof(frequency));
        (void)softmax_code(kernels, &code, row, SYMBOLS, 7);
        hash = digest(hash, &code.cumulative, sizeof(code.cumulative));
        hash = digest(hash, &code.total, sizeof(code.total));
    }
    vector_swiglu(kernels, logits, rows, sizeof(logits) / sizeof(logits[0]));
    return digest(hash, logits, sizeof(logits));
}

int
numerics_check(const struct kernels *kernels)
{
    enum math_mode mode = kernels_mode(kernels);
    struct gemm_weights *weights;

    if (mode == MATH_BLAS) {
        report_error("--math blas gives other bits on other machines: what "
                     "it codes could not be decoded; use exact or int8");
        return -1;
    }
    weights = gemm_weights_new(kernels, SYMBOLS, WIDTH);
    if (weights == NULL) {
        return -1;
    }
    uint64_t got = sample(kernels, weights);
    uint64_t want = mode == MATH_INT8 ? DIGEST_INT8 : DIGEST_EXACT;
    gemm_weights_free(weights);
    if (got != want) {
        report_error("this program does not compute the bits that archives "
                     "need (%016llx instead of %016llx, kernel %s): was it "
                     "built with -ffast-math, or is this no IEEE arithmetic?",
            (unsigned long long)got, (unsigned long long)want,
            kernels_name(kernels));
        return -1;
    }
    return 0;
}
