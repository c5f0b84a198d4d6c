/*
 * test_codec.c
 *
 * Every codec returns what was put into it, whatever the bytes, their number
 * and the thread; no output is longer than the bound; damage is an error.
 * Sizes are not compared with recorded ones: they are those of the library.
 */
#include "codec/codec.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/rng.h"
#include "check.h"

#define N_LIKES 6

/* Bytes of several kinds; freed with free(). */
static uint8_t *
make(unsigned like, size_t bytes)
{
    static const char *const words[] = {"the ", "code ", "length ", "of ", "a ",
        "corpus ", "is ", "a score ", "that ", "compares ", "models.\n"};
    uint8_t *data = calloc(bytes + 16, 1);

    for (size_t i = 0; i < bytes; i++) {
        uint64_t r = rng_at(like, i);

        switch (like) {
        case 0: /* zeros */
            break;
        case 1: /* all byte values */
            data[i] = (uint8_t)r;
            break;
        case 2: /* text */
            i += (size_t)(stpcpy((char *)data + i, words[r % 11]) -
                          (char *)data - (ptrdiff_t)i) -
                 1;
            break;
        case 3: /* two values */
            data[i] = (uint8_t)(r & 1);
            break;
        case 4: /* a ramp with noise: waves, images */
            data[i] = (uint8_t)(i / 16 + (r & 3));
            break;
        default: /* long repeats at a distance */
            data[i] = (uint8_t)rng_at(like, i % 5000);
        }
    }
    return data;
}

#define FAILED SIZE_MAX

/* Packed length; FAILED if the round trip fails. */
static size_t
round_trip(const struct codec *codec, const uint8_t *data, size_t bytes)
{
    size_t room = codec_bound(codec, bytes), packed_bytes = 0;
    size_t plain_bytes = 0;
    uint8_t *packed = check_guarded(room);
    uint8_t *plain = check_guarded(bytes);
    bool is_same =
        codec_compress(codec, packed, room, &packed_bytes, data, bytes) == 0 &&
        packed_bytes <= room &&
        codec_decompress(
            codec, plain, bytes, &plain_bytes, packed, packed_bytes) == 0 &&
        plain_bytes == bytes && memcmp(plain, data, bytes) == 0;

    check_guarded_free(packed, room);
    check_guarded_free(plain, bytes);
    return is_same ? packed_bytes : FAILED;
}

static void
test_every_codec_returns_its_input(void)
{
    static const size_t sizes[] = {0, 1, 100, 2048, 65534};

    for (size_t c = 0; c < codec_count(); c++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            for (unsigned like = 0; like < N_LIKES; like++) {
                size_t bytes = sizes[s] + like % 3;
                uint8_t *data = make(like, bytes);

                CU_ASSERT(round_trip(codec_at(c), data, bytes) != FAILED);
                free(data);
            }
        }
    }
}

static void
test_lengths_do_not_depend_on_threads(void)
{
    enum { N = 48 };
    size_t serial[N], parallel[N];
    uint8_t *data = make(2, N * 500);

    for (size_t c = 0; c < codec_count(); c++) {
        const struct codec *codec = codec_at(c);

        for (size_t i = 0; i < N; i++) {
            serial[i] = round_trip(codec, data + i * 500, 500 - i);
        }
#pragma omp parallel for num_threads(4) schedule(dynamic)
        for (size_t i = 0; i < N; i++) {
            parallel[i] = round_trip(codec, data + i * 500, 500 - i);
        }
        for (size_t i = 0; i < N; i++) {
            CU_ASSERT(serial[i] != FAILED);
            CU_ASSERT_EQUAL(serial[i], parallel[i]);
        }
    }
    free(data);
}

static void
test_stronger_codecs_make_text_shorter(void)
{
    size_t bytes = 50000;
    uint8_t *text = make(2, bytes);
    size_t gzip = round_trip(codec_find("gzip"), text, bytes);

    CU_ASSERT(gzip > 0 && gzip < bytes / 3);
    CU_ASSERT(round_trip(codec_find("xz"), text, bytes) < gzip);
    CU_ASSERT(round_trip(codec_find("zstd"), text, bytes) < gzip);
    CU_ASSERT(round_trip(codec_find("bzip2"), text, bytes) < gzip);
    CU_ASSERT(round_trip(codec_find("brotli"), text, bytes) < gzip);
    CU_ASSERT(round_trip(codec_find("ppmd"), text, bytes) < gzip);
    free(text);
}

static void
test_random_bytes_stay_as_long(void)
{
    size_t bytes = 50000;
    uint8_t *data = make(1, bytes);

    for (size_t c = 0; c < codec_count(); c++) {
        size_t packed = round_trip(codec_at(c), data, bytes);

        CU_ASSERT(packed >= bytes);
        CU_ASSERT(packed < bytes + bytes / 10);
    }
    free(data);
}

/*
 * The reference study: gzip 21 bytes, xz 60 (Python's gzip and lzma modules,
 * one zero byte).
 */
static void
test_headers_are_those_of_the_study(void)
{
    size_t bytes = 0;

    CU_ASSERT_EQUAL(codec_header_bytes(codec_find("gzip"), &bytes), 0);
    CU_ASSERT_EQUAL(bytes, 21);
    CU_ASSERT_EQUAL(codec_header_bytes(codec_find("xz"), &bytes), 0);
    CU_ASSERT_EQUAL(bytes, 60);
    for (size_t c = 0; c < codec_count(); c++) {
        CU_ASSERT_EQUAL(codec_header_bytes(codec_at(c), &bytes), 0);
        CU_ASSERT(bytes >= 1 && bytes < 200);
    }
}

/* Length of what lzma_easy_encoder() makes: Python's lzma.compress(). */
static size_t
preset_length(const uint8_t *data, size_t bytes)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    size_t room = 2 * bytes + 1000;
    uint8_t *packed = malloc(room);
    lzma_ret status = lzma_easy_encoder(&stream, 6, LZMA_CHECK_CRC64);

    stream.next_in = data;
    stream.avail_in = bytes;
    stream.next_out = packed;
    stream.avail_out = room;
    while (status == LZMA_OK) {
        status = lzma_code(&stream, LZMA_FINISH);
    }
    CU_ASSERT_EQUAL(status, LZMA_STREAM_END);
    lzma_end(&stream);
    free(packed);
    return room - stream.avail_out;
}

static void
test_xz_is_as_long_as_its_preset(void)
{
    static const size_t sizes[] = {0, 1, 2048, 4096, 4097, 9000, 200000};

    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (unsigned like = 1; like < N_LIKES; like++) {
            uint8_t *data = make(like, sizes[s]);

            CU_ASSERT_EQUAL(round_trip(codec_find("xz"), data, sizes[s]),
                preset_length(data, sizes[s]));
            free(data);
        }
    }
}

static void
test_short_room_is_an_error(void)
{
    size_t bytes = 2048, n;
    uint8_t *data = make(1, bytes);

    report_hold(true, "");
    for (size_t c = 0; c < codec_count(); c++) {
        const struct codec *codec = codec_at(c);
        size_t room = codec_bound(codec, bytes), packed_bytes;
        uint8_t *packed = malloc(room);
        uint8_t *few = check_guarded(1000);
        unsigned n_errors = report_error_count();

        CU_ASSERT_EQUAL(codec_compress(codec, few, 1000, &n, data, bytes), -1);
        CU_ASSERT_EQUAL(report_error_count(), n_errors + 1);
        CU_ASSERT_EQUAL(
            codec_compress(codec, packed, room, &packed_bytes, data, bytes), 0);
        CU_ASSERT_EQUAL(
            codec_decompress(codec, few, 1000, &n, packed, packed_bytes), -1);
        CU_ASSERT_EQUAL(report_error_count(), n_errors + 2);
        check_guarded_free(few, 1000);
        free(packed);
        report_discard();
    }
    free(data);
}

/* Cut at any place: an error, not a crash.  brotli has no checksum, but it
 * knows its end. */
static void
test_truncated_output_is_an_error(void)
{
    size_t bytes = 300;
    uint8_t *data = make(2, bytes);

    report_hold(true, "");
    for (size_t c = 0; c < codec_count(); c++) {
        const struct codec *codec = codec_at(c);
        size_t room = codec_bound(codec, bytes), packed_bytes, n;
        uint8_t *packed = malloc(room);
        uint8_t *plain = check_guarded(bytes);

        CU_ASSERT_EQUAL_FATAL(
            codec_compress(codec, packed, room, &packed_bytes, data, bytes), 0);
        /* No code is that of no bytes for pictures and sound. */
        for (size_t cut = 1; cut < packed_bytes; cut++) {
            uint8_t *part = check_guarded(cut);

            memcpy(part, packed, cut);
            CU_ASSERT_EQUAL(
                codec_decompress(codec, plain, bytes, &n, part, cut), -1);
            check_guarded_free(part, cut);
        }
        check_guarded_free(plain, bytes);
        free(packed);
        report_discard();
    }
    free(data);
}

/* brotli and 7z do not look at what follows their end. */
static void
test_data_after_the_end_is_an_error(void)
{
    static const char *const names[] = {"gzip", "xz", "zstd", "bzip2"};
    uint8_t packed[8192], plain[400];

    report_hold(true, "");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct codec *codec = codec_find(names[i]);
        size_t packed_bytes, n;

        CU_ASSERT_EQUAL(codec_compress(codec, packed, sizeof(packed),
                            &packed_bytes, (const uint8_t *)"text", 4),
            0);
        packed[packed_bytes] = 'x';
        CU_ASSERT_EQUAL(codec_decompress(codec, plain, sizeof(plain), &n,
                            packed, packed_bytes + 1),
            -1);
    }
    report_discard();
}

static void
test_codecs_are_found_by_name(void)
{
    static const char *const names[] = {"gzip", "xz", "zstd", "bzip2", "brotli",
        "ppmd", "png", "png64", "webp", "webp64", "jxl", "jxl64", "flac",
        "flac-study", "wavpack"};
    enum { N = sizeof(names) / sizeof(names[0]) };

    CU_ASSERT_EQUAL(codec_count(), N);
    for (size_t i = 0; i < N; i++) {
        const struct codec *codec = codec_find(names[i]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(codec);
        CU_ASSERT_STRING_EQUAL(codec_name(codec), names[i]);
        CU_ASSERT_PTR_NOT_NULL(strpbrk(codec_description(codec), "0123456789"));
        CU_ASSERT_PTR_EQUAL(codec_description(codec), codec_description(codec));
    }
    CU_ASSERT_PTR_NULL(codec_find("gzi"));
    CU_ASSERT_PTR_NULL(codec_find("gzip "));
    CU_ASSERT_PTR_NULL(codec_find(""));
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_every_codec_returns_its_input),
    CHECK_TEST(test_lengths_do_not_depend_on_threads),
    CHECK_TEST(test_stronger_codecs_make_text_shorter),
    CHECK_TEST(test_random_bytes_stay_as_long),
    CHECK_TEST(test_headers_are_those_of_the_study),
    CHECK_TEST(test_xz_is_as_long_as_its_preset),
    CHECK_TEST(test_short_room_is_an_error),
    CHECK_TEST(test_truncated_output_is_an_error),
    CHECK_TEST(test_data_after_the_end_is_an_error),
    CHECK_TEST(test_codecs_are_found_by_name),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("codec", tests)
