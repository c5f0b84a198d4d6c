/*
 * test_tensor.c
 *
 * Every stored type is widened to the very bits that the gguf package's
 * reference gives for blocks of random bits, from any block on, and a block's
 * numbers do not depend on what else is widened in the same call.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/tensor.h"

/* Zeros may differ in sign: the reference adds where we multiply. */
static size_t
first_difference(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&got[i], &want[i], sizeof(float)) != 0 &&
            !(got[i] == 0 && want[i] == 0)) {
            return i;
        }
    }
    return n;
}

/*
 * Widen the blocks of a type in DIRECTORY/NAME.blocks and compare with .f32:
 * all at once, then one by one.
 */
static void
check_blocks(enum tensor_type type, const char *directory)
{
    const char *name = tensor_type_name(type);
    size_t block_count = tensor_block_count(type);
    char file[1200];
    struct file_map blocks, want;

    snprintf(file, sizeof(file), "%s/%s.blocks", directory, name);
    CU_ASSERT_FATAL(file_map_open(&blocks, file) == 0);
    snprintf(file, sizeof(file), "%s/%s.f32", directory, name);
    CU_ASSERT_FATAL(file_map_open(&want, file) == 0);

    size_t n = want.bytes / sizeof(float);
    size_t n_blocks = blocks.bytes / tensor_block_bytes(type);
    CU_ASSERT(n > 0);
    CU_ASSERT_EQUAL_FATAL(n_blocks * block_count, n);
    CU_ASSERT_EQUAL(blocks.bytes % tensor_block_bytes(type), 0);

    uint8_t *data = check_guarded(blocks.bytes);
    float *out = (float *)check_guarded(n * sizeof(float));
    memcpy(data, blocks.data, blocks.bytes);
    struct tensor tensor = {.name = name,
        .type = type,
        .n_axes = 1,
        .shape = {n},
        .data = data,
        .bytes = blocks.bytes};

    tensor_widen(out, &tensor, 0, n);
    size_t bad = first_difference(out, (const float *)want.data, n);
    if (bad < n) {
        printf("%s: number %zu: got %a, want %a\n", name, bad, (double)out[bad],
            (double)((const float *)want.data)[bad]);
    }
    CU_ASSERT_EQUAL(bad, n);

    memset(out, 0xff, n * sizeof(float));
    for (size_t i = n_blocks; i-- > 0;) {
        tensor_widen(
            out + i * block_count, &tensor, i * block_count, block_count);
    }
    CU_ASSERT_EQUAL(first_difference(out, (const float *)want.data, n), n);

    check_guarded_free((uint8_t *)out, n * sizeof(float));
    check_guarded_free(data, blocks.bytes);
    file_map_close(&blocks);
    file_map_close(&want);
}

static void
test_blocks_widen_to_the_reference_bits(void)
{
    const char *shared = check_shared("golden/gguf/blocks");

    for (enum tensor_type type = TENSOR_F16;
         type < TENSOR_TYPES && shared != NULL; type++) {
        check_blocks(type, shared);
    }
}

static void
test_few_blocks_widen_to_the_reference_bits(void)
{
    check_blocks(TENSOR_Q2_K, "tests/reference/format");
    check_blocks(TENSOR_Q3_K, "tests/reference/format");
    check_blocks(TENSOR_IQ4_NL, "tests/reference/format");
    check_blocks(TENSOR_IQ4_XS, "tests/reference/format");
}

static void
test_f32_is_copied_from_any_address(void)
{
    const float numbers[] = {1.0f, -0.0f, 0x1p-149f, INFINITY};
    uint8_t bytes[1 + sizeof(numbers)];
    float out[4];
    struct tensor tensor = {.name = "t",
        .type = TENSOR_F32,
        .n_axes = 1,
        .shape = {4},
        .data = bytes + 1,
        .bytes = sizeof(numbers)};

    memcpy(bytes + 1, numbers, sizeof(numbers));
    tensor_widen(out, &tensor, 0, 4);
    CHECK_ARRAY_SAME("all", out, numbers, 4);
    tensor_widen(out, &tensor, 2, 2);
    CHECK_ARRAY_SAME("from the third", out, numbers + 2, 2);
}

/* All 65536 binary16 numbers, against scalbn() on the fields. */
static void
test_every_f16_is_exact(void)
{
    for (uint32_t bits = 0; bits < 65536; bits++) {
        uint16_t half = (uint16_t)bits;
        struct tensor tensor = {.type = TENSOR_F16,
            .n_axes = 1,
            .shape = {1},
            .data = (const uint8_t *)&half,
            .bytes = 2};
        int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        double want = exponent == 0 ? scalbn(fraction, -24)
                                    : scalbn(1024 + fraction, exponent - 25);
        float got;

        tensor_widen(&got, &tensor, 0, 1);
        if (exponent == 31) {
            CU_ASSERT(fraction == 0 ? isinf(got) : isnan(got));
        } else {
            CU_ASSERT((double)got == (bits & 0x8000 ? -want : want));
        }
        CU_ASSERT_EQUAL(!!signbit(got), bits >> 15);
    }
}

static void
test_count_is_the_product_of_the_axes(void)
{
    struct tensor tensor = {.n_axes = 3, .shape = {2, 3, 5}};

    CU_ASSERT_EQUAL(tensor_count(&tensor), 30);
    tensor.n_axes = 0;
    CU_ASSERT_EQUAL(tensor_count(&tensor), 1);
    tensor.n_axes = 2;
    tensor.shape[1] = 0;
    CU_ASSERT_EQUAL(tensor_count(&tensor), 0);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_few_blocks_widen_to_the_reference_bits),
    CHECK_TEST(test_blocks_widen_to_the_reference_bits),
    CHECK_TEST(test_f32_is_copied_from_any_address),
    CHECK_TEST(test_every_f16_is_exact),
    CHECK_TEST(test_count_is_the_product_of_the_axes),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("tensor", tests)
