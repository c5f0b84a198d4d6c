/*
 * test_bits.c
 *
 * Lengths in bits are those of what a codec writes, without what it adds to
 * fill bytes or words.
 */
#include <stdbool.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "codec/codec.h"

#define BYTES_MAX ((size_t)60000)

/* gzip: a header of 10 bytes, CRC and length of 4 each. */
#define GZIP_WRAPPER_BYTES 18

static uint64_t
compressed_bytes(const struct codec *codec, const uint8_t *in, size_t bytes)
{
    size_t out_bytes_max = codec_bound(codec, bytes), out_bytes = 0;
    uint8_t *out = mem_alloc(out_bytes_max, 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(
        codec_compress(codec, out, out_bytes_max, &out_bytes, in, bytes), 0);
    mem_free(out);
    return out_bytes;
}

static uint64_t
bits_of(const char *name, const uint8_t *in, size_t bytes)
{
    uint64_t bits = 0;

    CU_ASSERT_EQUAL(codec_bits(codec_find(name), &bits, in, bytes), 0);
    return bits;
}

static void
check_text(const uint8_t *in, size_t bytes)
{
    uint64_t gzip = compressed_bytes(codec_find("gzip"), in, bytes);
    uint64_t xz = compressed_bytes(codec_find("xz"), in, bytes);
    uint64_t filled = (bits_of("xz", in, bytes) / 8 + 3) / 4 * 4;

    CU_ASSERT_EQUAL(
        (bits_of("gzip", in, bytes) + 7) / 8 + GZIP_WRAPPER_BYTES, gzip);
    /* Container: 12 bytes before, block header, check, index, 12 after. */
    CU_ASSERT(xz >= filled + 40 && xz <= filled + 80 && xz % 4 == 0);
    CU_ASSERT_EQUAL(bits_of("bzip2", in, bytes),
        8 * compressed_bytes(codec_find("bzip2"), in, bytes));
}

static void
test_bits_fill_the_bytes_of_the_codec(void)
{
    static const char words[] = "the quick brown fox jumps over the lazy dog ";
    uint8_t *in = mem_alloc(BYTES_MAX, 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    for (size_t c = 0; c < 60; c++) {
        size_t bytes =
            c < 20 ? c + 1 : 1 + rng_at(c, 0) % (c < 50 ? 3000 : BYTES_MAX);
        for (size_t i = 0; i < bytes; i++) {
            uint64_t random = rng_at(check_seed() + c, i);
            in[i] = c % 3 == 0   ? (uint8_t)random
                    : c % 3 == 1 ? (uint8_t)words[i % (sizeof(words) - 1)]
                                 : (uint8_t)words[random % 16];
        }
        check_text(in, bytes);
    }
    mem_free(in);
}

static void
test_bits_of_gzip_are_not_whole_bytes(void)
{
    static const char text[] = "abcabcabcabd";
    bool is_odd = false;

    for (size_t n = 1; n < sizeof(text); n++) {
        is_odd |= bits_of("gzip", (const uint8_t *)text, n) % 8 != 0;
    }
    CU_ASSERT(is_odd);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_bits_fill_the_bytes_of_the_codec),
    CHECK_TEST(test_bits_of_gzip_are_not_whole_bytes),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("bits", tests)
