/*
 * test_gguf.c
 *
 * A GGUF file is either sound or refused with one message that names the
 * place: no cut, no changed byte and no count makes the reader look outside
 * the file.  Every kind of metadata is converted when, and only when, it fits.
 */
#include "check.h"
#include "hostile.h"

#include <string.h>

#include "base/file.h"
#include "format/gguf.h"

/* Numbers of the kinds of metadata in a file. */
enum { U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64 };

#define F32_TYPE   0
#define Q4_0_TYPE  2
#define IQ1_S_TYPE 19

static void
put_text(struct hostile_file *file, const char *text)
{
    hostile_put_u64(file, strlen(text));
    hostile_put(file, text, strlen(text));
}

static void
put_header(struct hostile_file *file, uint32_t version, uint64_t n_tensors,
    uint64_t n_keys)
{
    file->bytes = 0;
    hostile_put(file, "GGUF", 4);
    hostile_put_u32(file, version);
    hostile_put_u64(file, n_tensors);
    hostile_put_u64(file, n_keys);
}

static void
put_number(struct hostile_file *file, const char *key, uint32_t kind,
    const void *value, size_t bytes)
{
    put_text(file, key);
    hostile_put_u32(file, kind);
    hostile_put(file, value, bytes);
}

static void
put_u32_key(struct hostile_file *file, const char *key, uint32_t value)
{
    put_number(file, key, U32, &value, sizeof(value));
}

static void
put_array(
    struct hostile_file *file, const char *key, uint32_t kind, uint64_t count)
{
    put_text(file, key);
    hostile_put_u32(file, ARRAY);
    hostile_put_u32(file, kind);
    hostile_put_u64(file, count);
}

/* Axes fastest first, as in the file. */
static void
put_tensor(struct hostile_file *file, const char *name, const uint64_t *axes,
    uint32_t n_axes, uint32_t type, uint64_t offset)
{
    put_text(file, name);
    hostile_put_u32(file, n_axes);
    hostile_put(file, axes, n_axes * sizeof(*axes));
    hostile_put_u32(file, type);
    hostile_put_u64(file, offset);
}

/* A sound file with numbers, a text, arrays and two tensors. */
static void
put_sound_file(struct hostile_file *file)
{
    const uint64_t axes[] = {32, 3, 1};

    put_header(file, 3, 2, 5);
    put_u32_key(file, "general.alignment", 16);
    put_text(file, "name");
    hostile_put_u32(file, TEXT);
    put_text(file, "a text");
    put_array(file, "words", TEXT, 3);
    put_text(file, "one");
    put_text(file, "");
    put_text(file, "three");
    put_array(file, "numbers", I32, 2);
    hostile_put_u32(file, 7);
    hostile_put_u32(file, (uint32_t)-1);
    put_array(file, "nothing", F64, 0);
    put_tensor(file, "vector", axes + 1, 1, F32_TYPE, 64);
    put_tensor(file, "matrix", axes, 2, Q4_0_TYPE, 0);
    hostile_pad(file, 16);
    for (uint8_t i = 0; i < 64 + 3 * 4; i++) {
        hostile_put(file, &i, 1);
    }
}

/* Look at all that the API shows of a file. */
static void
walk(const struct gguf *gguf)
{
    const char *const keys[] = {"general.alignment", "name", "words", "numbers",
        "nothing", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
        "tokenizer.ggml.merges"};
    const char *text;
    size_t bytes, n;
    uint64_t number;
    double real;
    bool flag;
    volatile uint8_t seen = 0;

    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
        gguf_u64(gguf, &number, keys[k]);
        gguf_f64(gguf, &real, keys[k]);
        gguf_bool(gguf, &flag, keys[k]);
        if (gguf_text(gguf, &text, &bytes, keys[k]) == 0 && bytes > 0) {
            seen = (uint8_t)(text[0] + text[bytes - 1]);
        }
        n = gguf_array_count(gguf, keys[k]);
        for (size_t i = 0; i < n; i += 1 + n / 8) {
            gguf_array_u64(gguf, &number, keys[k], n - 1 - i);
            if (gguf_array_text(gguf, &text, &bytes, keys[k], n - 1 - i) == 0 &&
                bytes > 0) {
                seen = (uint8_t)(text[0] + text[bytes - 1]);
            }
        }
    }
    for (size_t i = 0; i < gguf_tensor_count(gguf); i++) {
        const struct tensor *tensor = gguf_tensor(gguf, i);
        float block[256];

        if (tensor->bytes > 0) {
            seen = (uint8_t)(tensor->data[0] + tensor->data[tensor->bytes - 1]);
        }
        if (tensor->type != TENSOR_OTHER && tensor_count(tensor) > 0) {
            size_t step = tensor_block_count(tensor->type);
            tensor_widen(block, tensor, tensor_count(tensor) - step, step);
        }
    }
    (void)seen;
}

static int
read_file(const uint8_t *data, size_t bytes)
{
    struct gguf *gguf = gguf_open_memory(data, bytes, "FILE");

    if (gguf == NULL) {
        return -1;
    }
    walk(gguf);
    gguf_close(gguf);
    return 0;
}

static void
expect(const struct hostile_file *file, const char *text)
{
    hostile_expect(read_file, file, text);
}

static void
test_sound_file_is_read(void)
{
    struct hostile_file file;
    const char *text;
    size_t bytes;
    uint64_t number;

    put_sound_file(&file);
    struct gguf *gguf = gguf_open_memory(file.data, file.bytes, "FILE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(gguf);
    CU_ASSERT_STRING_EQUAL(gguf_path(gguf), "FILE");
    CU_ASSERT_EQUAL(gguf_text(gguf, &text, &bytes, "name"), 0);
    CU_ASSERT(bytes == 6 && memcmp(text, "a text", 6) == 0);
    CU_ASSERT_EQUAL(gguf_array_count(gguf, "words"), 3);
    CU_ASSERT_EQUAL(gguf_array_text(gguf, &text, &bytes, "words", 2), 0);
    CU_ASSERT(bytes == 5 && memcmp(text, "three", 5) == 0);
    CU_ASSERT_EQUAL(gguf_array_text(gguf, &text, &bytes, "words", 1), 0);
    CU_ASSERT_EQUAL(bytes, 0);
    CU_ASSERT_EQUAL(gguf_array_u64(gguf, &number, "numbers", 0), 0);
    CU_ASSERT_EQUAL(number, 7);
    CU_ASSERT_NOT_EQUAL(gguf_array_u64(gguf, &number, "numbers", 1), 0);
    CU_ASSERT_NOT_EQUAL(gguf_array_u64(gguf, &number, "numbers", 2), 0);
    CU_ASSERT(gguf_has(gguf, "nothing"));
    CU_ASSERT_EQUAL(gguf_array_count(gguf, "nothing"), 0);

    CU_ASSERT_EQUAL_FATAL(gguf_tensor_count(gguf), 2);
    const struct tensor *vector = gguf_tensor(gguf, 0);
    const struct tensor *matrix = gguf_tensor(gguf, 1);
    CU_ASSERT_STRING_EQUAL(vector->name, "vector");
    CU_ASSERT(vector->n_axes == 1 && vector->shape[0] == 3);
    CU_ASSERT_EQUAL(vector->data[0], 64);
    CU_ASSERT_EQUAL(vector->bytes, 12);
    CU_ASSERT_STRING_EQUAL(matrix->name, "matrix");
    CU_ASSERT(
        matrix->n_axes == 2 && matrix->shape[0] == 3 && matrix->shape[1] == 32);
    CU_ASSERT_EQUAL(matrix->data[1], 1);
    CU_ASSERT_EQUAL(matrix->bytes, 54);
    gguf_close(gguf);
}

static void
test_a_file_cut_anywhere_is_refused(void)
{
    struct hostile_file file;

    put_sound_file(&file);
    CU_ASSERT_EQUAL(hostile_cut(read_file, file.data, file.bytes, 1), 0);
}

static void
test_no_changed_byte_makes_the_reader_crash(void)
{
    struct hostile_file file;

    put_sound_file(&file);
    hostile_flip(read_file, file.data, file.bytes, 1);
}

static void
test_a_damaged_model_is_survived(void)
{
    const char *path = check_shared("golden/gguf/small-Q4_0.gguf");
    struct file_map map;

    if (path == NULL) {
        return;
    }
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    CU_ASSERT_EQUAL(hostile_cut(read_file, map.data, map.bytes, 31), 0);
    hostile_flip(read_file, map.data, map.bytes, 57);
    file_map_close(&map);
}

static void
test_other_files_are_refused_by_name(void)
{
    struct hostile_file file = {.bytes = 0};

    expect(&file, "FILE: byte 0: 4 bytes should follow");
    hostile_put(&file, "PK\3\4", 4);
    expect(&file, "FILE: not a GGUF file");
    put_header(&file, 1, 0, 0);
    expect(&file, "FILE: GGUF version 1;");
    put_header(&file, 0x03000000, 0, 0);
    expect(&file, "big-endian");
    put_header(&file, 2, 0, 0);
    CU_ASSERT_EQUAL(read_file(file.data, file.bytes), 0);
}

static void
test_huge_counts_are_refused(void)
{
    struct hostile_file file;
    const uint64_t huge[] = {UINT64_C(1) << 63, UINT64_MAX, 1000};

    for (size_t i = 0; i < 3; i++) {
        put_header(&file, 3, huge[i], 0);
        expect(&file, "tensors, more than the file can hold");
        put_header(&file, 3, 0, huge[i]);
        expect(&file, "keys, more than the file can hold");

        put_header(&file, 3, 0, 1);
        hostile_put_u64(&file, huge[i]);
        hostile_put(&file, "0123456789", 10);
        expect(&file, "byte 32: key: ");

        put_header(&file, 3, 0, 1);
        put_text(&file, "k");
        hostile_put_u32(&file, TEXT);
        hostile_put_u64(&file, huge[i]);
        expect(&file, "key k: ");

        for (uint32_t kind = U8; kind <= F64; kind++) {
            put_header(&file, 3, 0, 1);
            put_array(&file, "k", kind, huge[i]);
            expect(
                &file, kind == ARRAY ? "key k: an array of arrays" : "key k: ");
        }
    }
}

static void
test_overflowing_shapes_are_refused(void)
{
    struct hostile_file file;
    const uint64_t half[] = {UINT64_C(1) << 32, UINT64_C(1) << 31, 2, 1};
    const uint64_t large[] = {UINT64_C(1) << 62};
    const uint64_t odd[] = {33, 2};

    put_header(&file, 3, 1, 0);
    put_tensor(&file, "t", half, 4, F32_TYPE, 0);
    expect(&file, "tensor t: the product of its axes overflows");
    put_header(&file, 3, 1, 0);
    put_tensor(&file, "t", large, 1, F32_TYPE, 0);
    expect(&file, "tensor t: its size overflows");
    put_header(&file, 3, 1, 0);
    put_tensor(&file, "t", half, 1, F32_TYPE, 0);
    expect(&file, "tensor t: its 17179869184 bytes");
    put_header(&file, 3, 1, 0);
    put_tensor(&file, "t", odd, 2, Q4_0_TYPE, 0);
    expect(&file, "tensor t: rows of 33 numbers");
    put_header(&file, 3, 1, 0);
    put_text(&file, "t");
    hostile_put_u32(&file, 5);
    hostile_put(&file, half, sizeof(half));
    hostile_put(&file, half, sizeof(half));
    expect(&file, "tensor t: has 5 axes");
}

static void
test_names_occur_once(void)
{
    struct hostile_file file;
    const uint64_t axes[] = {1};

    put_header(&file, 3, 0, 3);
    put_u32_key(&file, "one", 1);
    put_u32_key(&file, "two", 2);
    put_u32_key(&file, "one", 1);
    expect(&file, "FILE: key one: occurs twice");
    put_header(&file, 3, 2, 0);
    put_tensor(&file, "t", axes, 1, F32_TYPE, 0);
    put_tensor(&file, "t", axes, 1, F32_TYPE, 0);
    expect(&file, "FILE: tensor t: occurs twice");
    put_header(&file, 3, 0, 1);
    put_u32_key(&file, "", 1);
    expect(&file, "key: its name has 0 bytes");
    put_header(&file, 3, 0, 1);
    put_u32_key(&file, "a\033[2J", 1);
    expect(&file, "control character 0x1b");
}

static void
test_places_are_checked(void)
{
    struct hostile_file file;
    const uint64_t axes[] = {2};
    const uint64_t offsets[] = {32, UINT64_MAX - 31, 4};
    const char *const messages[] = {
        "do not fit into the 8", "do not fit", "not a multiple of 32"};

    for (size_t i = 0; i < 3; i++) {
        put_header(&file, 3, 1, 0);
        put_tensor(&file, "t", axes, 1, F32_TYPE, offsets[i]);
        hostile_pad(&file, 32);
        hostile_put_u64(&file, 0);
        expect(&file, messages[i]);
    }
    for (uint32_t alignment = 0; alignment < 4; alignment += 3) {
        put_header(&file, 3, 0, 1);
        put_u32_key(&file, "general.alignment", alignment);
        expect(&file, "key general.alignment: not a power of two");
    }
}

static void
test_types_that_cannot_be_widened_are_listed(void)
{
    struct hostile_file file;
    const uint64_t axes[] = {256};

    put_header(&file, 3, 2, 0);
    put_tensor(&file, "known", axes, 1, IQ1_S_TYPE, 0);
    put_tensor(&file, "unknown", axes, 1, 99999, 0);
    hostile_pad(&file, 32);
    expect(&file, "tensor known: its 50 bytes");
    for (size_t i = 0; i < 50; i++) {
        hostile_put(&file, "", 1);
    }
    struct gguf *gguf = gguf_open_memory(file.data, file.bytes, "FILE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(gguf);
    CU_ASSERT_EQUAL(gguf_tensor(gguf, 0)->type, TENSOR_OTHER);
    CU_ASSERT_STRING_EQUAL(gguf_tensor(gguf, 0)->stored_as, "IQ1_S");
    CU_ASSERT_EQUAL(gguf_tensor(gguf, 0)->bytes, 50);
    CU_ASSERT_EQUAL(gguf_tensor(gguf, 1)->type, TENSOR_OTHER);
    CU_ASSERT_EQUAL(gguf_tensor(gguf, 1)->bytes, 0);
    gguf_close(gguf);
}

/* One key "k" of the kind; what each getter makes of it; -1: refused. */
static void
check_number(uint32_t kind, const void *value, size_t bytes, double want_u64,
    double want_f64, int want_bool)
{
    struct hostile_file file;
    uint64_t number = 0;
    double real = 0;
    bool flag = false;

    put_header(&file, 3, 0, 1);
    put_number(&file, "k", kind, value, bytes);
    struct gguf *gguf = gguf_open_memory(file.data, file.bytes, "FILE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(gguf);
    int rc = gguf_u64(gguf, &number, "k");
    CU_ASSERT(want_u64 < 0 ? rc == -1 : rc == 0 && (double)number == want_u64);
    CU_ASSERT(gguf_f64(gguf, &real, "k") == 0 && real == want_f64);
    rc = gguf_bool(gguf, &flag, "k");
    CU_ASSERT(want_bool < 0 ? rc == -1 : rc == 0 && flag == want_bool);
    gguf_close(gguf);
}

#define CHECK_NUMBER(kind, type, value, want_u64, want_bool)                   \
    do {                                                                       \
        type number_ = (value);                                                \
        check_number(kind, &number_, sizeof(number_), want_u64,                \
            (double)number_, want_bool);                                       \
    } while (0)

static void
test_numbers_are_converted_when_they_fit(void)
{
    CHECK_NUMBER(U8, uint8_t, 255, 255, -1);
    CHECK_NUMBER(I8, int8_t, -128, -1, -1);
    CHECK_NUMBER(U16, uint16_t, 65535, 65535, -1);
    CHECK_NUMBER(I16, int16_t, -32768, -1, -1);
    CHECK_NUMBER(U32, uint32_t, UINT32_MAX, 4294967295.0, -1);
    CHECK_NUMBER(I32, int32_t, INT32_MIN, -1, -1);
    CHECK_NUMBER(I32, int32_t, 1, 1, 1);
    CHECK_NUMBER(U64, uint64_t, UINT64_C(1) << 63, 0x1p63, -1);
    CHECK_NUMBER(I64, int64_t, INT64_MIN, -1, -1);
    CHECK_NUMBER(I64, int64_t, 0, 0, 0);
    CHECK_NUMBER(BOOL, uint8_t, 1, 1, 1);
    CHECK_NUMBER(BOOL, uint8_t, 0, 0, 0);
    CHECK_NUMBER(F32, float, 1e-5f, -1, -1);
    CHECK_NUMBER(F32, float, 10000.0f, 10000, -1);
    CHECK_NUMBER(F64, double, 0x1p64, -1, -1);
    CHECK_NUMBER(F64, double, -1.0, -1, -1);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_sound_file_is_read),
    CHECK_TEST(test_a_file_cut_anywhere_is_refused),
    CHECK_TEST(test_no_changed_byte_makes_the_reader_crash),
    CHECK_TEST(test_a_damaged_model_is_survived),
    CHECK_TEST(test_other_files_are_refused_by_name),
    CHECK_TEST(test_huge_counts_are_refused),
    CHECK_TEST(test_overflowing_shapes_are_refused),
    CHECK_TEST(test_names_occur_once),
    CHECK_TEST(test_places_are_checked),
    CHECK_TEST(test_types_that_cannot_be_widened_are_listed),
    CHECK_TEST(test_numbers_are_converted_when_they_fit),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("gguf", tests)
