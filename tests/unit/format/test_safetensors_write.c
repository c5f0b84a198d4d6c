/*
 * test_safetensors_write.c
 *
 * What is written is read back by the reader: the same bits as F32, the
 * nearest bfloat16 with ties to even as BF16; a file that cannot be finished
 * leaves the old one.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/half.h"
#include "base/mem.h"
#include "base/report.h"
#include "format/safetensors.h"
#include "format/safetensors_write.h"

/* More than are converted at once. */
enum { ROWS = 101, COLUMNS = 99, N = ROWS * COLUMNS };

static float numbers[N];

static const struct safetensors_item items[] = {
    {"first.weight", numbers, ROWS, COLUMNS},
    {"odd", numbers + 7, 0, 3},
    {"empty", numbers, 0, 0},
};

static struct safetensors *
write_and_read(const char *path, enum tensor_type type)
{
    for (uint64_t i = 0; i < N; i++) {
        numbers[i] = check_random(i) * exp2f((float)(i % 40) - 20);
    }
    CU_ASSERT_EQUAL_FATAL(safetensors_write(path, items, 3, type), 0);
    struct safetensors *file = safetensors_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(safetensors_count(file), 3);
    return file;
}

static void
test_f32_comes_back_bit_for_bit(void)
{
    static float got[N];
    struct safetensors *file = write_and_read(check_scratch("f32"), TENSOR_F32);
    const struct tensor *matrix = safetensors_find(file, "first.weight");
    const struct tensor *vector = safetensors_find(file, "odd");

    CU_ASSERT_EQUAL_FATAL(matrix->n_axes, 2);
    CU_ASSERT_EQUAL(matrix->shape[0], ROWS);
    CU_ASSERT_EQUAL(matrix->shape[1], COLUMNS);
    tensor_widen(got, matrix, 0, N);
    CHECK_ARRAY_SAME("matrix", got, numbers, N);
    CU_ASSERT_EQUAL_FATAL(vector->n_axes, 1);
    tensor_widen(got, vector, 0, 3);
    CHECK_ARRAY_SAME("vector", got, numbers + 7, 3);
    safetensors_close(file);
}

static void
test_bf16_is_the_nearest(void)
{
    static float got[N];
    struct safetensors *file =
        write_and_read(check_scratch("bf16"), TENSOR_BF16);
    size_t n_wrong = 0;

    tensor_widen(got, safetensors_find(file, "first.weight"), 0, N);
    for (size_t i = 0; i < N; i++) {
        /* Half a unit in the last of 8 bits. */
        n_wrong += fabsf(got[i] - numbers[i]) > 0x1p-8f * fabsf(numbers[i]);
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    safetensors_close(file);
}

static void
test_ties_go_to_even(void)
{
    static const struct {
        float number;
        float want;
    } cases[] = {{1 + 0x1p-8f, 1}, {1 + 3 * 0x1p-8f, 1 + 0x1p-6f},
        {1 + 0x1p-8f + 0x1p-20f, 1 + 0x1p-7f}, {-0.0f, -0.0f},
        {INFINITY, INFINITY}, {3.4e38f, INFINITY}, {0x1p-133f, 0x1p-133f}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        float got = half_from_bf16(half_to_bf16(cases[i].number));
        CU_ASSERT(memcmp(&got, &cases[i].want, sizeof(got)) == 0);
    }
    CU_ASSERT(isnan(half_from_bf16(half_to_bf16(NAN))));
}

static void
test_file_that_cannot_be_finished_leaves_the_old_one(void)
{
    const char *path = check_scratch("kept");
    char partial[1200];

    safetensors_close(write_and_read(path, TENSOR_F32));
    snprintf(partial, sizeof(partial), "%.*s.kept.partial",
        (int)(strrchr(path, '/') - path + 1), path);
    CU_ASSERT_EQUAL_FATAL(mkdir(partial, 0777), 0);
    report_hold(true, "");
    CU_ASSERT_EQUAL(safetensors_write(path, items, 1, TENSOR_F32), -1);
    report_discard();
    report_hold(false, NULL);
    struct safetensors *file = safetensors_open(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(safetensors_count(file), 3);
    safetensors_close(file);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_f32_comes_back_bit_for_bit),
    CHECK_TEST(test_bf16_is_the_nearest),
    CHECK_TEST(test_ties_go_to_even),
    CHECK_TEST(test_file_that_cannot_be_finished_leaves_the_old_one),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("safetensors_write", tests)
