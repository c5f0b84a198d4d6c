/*
 * bits.c - what each kernel of this processor computes, as digests.
 *
 *     bits        prints lines "KERNEL WHAT DIGEST"
 *
 * The same lines must come from every processor, compiler and set of flags;
 * those of the portable kernel are kept in expected.txt.  run.sh compares.
 * Sizes are small, because most of the lines are computed under emulation.
 */
#include "bits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/activation.h"
#include "math/attention.h"
#include "math/elementary.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "math/kernels_table.h"
#include "math/numerics.h"
#include "math/simd.h"
#include "math/softmax.h"
#include "math/vector.h"

uint64_t
digest_bytes(uint64_t hash, const void *bytes, size_t n_bytes)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n_bytes; i++) {
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t
digest_floats(uint64_t hash, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0x7fc00000;

        if (!isnan(x[i])) {
            memcpy(&bits, &x[i], sizeof(bits));
        }
        hash = digest_bytes(hash, &bits, sizeof(bits));
    }
    return hash;
}

uint64_t
digest_double(uint64_t hash, double x)
{
    return digest_bytes(hash, &x, sizeof(x));
}

float *
random_floats(uint64_t seed, size_t n, float scale)
{
    float *x = mem_alloc(n, sizeof(*x));

    for (size_t i = 0; x && i < n; i++) {
        x[i] = ((float)(rng_at(seed, i) >> 40) * 0x1p-23f - 1) * scale;
    }
    return x;
}

/* Zeros of both signs, subnormals, the largest and smallest numbers. */
static void
make_extreme(float *x, size_t n)
{
    static const float extremes[] = {0.0f, -0.0f, 0x1p-149f, -0x1.8p-130f,
        0x1p-126f, 0x1p-75f, -0x1p60f, 88.8f, -88.8f, 87.3f, -87.3f,
        0x1.62e43p+6f, -1e30f, 0x1.fffffep127f, INFINITY};
    const size_t n_extremes = sizeof(extremes) / sizeof(extremes[0]);

    for (size_t i = 0; i < n; i += 3) {
        x[i] = extremes[i / 3 % n_extremes];
    }
}

/* Floats between the rows of input and output, which must stay. */
#define GAP 3

static uint64_t
bits_gemm_shape(const struct kernels *kernels, uint64_t hash, size_t M,
    size_t N, size_t K, float scale, int n_threads)
{
    float *in = random_floats(M, M * (K + GAP), scale);
    float *rows = random_floats(N + 1000, N * K, scale);
    float *out = random_floats(0, M * (N + GAP), 1);
    struct gemm_weights *weights = gemm_weights_new(kernels, N, K);

    if (scale == 0.0f) {
        make_extreme(rows, N * K);
        for (size_t i = 0; i < M * (K + GAP); i++) {
            in[i] = i % 2 ? 0x1p-20f : -0x1p-30f;
        }
    }
    gemm_pack(weights, rows, 0, N);
    gemm(out, N + GAP, in, K + GAP, weights, M, n_threads);
    hash = digest_floats(hash, out, M * (N + GAP));
    gemm_weights_free(weights);
    mem_free(out);
    mem_free(rows);
    mem_free(in);
    return hash;
}

/* All heights of tiles; partial panels; ranges of k; weights above L2. */
static uint64_t
bits_gemm(const struct kernels *kernels)
{
    static const size_t shapes[][2] = {
        {1, 1}, {33, 7}, {31, 64}, {64, 33}, {70, 50}};
    uint64_t hash = DIGEST_START;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (size_t M = 1; M <= 14; M++) {
            hash = bits_gemm_shape(
                kernels, hash, M, shapes[i][0], shapes[i][1], 1, 1);
        }
    }
    hash = bits_gemm_shape(kernels, hash, 9, 40, 33, 0, 1);
    hash = bits_gemm_shape(kernels, hash, 2, 300, 1000, 1, 1);
    hash = bits_gemm_shape(kernels, hash, 3, 99, 2050, 1e-3f, 3);
    hash = bits_gemm_shape(kernels, hash, 7, 34, 1030, 1, 1);
    return bits_gemm_shape(kernels, hash, 50, 129, 120, 1e3f, 2);
}

struct shape {
    size_t T, n_heads, n_kv_heads, D, window;
};

static uint64_t
bits_attention_shape(const struct kernels *kernels, uint64_t hash,
    const struct shape *s, float scale, int n_threads)
{
    const size_t n = s->T * s->n_heads * s->D;
    const size_t n_kv = s->T * s->n_kv_heads * s->D;
    float *queries = random_floats(s->D, n, scale);
    float *keys = random_floats(s->D + 1, n_kv, scale);
    float *values = random_floats(s->D + 2, n_kv, 1);
    float *out = mem_alloc(n, sizeof(*out));
    struct kv_cache *cache = kv_cache_new(s->T, s->n_kv_heads, s->D);
    struct attention_call call = {.out = out,
        .queries = queries,
        .cache = cache,
        .T = s->T,
        .n_heads = s->n_heads,
        .window = s->window,
        .scale = 1 / sqrtf((float)s->D),
        .n_threads = n_threads};

    kv_cache_put(cache, keys, values, 0, s->T);
    attention(kernels, &call);
    hash = digest_floats(hash, out, n);
    /* The last query alone. */
    call.queries += n - s->n_heads * s->D;
    call.first = s->T - 1;
    call.T = 1;
    attention(kernels, &call);
    hash = digest_floats(hash, out, s->n_heads * s->D);
    kv_cache_free(cache);
    mem_free(out);
    mem_free(values);
    mem_free(keys);
    mem_free(queries);
    return hash;
}

static uint64_t
bits_attention(const struct kernels *kernels)
{
    static const struct shape shapes[] = {{1, 1, 1, 4, 0}, {13, 2, 1, 4, 0},
        {130, 3, 3, 16, 0}, {131, 4, 1, 32, 0}, {66, 9, 3, 64, 0},
        {65, 2, 2, 128, 0}, {65, 1, 1, 256, 0}, {129, 5, 2, 20, 0},
        {77, 2, 1, 7, 0}, {150, 2, 2, 16, 1}, {150, 2, 2, 16, 7},
        {200, 4, 2, 16, 64}, {200, 3, 1, 48, 100}, {100, 2, 2, 24, 1000}};
    uint64_t hash = DIGEST_START;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        hash = bits_attention_shape(
            kernels, hash, &shapes[i], i % 3 == 2 ? 30 : 2, 1 + (int)i % 2);
    }
    return hash;
}

/* Streams of several lengths, some the same, by steps of one token each. */
static uint64_t
bits_step(const struct kernels *kernels)
{
    static const size_t heads[][3] = {{4, 2, 16}, {3, 1, 20}, {9, 3, 64}};
    static const size_t streams[] = {0, 3, 1, 2, 4};
    static const size_t positions[] = {0, 150, 63, 64, 64};
    const size_t n = sizeof(streams) / sizeof(streams[0]), T = 151;
    uint64_t hash = DIGEST_START;

    for (size_t i = 0; i < 2 * sizeof(heads) / sizeof(heads[0]); i++) {
        const size_t H = heads[i / 2][0], G = heads[i / 2][1];
        const size_t D = heads[i / 2][2];
        float *queries = random_floats(D, n * H * D, 2);
        float *keys = random_floats(D + 1, n * T * G * D, 2);
        float *values = random_floats(D + 2, n * T * G * D, 1);
        float *out = mem_alloc(n * H * D, sizeof(*out));
        struct kv_cache *cache = kv_cache_new_streams(n, T, G, D);

        for (size_t j = 0; j < n * T; j++) {
            kv_cache_put_one(
                cache, keys + j * G * D, values + j * G * D, j / T, j % T);
        }
        attention_step(kernels, &(struct attention_step_call){.out = out,
                                    .queries = queries,
                                    .cache = cache,
                                    .streams = streams,
                                    .positions = positions,
                                    .n = n,
                                    .n_heads = H,
                                    .window = i % 2 ? 70 : 0,
                                    .scale = 1 / sqrtf((float)D),
                                    .n_threads = 1});
        hash = digest_floats(hash, out, n * H * D);
        kv_cache_free(cache);
        mem_free(out);
        mem_free(values);
        mem_free(keys);
        mem_free(queries);
    }
    return hash;
}

/* The exponential inside softmax and attention, and where it ends. */
static uint64_t
bits_exp(const struct kernels *kernels)
{
    const size_t n = 4003;
    float *x = random_floats(1, n, 95);
    uint64_t hash;

    make_extreme(x, n);
    kernels->simd->exp(x, x, n);
    hash = digest_floats(DIGEST_START, x, n);
    mem_free(x);
    return hash;
}

static uint64_t
digest_code(const struct kernels *kernels, uint64_t hash, const float *logits,
    size_t V, size_t symbol)
{
    struct softmax_symbol code;

    softmax_code(kernels, &code, logits, V, symbol);
    hash = digest_bytes(hash, &code.cumulative, sizeof(code.cumulative));
    hash = digest_bytes(hash, &code.frequency, sizeof(code.frequency));
    hash = digest_bytes(hash, &code.total, sizeof(code.total));
    return digest_double(hash, code.bits);
}

static uint64_t
bits_softmax(const struct kernels *kernels)
{
    static const size_t sizes[] = {
        1, 2, 15, 16, 17, 63, 64, 65, 256, 1000, 1023, 1025, 5000};
    static const float scales[] = {0.01f, 1, 10, 60};
    uint64_t hash = DIGEST_START;

    for (size_t i = 0; i < 4 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        const size_t V = sizes[i / 4];
        float *logits = random_floats(V + i, V, scales[i % 4]);
        uint64_t *frequency = mem_alloc(V, sizeof(*frequency));
        uint64_t total;

        for (size_t j = 3; j < V; j += 7) {
            logits[j] = -INFINITY;
        }
        total = softmax_frequencies(kernels, frequency, logits, V);
        hash = digest_bytes(hash, frequency, V * sizeof(*frequency));
        hash = digest_bytes(hash, &total, sizeof(total));
        for (size_t symbol = 0; symbol < V; symbol += 1 + V / 20) {
            hash = digest_code(kernels, hash, logits, V, symbol);
        }
        mem_free(frequency);
        mem_free(logits);
    }
    /* A likely symbol: its bits show the last bit of the sum. */
    for (size_t i = 0; i < 1000; i++) {
        float *logits = random_floats(i, 130, 10);

        logits[7] = 15;
        hash = digest_code(kernels, hash, logits, 130, 7);
        mem_free(logits);
    }
    return hash;
}

static uint64_t
bits_norm(const struct kernels *kernels)
{
    const size_t T = 10;
    uint64_t hash = DIGEST_START;

    for (size_t C = 1; C <= 200; C = C * 3 / 2 + 1) {
        for (int e = -30; e <= 30; e += 15) {
            float *in = random_floats(C, T * C, ldexpf(1, e));
            float *gain = random_floats(C + 1, C, 2);

            vector_rms_norm(kernels, in, in, gain, 1e-5f, T, C);
            hash = digest_floats(hash, in, T * C);
            vector_add_bias(kernels, in, gain, T, C);
            vector_add(kernels, in, in + C, C);
            hash = digest_floats(hash, in, T * C);
            mem_free(gain);
            mem_free(in);
        }
    }
    return hash;
}

static uint64_t
bits_swiglu(const struct kernels *kernels)
{
    uint64_t hash = DIGEST_START;

    for (size_t n = 1; n <= 3000; n = 2 * n + 5) {
        float *gate = random_floats(n, n, n % 3 ? 8 : 100);
        float *up = random_floats(n + 1, n, 3);

        make_extreme(gate, n);
        vector_swiglu(kernels, gate, up, n);
        hash = digest_floats(hash, gate, n);
        mem_free(up);
        mem_free(gate);
    }
    return hash;
}

/* Activations alone and gated, soft caps, layer norms. */
static uint64_t
bits_activation(const struct kernels *kernels)
{
    uint64_t hash = DIGEST_START;

    for (size_t n = 1; n <= 3000; n = 2 * n + 5) {
        float *up = random_floats(n + 1, n, 3);
        float *gain = random_floats(n + 2, n, 2);
        float *x = random_floats(n, n, 30);

        vector_layer_norm(kernels, x, x, gain, up, 1e-5f, 1, n);
        hash = digest_floats(hash, x, n);
        for (int a = 0; a < N_ACTIVATIONS; a++) {
            mem_free(x);
            x = random_floats(n, n, n % 3 ? 8 : 100);
            make_extreme(x, n);
            activation_apply(kernels, (enum activation)a, x, n);
            hash = digest_floats(hash, x, n);
            activation_gate(kernels, (enum activation)a, x, up, n);
            hash = digest_floats(hash, x, n);
        }
        activation_cap(kernels, x, 5, n);
        hash = digest_floats(hash, x, n);
        mem_free(x);
        mem_free(gain);
        mem_free(up);
    }
    return hash;
}

static uint64_t
bits_rotate(const struct kernels *kernels)
{
    const size_t T = 5, n_heads = 3;
    uint64_t hash = DIGEST_START;

    for (size_t D = 2; D <= 130; D = 2 * D + 2) {
        float *rows = random_floats(D, T * n_heads * D, 1);
        float *cosine = random_floats(D + 1, (T + 4) * D, 1);
        float *sine = random_floats(D + 2, (T + 4) * D, 1);

        vector_rotate(kernels, rows, cosine, sine, 4, T, n_heads, D, D);
        vector_rotate(kernels, rows, cosine, sine, 2, T, n_heads, D, D / 4 * 2);
        hash = digest_floats(hash, rows, T * n_heads * D);
        mem_free(sine);
        mem_free(cosine);
        mem_free(rows);
    }
    return hash;
}

static uint64_t
bits_elementary(void)
{
    uint64_t hash = DIGEST_START;

    for (int i = 1; i <= 4000; i++) {
        double x = i * 0.0123456789 * 5;

        hash = digest_double(hash, elementary_expf((float)(100 - x)));
        hash = digest_double(hash, elementary_exp(100 - 4 * x));
        hash = digest_double(hash, elementary_log(x));
        hash = digest_double(hash, elementary_log2(x * 0x1p-1040));
        hash = digest_double(hash, elementary_sin(x * x));
        hash = digest_double(hash, elementary_cos(x * x * x));
        hash = digest_double(hash, elementary_pow(x, -0.75));
    }
    return hash;
}

static void
print_all(const struct kernels *kernels)
{
    uint64_t logits, archive;

    bits_model(kernels, &logits, &archive);
    const struct {
        const char *what;
        uint64_t digest;
    } lines[] = {
        {"elementary", bits_elementary()},
        {"widen", bits_widen()},
        {"gemm", bits_gemm(kernels)},
        {"attention", bits_attention(kernels)},
        {"step", bits_step(kernels)},
        {"exp", bits_exp(kernels)},
        {"softmax", bits_softmax(kernels)},
        {"norm", bits_norm(kernels)},
        {"swiglu", bits_swiglu(kernels)},
        {"rotate", bits_rotate(kernels)},
        {"logits", logits},
        {"archive", archive},
        {"activation", bits_activation(kernels)},
        {"parts", bits_parts(kernels)},
        {"stored", bits_stored(kernels)},
        {"int8", bits_int8(kernels_name(kernels))},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        printf("%s %s %016" PRIx64 "\n", kernels_name(kernels), lines[i].what,
            lines[i].digest);
    }
}

int
main(void)
{
    static const char *const names[] = {"portable", "neon", "avx2", "avx512"};
    int rc = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct kernels *kernels = kernels_find(MATH_EXACT, names[i]);

        if (kernels) {
            rc |= numerics_check(kernels);
            print_all(kernels);
        }
    }
    return rc != 0;
}
