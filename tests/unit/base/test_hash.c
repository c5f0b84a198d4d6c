/*
 * test_hash.c
 *
 * The hashes are those of the standards (FIPS 180-4, the XXH64
 * specification), however the data is cut into pieces.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/report.h"

static const char million_a[] =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void
check_sha256(const char *text, const char *want)
{
    char hex[HASH_HEX_BYTES];
    struct hash_sha256 *hash = hash_sha256_new();

    CU_ASSERT_PTR_NOT_NULL_FATAL(hash);
    hash_sha256_add(hash, text, strlen(text));
    hash_sha256_finish(hash, hex);
    hash_sha256_free(hash);
    CU_ASSERT_STRING_EQUAL(hex, want);
}

static void
test_sha256_of_the_standard_s_examples(void)
{
    check_sha256(
        "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
test_sha256_does_not_depend_on_the_pieces(void)
{
    char piece[997];
    char hex[HASH_HEX_BYTES];
    struct hash_sha256 *hash = hash_sha256_new();

    CU_ASSERT_PTR_NOT_NULL_FATAL(hash);
    memset(piece, 'a', sizeof(piece));
    for (size_t left = 1000000; left > 0;) {
        size_t n = left < sizeof(piece) ? left : sizeof(piece);
        hash_sha256_add(hash, piece, n);
        hash_sha256_add(hash, piece, 0);
        left -= n;
    }
    hash_sha256_finish(hash, hex);
    hash_sha256_free(hash);
    CU_ASSERT_STRING_EQUAL(hex, million_a);
}

/* 4 MiB are hashed at a time; what is given back can be read again. */
static void
test_sha256_of_a_large_map_is_that_of_its_bytes(void)
{
    static uint8_t data[((size_t)9 << 20) + 5];
    const char *path = check_scratch("large");
    char want[HASH_HEX_BYTES], got[HASH_HEX_BYTES];
    struct file_map map;

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 4096);
    }
    FILE *out = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(data, 1, sizeof(data), out), sizeof(data));
    CU_ASSERT_EQUAL(fclose(out), 0);
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    struct hash_sha256 *hash = hash_sha256_new();
    hash_sha256_add(hash, data, sizeof(data));
    hash_sha256_finish(hash, want);
    hash_sha256_free(hash);
    hash = hash_sha256_new();
    hash_sha256_add_map(hash, &map);
    hash_sha256_finish(hash, got);
    hash_sha256_free(hash);
    CU_ASSERT_STRING_EQUAL(got, want);
    CU_ASSERT_EQUAL(memcmp(map.data, data, sizeof(data)), 0);
    file_map_close(&map);
    remove(path);
}

static void
test_sha256_of_a_file_is_that_of_its_bytes(void)
{
    const char *path = check_scratch("million");
    char hex[HASH_HEX_BYTES];
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (int i = 0; i < 1000000; i++) {
        putc('a', out);
    }
    CU_ASSERT_EQUAL(fclose(out), 0);
    CU_ASSERT_EQUAL(hash_file(hex, path), 0);
    CU_ASSERT_STRING_EQUAL(hex, million_a);
    remove(path);

    report_hold(true, NULL);
    CU_ASSERT_EQUAL(hash_file(hex, path), -1);
    report_discard();
    report_hold(false, NULL);
}

static void
test_xxh64_of_known_texts(void)
{
    CU_ASSERT_EQUAL(hash_xxh64("", 0), UINT64_C(0xef46db3751d8e999));
    CU_ASSERT_EQUAL(hash_xxh64("a", 1), UINT64_C(0xd24ec4f1a98c6e5b));
    CU_ASSERT_EQUAL(hash_xxh64("abc", 3), UINT64_C(0x44bc2cf5ad770999));
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_sha256_of_the_standard_s_examples),
    CHECK_TEST(test_sha256_does_not_depend_on_the_pieces),
    CHECK_TEST(test_sha256_of_a_large_map_is_that_of_its_bytes),
    CHECK_TEST(test_sha256_of_a_file_is_that_of_its_bytes),
    CHECK_TEST(test_xxh64_of_known_texts),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("hash", tests)
