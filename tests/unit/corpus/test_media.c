/*
 * test_media.c
 *
 * Directories of images and recordings are one sequence of whole pieces, in
 * the order of names, whoever reads which part; what is left out is counted;
 * a file that is not what it should be is refused with one message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/said.h"
#include "base/report.h"
#include "check.h"
#include "corpus/corpus.h"
#include "make_media.h"

#define RATE 16000

static const struct corpus_part all;

/* An empty directory for the test that asks; "KIND:" is put before it. */
static const char *
scratch_directory(const char *kind)
{
    static char name[1200];
    char command[1300];

    snprintf(name, sizeof(name), "%s:%s", kind, check_scratch("media"));
    const char *path = strchr(name, ':') + 1;
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0777), 0);
    return name;
}

static void
store(const char *corpus_name, const char *name, struct media media)
{
    store_media(strchr(corpus_name, ':') + 1, name, &media);
    free(media.data);
}

static uint8_t *
read_all(struct corpus *corpus)
{
    uint8_t *bytes = calloc(corpus_bytes(corpus) + 1, 1);

    CU_ASSERT_PTR_NOT_NULL(
        corpus_view(corpus, 0, (size_t)corpus_bytes(corpus), bytes));
    return bytes;
}

/* Exactly one message that contains word, when opened or when read. */
static void
check_refused(
    const char *name, const struct corpus_part *part, const char *word)
{
    unsigned n_errors = report_error_count();
    uint8_t byte[1];

    said_begin(STDERR_FILENO);
    struct corpus *corpus = corpus_open(name, part);
    if (corpus != NULL) {
        CU_ASSERT_PTR_NULL(corpus_view(corpus, 0, 1, byte));
    }
    corpus_close(corpus);
    const char *said = said_end();
    CU_ASSERT_EQUAL(report_error_count() - n_errors, 1);
    if (strstr(said, word) == NULL) {
        printf("not said: %s\nbut: %s\n", word, said);
        CU_FAIL("another message");
    }
}

/* The truncated mean of what make_png() writes. */
static uint8_t
grey_of(const struct png_shape *s, uint32_t y, uint32_t x)
{
    if (s->channels < 3) {
        return make_sample(y, x, 0);
    }
    return (uint8_t)((make_sample(y, x, 0) + make_sample(y, x, 1) +
                         make_sample(y, x, 2)) /
                     3);
}

static void
check_patches(const struct png_shape *s, const uint8_t *got, uint32_t height,
    uint32_t width)
{
    size_t n_wrong = 0, i = 0;

    for (uint32_t row = 0; row < s->height / height; row++) {
        for (uint32_t column = 0; column < s->width / width; column++) {
            for (uint32_t y = 0; y < height; y++) {
                for (uint32_t x = 0; x < width; x++) {
                    n_wrong += got[i++] !=
                               grey_of(s, row * height + y, column * width + x);
                }
            }
        }
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
}

static void
test_every_png_becomes_grey_patches(void)
{
    for (int channels = 1; channels <= 4; channels++) {
        for (int k = 0; k < 4; k++) {
            struct png_shape s = {150, 70, channels, k & 1 ? 16 : 8, k & 2};
            const char *name = scratch_directory("image");
            store(name, "a.png", make_png(&s));
            struct corpus *corpus = corpus_open(name, &all);

            CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
            CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 2 * 2 * 2048);
            uint8_t *got = read_all(corpus);
            check_patches(&s, got, 32, 64);
            free(got);
            corpus_close(corpus);
        }
    }
}

static void
test_patches_have_the_size_asked_for(void)
{
    struct png_shape s = {150, 70, 3, 8, 0};
    const char *name = scratch_directory("image");
    struct corpus_part part = {.patch = "7x11"};
    struct corpus_identity identity;

    store(name, "a.png", make_png(&s));
    struct corpus *corpus = corpus_open(name, &part);
    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 13 * 10 * 77);
    uint8_t *got = read_all(corpus);
    check_patches(&s, got, 7, 11);
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 1), 0);
    CU_ASSERT_EQUAL(identity.dropped_bytes, 150 * 70 - 13 * 10 * 77);
    CU_ASSERT_STRING_EQUAL(identity.reading, "patches of 7 x 11, grey by mean");
    free(got);
    corpus_close(corpus);
}

/* To rounding, that of ITU-R BT.601. */
static void
test_luma_weighs_the_colours(void)
{
    struct png_shape s = {64, 32, 3, 8, 0};
    const char *name = scratch_directory("image");
    struct corpus_part part = {.grey = "luma"};

    store(name, "a.png", make_png(&s));
    struct corpus *corpus = corpus_open(name, &part);
    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    uint8_t *got = read_all(corpus);
    for (uint32_t y = 0; y < 32; y++) {
        for (uint32_t x = 0; x < 64; x++) {
            double want = 0.299 * make_sample(y, x, 0) +
                          0.587 * make_sample(y, x, 1) +
                          0.114 * make_sample(y, x, 2);
            CHECK_WITHIN(got[64 * y + x], want, 0.51);
        }
    }
    free(got);
    corpus_close(corpus);
}

/* Flat JPEGs keep their colours to 2 of 256. */
static void
test_jpegs_become_grey(void)
{
    /* mean 90; luma of 40, 90, 140; CMYK as stored by Adobe: c k / 255 */
    static const struct {
        int components;
        const char *grey;
        double want;
    } cases[] = {{1, NULL, 40}, {3, NULL, 90}, {3, "luma", 80.75},
        {4, NULL, 90 * 190 / 255.0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = scratch_directory("image");
        struct corpus_part part = {.grey = cases[i].grey};
        store(name, "a.JPEG", make_jpeg(64, 33, cases[i].components));
        struct corpus *corpus = corpus_open(name, &part);

        CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
        CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 2048);
        uint8_t *got = read_all(corpus);
        for (size_t at = 0; at < 2048; at += 100) {
            CHECK_WITHIN(got[at], cases[i].want, 2.0);
        }
        free(got);
        corpus_close(corpus);
    }
}

static void
test_files_follow_by_name_and_the_rest_is_counted(void)
{
    struct png_shape s = {64, 32, 1, 8, 0}, small = {60000, 1, 1, 8, 0};
    const char *name = scratch_directory("image");
    const char *path = strchr(name, ':') + 1;
    struct corpus_identity identity;
    char below[1300];
    struct media text = {(uint8_t *)"text", 4};

    snprintf(below, sizeof(below), "%s/b", path);
    CU_ASSERT_EQUAL_FATAL(mkdir(below, 0777), 0);
    store(name, "c.png", make_jpeg(64, 32, 1)); /* known by its bytes */
    store(name, "b/x.PNG", make_png(&s));
    store(name, "a.png", make_png(&small)); /* not one patch */
    store_media(path, "LICENSE.TXT", &text);
    store_media(path, "._a.png", &text);
    struct corpus *corpus = corpus_open(name, &all);
    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 2 * 2048);
    uint8_t *got = read_all(corpus);
    check_patches(&s, got, 32, 64);
    CHECK_WITHIN(got[2048], 40, 2.0);
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 1), 0);
    CU_ASSERT_EQUAL(identity.n_files, 3);
    CU_ASSERT_EQUAL(identity.n_skipped, 1);
    CU_ASSERT_EQUAL(identity.dropped_bytes, 60000);
    CU_ASSERT_EQUAL(strlen(identity.sha256), 64);
    free(got);
    corpus_close(corpus);
}

/* n samples with all high bytes. */
static int16_t *
make_wave(size_t n)
{
    int16_t *samples = calloc(n, sizeof(*samples));

    for (size_t i = 0; i < n; i++) {
        samples[i] = (int16_t)(i * i * 7 + 300 * i);
    }
    samples[0] = INT16_MIN;
    samples[1] = -1;
    samples[2] = INT16_MAX;
    return samples;
}

static void
test_recordings_are_the_high_bytes_of_samples(void)
{
    size_t n = 2 * 2048 + 1000;
    int16_t *samples = make_wave(n);
    const char *name = scratch_directory("audio");
    struct corpus_identity identity;

    store(name, "a.flac", make_flac(samples, n, 1, RATE));
    store(name, "b.WAV", make_wav(samples, n, 1, RATE));
    struct corpus *corpus = corpus_open(name, &all);
    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 4 * 2048);
    uint8_t *got = read_all(corpus);
    CU_ASSERT(memcmp(got, got + 4096, 4096) == 0);
    CU_ASSERT_EQUAL(got[0], 0);
    CU_ASSERT_EQUAL(got[1], 127);
    CU_ASSERT_EQUAL(got[2], 255);
    for (size_t i = 0; i < 4096; i += 61) {
        CU_ASSERT_EQUAL(got[i], (samples[i] >> 8) + 128);
    }
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 0), 0);
    CU_ASSERT_EQUAL(identity.dropped_bytes, 2000);
    free(got);
    free(samples);
    corpus_close(corpus);
}

static void
test_any_part_is_the_same_bytes(void)
{
    const char *name = scratch_directory("audio");
    int16_t *samples = make_wave(9000);

    for (int i = 0; i < 5; i++) {
        char file[32];
        snprintf(file, sizeof(file), "%d.flac", i);
        store(name, file, make_flac(samples + 700 * i, 5000, 1, RATE));
    }
    struct corpus *corpus = corpus_open(name, &all);
    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    uint8_t *whole = read_all(corpus), part[5000];
    uint64_t bytes = corpus_bytes(corpus);
    CU_ASSERT_EQUAL(bytes, 5 * 4096);
    for (uint64_t at = 0; at < bytes; at += 333) {
        /* Forward and backward. */
        uint64_t first = at % 2 ? at : bytes - 1 - at;
        size_t n = bytes - first < sizeof(part) ? (size_t)(bytes - first)
                                                : sizeof(part);
        CU_ASSERT_PTR_NOT_NULL(corpus_view(corpus, first, n, part));
        CU_ASSERT(memcmp(part, whole + first, n) == 0);
    }
    free(whole);
    free(samples);
    corpus_close(corpus);
}

static void
test_what_is_no_image_is_refused(void)
{
    struct png_shape s = {64, 32, 3, 8, 0}, flat = {60000, 1, 1, 8, 0};
    const struct corpus_part wrong = {.patch = "32"}, zero = {.patch = "0x8"};
    struct media text = {(uint8_t *)strdup("text, not pixels"), 16};

    check_refused(scratch_directory("image"), &all, "no image");
    const char *name = scratch_directory("image");
    store(name, "a.png", text);
    check_refused(name, &all, "a.png: neither a PNG nor a JPEG");
    name = scratch_directory("image");
    store(name, "a.png", make_png(&flat));
    check_refused(name, &all, "choose a smaller --patch");
    name = scratch_directory("image");
    store(name, "a.png", make_png(&s));
    check_refused(name, &wrong, "want HEIGHTxWIDTH");
    check_refused(name, &zero, "want HEIGHTxWIDTH");
    check_refused("image:/nonexistent", &all, "/nonexistent");
    check_refused("random:100", &wrong, "image: only");
}

/* Cut off at any place: an error when opened or when read. */
static void
test_cut_off_files_are_refused(void)
{
    struct png_shape s = {64, 32, 3, 8, 0};
    int16_t *samples = make_wave(5000);
    struct media files[] = {make_png(&s), make_jpeg(64, 32, 3),
        make_flac(samples, 5000, 1, RATE), make_wav(samples, 5000, 1, RATE)};

    for (int i = 0; i < 4; i++) {
        const char *name = scratch_directory(i < 2 ? "image" : "audio");
        size_t step = files[i].bytes / 40 + 1;
        for (size_t cut = 1; cut < files[i].bytes - 2; cut += step) {
            struct media part = {files[i].data, cut};
            store_media(
                strchr(name, ':') + 1, i < 2 ? "a.png" : "a.wav", &part);
            check_refused(name, &all, i < 2 ? "a.png: " : "a.wav: ");
        }
        free(files[i].data);
    }
    free(samples);
}

static void
test_other_sound_is_refused_with_what_it_is(void)
{
    int16_t *samples = make_wave(8192);
    const char *name = scratch_directory("audio");

    store(name, "a.wav", make_wav(samples, 4096, 2, 44100));
    check_refused(name, &all, "a.wav: 44100 Hz, 2 channels of 16 bits; want");
    store(name, "a.wav", make_flac(samples, 8192, 1, 22050));
    check_refused(name, &all, "22050 Hz");
    store(name, "a.wav", make_flac(samples, 2047, 1, RATE));
    check_refused(name, &all, "too small");
    free(samples);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_every_png_becomes_grey_patches),
    CHECK_TEST(test_patches_have_the_size_asked_for),
    CHECK_TEST(test_luma_weighs_the_colours),
    CHECK_TEST(test_jpegs_become_grey),
    CHECK_TEST(test_files_follow_by_name_and_the_rest_is_counted),
    CHECK_TEST(test_recordings_are_the_high_bytes_of_samples),
    CHECK_TEST(test_any_part_is_the_same_bytes),
    CHECK_TEST(test_what_is_no_image_is_refused),
    CHECK_TEST(test_cut_off_files_are_refused),
    CHECK_TEST(test_other_sound_is_refused_with_what_it_is),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("media", tests)
