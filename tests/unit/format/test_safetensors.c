/*
 * test_safetensors.c
 *
 * A safetensors file is either sound or refused with one message that names
 * file and tensor, whatever is cut off, changed or claimed in its header; an
 * index cannot lead out of its directory and cannot promise what is not
 * there.
 */
#include "check.h"
#include "hostile.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/safetensors.h"
#include "format/weights.h"

static void
put_file(struct hostile_file *file, const char *header, size_t data_bytes)
{
    file->bytes = 0;
    hostile_put_u64(file, strlen(header));
    hostile_put(file, header, strlen(header));
    for (size_t i = 0; i < data_bytes; i++) {
        uint8_t byte = (uint8_t)i;
        hostile_put(file, &byte, 1);
    }
}

static int
read_file(const uint8_t *data, size_t bytes)
{
    struct safetensors *file = safetensors_open_memory(data, bytes, "FILE");
    volatile uint8_t seen = 0;
    float number;

    if (file == NULL) {
        return -1;
    }
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const struct tensor *tensor = safetensors_at(file, i);

        CU_ASSERT_PTR_EQUAL(safetensors_find(file, tensor->name), tensor);
        if (tensor->bytes > 0) {
            seen = (uint8_t)(tensor->data[0] + tensor->data[tensor->bytes - 1]);
        }
        if (tensor->type != TENSOR_OTHER && tensor_count(tensor) > 0) {
            tensor_widen(&number, tensor, tensor_count(tensor) - 1, 1);
        }
    }
    (void)seen;
    safetensors_close(file);
    return 0;
}

static const char sound_header[] =
    "{\"__metadata__\":{\"format\":\"pt\"},"
    "\"m\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"scalar\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[24,26]},"
    "\"none\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[26,26]},"
    "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[1,1,2,1],"
    "\"data_offsets\":[26,28]},"
    "\"deep\":{\"dtype\":\"F16\",\"shape\":[2,1,3,1,1,2],"
    "\"data_offsets\":[28,52]},"
    "\"new\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[52,54]}}   ";

#define SOUND_DATA_BYTES 54

static void
test_sound_file_is_read(void)
{
    struct hostile_file bytes;

    put_file(&bytes, sound_header, SOUND_DATA_BYTES);
    struct safetensors *file =
        safetensors_open_memory(bytes.data, bytes.bytes, "FILE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(safetensors_count(file), 6);
    CU_ASSERT_PTR_NULL(safetensors_find(file, "__metadata__"));

    const struct tensor *tensor = safetensors_find(file, "m");
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    CU_ASSERT(tensor->type == TENSOR_F32 && tensor->n_axes == 2 &&
              tensor->shape[0] == 2 && tensor->shape[1] == 3);
    CU_ASSERT_EQUAL(tensor->data[23], 23);

    tensor = safetensors_find(file, "scalar");
    CU_ASSERT(tensor->n_axes == 0 && tensor_count(tensor) == 1);
    CU_ASSERT_EQUAL(tensor->data[0], 24);
    tensor = safetensors_find(file, "none");
    CU_ASSERT(tensor->type == TENSOR_F16 && tensor_count(tensor) == 0);

    tensor = safetensors_find(file, "mask");
    CU_ASSERT(tensor->type == TENSOR_OTHER && tensor->n_axes == 4);
    CU_ASSERT_STRING_EQUAL(tensor->stored_as, "BOOL");

    /* Axes that do not fit are multiplied; the tensor is no longer F16. */
    tensor = safetensors_find(file, "deep");
    CU_ASSERT(tensor->type == TENSOR_OTHER && tensor->n_axes == 4);
    CU_ASSERT(tensor->shape[0] == 6 && tensor->shape[3] == 2);
    CU_ASSERT_EQUAL(tensor_count(tensor), 12);

    tensor = safetensors_find(file, "new");
    CU_ASSERT(tensor->type == TENSOR_OTHER && tensor->bytes == 2);
    CU_ASSERT_STRING_EQUAL(tensor->stored_as, "F4");
    safetensors_close(file);
}

static void
test_a_file_cut_anywhere_is_refused(void)
{
    struct hostile_file file;

    put_file(&file, sound_header, SOUND_DATA_BYTES);
    CU_ASSERT_EQUAL(hostile_cut(read_file, file.data, file.bytes, 1), 0);
}

static void
test_no_changed_byte_makes_the_reader_crash(void)
{
    struct hostile_file file;

    put_file(&file, sound_header, SOUND_DATA_BYTES);
    hostile_flip(read_file, file.data, file.bytes, 1);
}

static void
test_a_damaged_model_is_survived(void)
{
    const char *path = check_shared("golden/llama/model.safetensors");
    struct file_map map;

    if (path == NULL) {
        return;
    }
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    CU_ASSERT_EQUAL(hostile_cut(read_file, map.data, map.bytes, 997), 0);
    hostile_flip(read_file, map.data, map.bytes, 1499);
    file_map_close(&map);
}

static void
test_header_lengths_are_checked(void)
{
    const uint64_t lengths[] = {
        UINT64_C(1) << 63, UINT64_MAX, 100000001, 100000000, 3};
    struct hostile_file file;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        file.bytes = 0;
        hostile_put_u64(&file, lengths[i]);
        hostile_put(&file, "{}", 2);
        hostile_expect(read_file, &file,
            i < 3 ? "bytes; this is not a safetensors file"
                  : "bytes in a file of 10");
    }
    file.bytes = 7;
    hostile_expect(read_file, &file, "FILE: 7 bytes are too few");
}

static void
test_bad_headers_are_refused(void)
{
    static const struct {
        const char *header;
        const char *message;
    } cases[] = {
        {"", "FILE: byte 8: bad header"},
        {"{\"t\":", "FILE: byte 13: bad header"},
        {"[]", "the header is not an object"},
        {"{\"t\":1}", "tensor t: no shape"},
        {"{\"t\":{},\"t\":{}}", "bad header: duplicate object key"},
        {"{\"t\":{\"shape\":[1],\"data_offsets\":[0,4]}}",
            "tensor t: no dtype"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}",
            "tensor t: data_offsets must be"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
            "tensor t: data_offsets must be"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}",
            "tensor t: data_offsets must be"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[6,10]}}",
            "tensor t: data_offsets 6 to 10 are not inside the 8"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",
            "tensor t: data_offsets 4 to 0 are not inside"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
            "tensor t: data_offsets hold 4 bytes"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
            "tensor t: axis 0 is not a whole number"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}",
            "tensor t: axis 0 is not a whole number"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
         "\"data_offsets\":[0,4]}}",
            "tensor t: the product of its axes overflows"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],"
         "\"data_offsets\":[0,4]}}",
            "tensor t: data_offsets hold 4 bytes"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],"
         "\"data_offsets\":[0,4]}}",
            "bad header: too big integer"},
        {"{\"\\u0000\":{}}", "bad header: "},
    };
    struct hostile_file file;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_file(&file, cases[i].header, 8);
        hostile_expect(read_file, &file, cases[i].message);
    }
}

/* Deeper than the parser goes: an error, not an exhausted stack. */
static void
test_deep_nesting_is_refused(void)
{
    struct hostile_file file;
    char header[3001];

    memset(header, '[', sizeof(header) - 1);
    header[sizeof(header) - 1] = '\0';
    put_file(&file, header, 0);
    hostile_expect(read_file, &file, "bad header: ");
}

static void
write_file(
    const char *directory, const char *name, const void *data, size_t bytes)
{
    char *path = file_join(directory, name);
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(data, 1, bytes, out), bytes);
    CU_ASSERT_EQUAL(fclose(out), 0);
    mem_free(path);
}

/* What weights_open() says about the path in data. */
static int
read_weights(const uint8_t *data, size_t bytes)
{
    struct weights *weights = weights_open((const char *)data);

    (void)bytes;
    weights_close(weights);
    return weights == NULL ? -1 : 0;
}

static void
expect_weights(const char *path, const char *message)
{
    const char *said =
        hostile_complaint(read_weights, (const uint8_t *)path, 0);

    if (strstr(said, message) == NULL) {
        printf("expected \"%s\", got \"%s\"\n", message, said);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(said, message));
}

static void
test_an_index_is_checked(void)
{
    static const struct {
        const char *index;
        const char *message;
    } cases[] = {
        {"{\"weight_map\":{\"m\":\"../a.safetensors\"}}",
            "\"../a.safetensors\" is not the name of a file"},
        {"{\"weight_map\":{\"m\":\"/etc/passwd\"}}", "is not the name of"},
        {"{\"weight_map\":{\"m\":\"..\"}}", "is not the name of a file"},
        {"{\"weight_map\":{\"m\":\"\"}}", "is not the name of a file"},
        {"{\"weight_map\":{\"m\":3}}", "m: no file name"},
        {"{\"weight_map\":[]}", "no object weight_map"},
        {"[]", "no object weight_map"},
        {"{\"weight_map\":", "line 1, column"},
        {"{\"weight_map\":{\"m\":\"b.safetensors\"}}",
            "b.safetensors: No such file"},
        {"{\"weight_map\":{\"absent\":\"a.safetensors\"}}",
            "a.safetensors: tensor absent: is not there"},
    };
    char directory[1024];
    struct hostile_file file;
    const char *name = "model.safetensors.index.json";

    snprintf(directory, sizeof(directory), "%s", check_scratch("sharded"));
    mkdir(directory, 0777);
    put_file(&file, sound_header, SOUND_DATA_BYTES);
    write_file(directory, "a.safetensors", file.data, file.bytes);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *index = cases[i].index;
        write_file(directory, name, index, strlen(index));
        expect_weights(directory, cases[i].message);
    }

    const char *index = "{\"weight_map\":{\"mask\":\"a.safetensors\","
                        "\"m\":\"a.safetensors\"}}";
    write_file(directory, name, index, strlen(index));
    struct weights *weights = weights_open(directory);
    CU_ASSERT_PTR_NOT_NULL_FATAL(weights);
    CU_ASSERT_EQUAL(weights_count(weights), 2);
    CU_ASSERT_EQUAL(weights_file_count(weights), 1);
    CU_ASSERT_PTR_NOT_NULL(weights_find(weights, "m"));
    CU_ASSERT_PTR_NULL(weights_find(weights, "scalar"));
    weights_close(weights);
}

static void
test_what_is_no_model_is_refused(void)
{
    char directory[1024];
    char path[1100];

    snprintf(directory, sizeof(directory), "%s", check_scratch("empty"));
    mkdir(directory, 0777);
    expect_weights(directory, "neither model.safetensors nor");
    snprintf(path, sizeof(path), "%s/nothing.gguf", directory);
    expect_weights(path, "nothing.gguf: No such file");
    write_file(directory, "text.gguf", "hello", 5);
    snprintf(path, sizeof(path), "%s/text.gguf", directory);
    expect_weights(path, "not a GGUF file");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_sound_file_is_read),
    CHECK_TEST(test_a_file_cut_anywhere_is_refused),
    CHECK_TEST(test_no_changed_byte_makes_the_reader_crash),
    CHECK_TEST(test_a_damaged_model_is_survived),
    CHECK_TEST(test_header_lengths_are_checked),
    CHECK_TEST(test_bad_headers_are_refused),
    CHECK_TEST(test_deep_nesting_is_refused),
    CHECK_TEST(test_an_index_is_checked),
    CHECK_TEST(test_what_is_no_model_is_refused),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("safetensors", tests)
