/*
 * test_gemm_stored.c
 *
 * Weights that stay in the type of the file give the same bits as the same
 * weights widened first: for every stored type, instruction set, number of
 * rows, odd size and number of threads; and their rows can be read back.
 */
#include "check.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "format/tensor.h"
#include "math/gemm.h"
#include "math/kernels.h"

static const struct {
    enum gemm_format format;
    enum tensor_type type;
    size_t n_scales; /* 16-bit floats at the start of a block */
} formats[] = {
    {GEMM_BF16, TENSOR_BF16, 0},
    {GEMM_F16, TENSOR_F16, 0},
    {GEMM_Q8_0, TENSOR_Q8_0, 1},
    {GEMM_Q4_0, TENSOR_Q4_0, 1},
    {GEMM_Q4_1, TENSOR_Q4_1, 2},
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static const char *const names[] = {
#ifdef __aarch64__
    "neon",
#else
    "avx512", "avx2",
#endif
    "portable"};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* Stored weights (N, K), the same as floats, and an input (M, K). */
struct problem {
    size_t f, M, N, K;
    uint8_t *stored;
    float *rows, *in, *want, *got;
};

/* Any bits but those of infinities and NaN. */
static uint16_t
finite_half(uint64_t i, enum tensor_type type)
{
    uint16_t h = (uint16_t)rng_at(check_seed(), i);
    uint16_t exponent = type == TENSOR_BF16 ? 0x7f80 : 0x7c00;

    return (h & exponent) == exponent ? (uint16_t)(h & ~exponent) : h;
}

static void
fill_stored(struct problem *p, size_t n_bytes)
{
    enum tensor_type type = formats[p->f].type;
    size_t block_bytes = tensor_block_bytes(type);
    size_t n_halves = formats[p->f].n_scales;

    if (n_halves == 0) {
        n_halves = 1; /* a block is one number */
    }
    for (size_t i = 0; i < n_bytes; i++) {
        p->stored[i] = (uint8_t)rng_at(check_seed() + 1, i);
    }
    for (size_t at = 0; at < n_bytes; at += block_bytes) {
        for (size_t i = 0; i < n_halves; i++) {
            uint16_t h = finite_half(at + i, type);
            memcpy(p->stored + at + 2 * i, &h, sizeof(h));
        }
    }
}

static void
problem_init(struct problem *p, size_t f, size_t M, size_t N, size_t K)
{
    enum tensor_type type = formats[f].type;
    size_t block = tensor_block_count(type);

    K = (K + block - 1) / block * block;
    *p = (struct problem){.f = f, .M = M, .N = N, .K = K};
    size_t n_bytes = N * K / block * tensor_block_bytes(type);
    p->stored = mem_alloc(n_bytes, 1);
    p->rows = mem_alloc(N * K, sizeof(float));
    p->in = mem_alloc(M * K, sizeof(float));
    p->want = mem_alloc(M * N, sizeof(float));
    p->got = mem_alloc(M * N, sizeof(float));
    fill_stored(p, n_bytes);
    struct tensor tensor = {
        .type = type, .n_axes = 1, .shape = {N * K}, .data = p->stored};
    tensor_widen(p->rows, &tensor, 0, N * K);
    for (size_t i = 0; i < M * K; i++) {
        /* Small, so that sums of huge weights stay finite. */
        p->in[i] = 0x1p-30f * check_random(i);
    }
}

static void
problem_release(struct problem *p)
{
    mem_free(p->stored);
    mem_free(p->rows);
    mem_free(p->in);
    mem_free(p->want);
    mem_free(p->got);
}

/* Weights in memory of their own. */
struct placed {
    struct gemm_weights *weights;
    void *memory;
};

static struct placed
placed_new(const struct kernels *kernels, const struct problem *p)
{
    struct placed placed = {
        .weights =
            gemm_weights_plan_stored(kernels, formats[p->f].format, p->N, p->K),
    };

    placed.memory = mem_alloc(gemm_weights_bytes(placed.weights), 1);
    gemm_weights_place(placed.weights, placed.memory);
    return placed;
}

static void
placed_free(struct placed *placed)
{
    gemm_weights_free(placed->weights);
    mem_free(placed->memory);
}

/* The product by floats, with the kernel that tests of its own check. */
static void
solve(struct problem *p)
{
    struct gemm_weights *weights =
        gemm_weights_new(kernels_find(MATH_EXACT, NULL), p->N, p->K);

    gemm_pack(weights, p->rows, 0, p->N);
    gemm(p->want, p->N, p->in, p->K, weights, p->M, 1);
    gemm_weights_free(weights);
}

static void
check_product(size_t f, size_t M, size_t N, size_t K, int n_threads)
{
    struct problem p;

    problem_init(&p, f, M, N, K);
    solve(&p);
    for (size_t i = 0; i < N_NAMES; i++) {
        const struct kernels *kernels = kernels_find(MATH_EXACT, names[i]);

        if (kernels) {
            struct placed placed = placed_new(kernels, &p);

            gemm_pack_stored(placed.weights, p.stored, 0, N);
            memset(p.got, 0x55, M * N * sizeof(float));
            gemm(p.got, N, p.in, p.K, placed.weights, M, n_threads);
            CHECK_ARRAY_SAME("stored", p.got, p.want, M * N);
            placed_free(&placed);
        }
    }
    problem_release(&p);
}

static void
test_stored_weights_give_the_bits_of_widened_ones_for_any_rows(void)
{
    for (size_t f = 0; f < N_FORMATS; f++) {
        for (size_t M = 1; M <= 26; M++) {
            check_product(f, M, 70, 96, 1);
        }
        check_product(f, 97, 33, 64, 1);
        check_product(f, 200, 31, 96, 1);
    }
}

static void
test_stored_weights_give_the_same_bits_for_odd_sizes(void)
{
    static const size_t sizes[] = {1, 15, 31, 32, 33, 64, 97, 130};
    const size_t n = sizeof(sizes) / sizeof(sizes[0]);

    for (size_t i = 0; i < n * n; i++) {
        check_product(i % N_FORMATS, 1 + i % 4, sizes[i / n], sizes[i % n], 1);
    }
}

/* Ranges of k, blocks of rows, parts of threads. */
static void
test_stored_weights_give_the_same_bits_across_blocks_and_threads(void)
{
    for (size_t f = 0; f < N_FORMATS; f++) {
        check_product(f, 2, 45, 3000, 1);
        check_product(f, 5, 140, 1000, 1);
        check_product(f, 101, 37, 3000, 1);
        check_product(f, 1, 4100, 352, 3);
        check_product(f, 40, 700, 96, 2);
    }
}

static void
test_rows_packed_in_parts_can_be_read_back(void)
{
    const size_t N = 2 * GEMM_ROWS_STEP + 7;

    for (size_t f = 0; f < N_FORMATS; f++) {
        struct problem p;

        problem_init(&p, f, 1, N, 96);
        struct placed placed = placed_new(kernels_find(MATH_EXACT, NULL), &p);
        size_t row_bytes = 96 / tensor_block_count(formats[f].type) *
                           tensor_block_bytes(formats[f].type);
        float row[96];

        CU_ASSERT_EQUAL(
            gemm_weights_bytes(placed.weights), 3 * GEMM_ROWS_STEP * row_bytes);
        gemm_pack_stored(placed.weights, p.stored + GEMM_ROWS_STEP * row_bytes,
            GEMM_ROWS_STEP, N - GEMM_ROWS_STEP);
        gemm_pack_stored(placed.weights, p.stored, 0, GEMM_ROWS_STEP);
        for (size_t n = 0; n < N; n++) {
            gemm_unpack_row(row, placed.weights, n);
            CHECK_ARRAY_SAME("row", row, p.rows + n * 96, 96);
        }
        placed_free(&placed);
        problem_release(&p);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_stored_weights_give_the_bits_of_widened_ones_for_any_rows),
    CHECK_TEST(test_stored_weights_give_the_same_bits_for_odd_sizes),
    CHECK_TEST(
        test_stored_weights_give_the_same_bits_across_blocks_and_threads),
    CHECK_TEST(test_rows_packed_in_parts_can_be_read_back),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("gemm_stored", tests)
