/*
 * test_corpus.c
 *
 * A corpus name means one sequence of bytes, whoever reads which part of it;
 * a wrong name is refused with one message.
 */
#include "corpus/corpus.h"

#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "base/rng.h"
#include "check.h"

static const struct corpus_part all;

static const char *
store(const char *text)
{
    static char name[1100];

    snprintf(name, sizeof(name), "text:%s", check_scratch("corpus"));
    FILE *file = fopen(name + strlen("text:"), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    return name;
}

static void
test_plain_files_are_not_copied(void)
{
    uint8_t scratch[8];
    struct corpus *corpus = corpus_open(store("abcdefgh"), &all);

    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL(corpus_bytes(corpus), 8);
    const uint8_t *view = corpus_view(corpus, 2, 4, scratch);
    CU_ASSERT_PTR_NOT_EQUAL(view, scratch);
    CU_ASSERT(memcmp(view, "cdef", 4) == 0);
    CU_ASSERT_PTR_EQUAL(corpus_view(corpus, 5, 1, scratch), view + 3);
    corpus_close(corpus);
}

static void
test_a_file_that_changes_is_noticed(void)
{
    const char *name = store("abcdefgh"), *path = name + strlen("text:");
    struct corpus *corpus = corpus_open(name, &all);
    struct corpus *random = corpus_open("random:8", &all);

    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL(corpus_check(corpus), 0);
    CU_ASSERT_EQUAL(corpus_check(random), 0);
    FILE *file = fopen(path, "ab");
    fputs("i", file);
    fclose(file);
    CU_ASSERT_EQUAL(corpus_check(corpus), -1);
    /* Replaced by another: what is mapped stays as it was. */
    CU_ASSERT_EQUAL(remove(path), 0);
    CU_ASSERT_EQUAL(corpus_check(corpus), 0);
    corpus_close(corpus);
    corpus_close(random);
}

static void
check_part(uint64_t first, uint64_t n, const char *want)
{
    struct corpus_part part = {.first_byte = first, .n_bytes = n};
    struct corpus *corpus = corpus_open(store("abcdefgh"), &part);

    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), strlen(want));
    CU_ASSERT(memcmp(corpus_view(corpus, 0, strlen(want), NULL), want,
                  strlen(want)) == 0);
    corpus_close(corpus);
}

static void
test_parts_are_cut_at_the_end(void)
{
    check_part(0, 0, "abcdefgh");
    check_part(3, 0, "defgh");
    check_part(3, 2, "de");
    check_part(3, 100, "defgh");
    check_part(8, 0, "");
    check_part(1, UINT64_MAX, "bcdefgh");
}

static void
test_identity_names_the_stored_file(void)
{
    struct corpus_identity identity;
    struct corpus *corpus = corpus_open(store("abc"), &all);

    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 0), 0);
    CU_ASSERT_STRING_EQUAL(identity.kind, "text");
    CU_ASSERT_STRING_EQUAL(identity.format, "plain");
    CU_ASSERT_STRING_EQUAL(identity.sha256, "");
    CU_ASSERT_EQUAL(identity.source_bytes, 3);
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 1), 0);
    /* FIPS 180-4, example of one block. */
    CU_ASSERT_STRING_EQUAL(identity.sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    corpus_close(corpus);

    corpus = corpus_open("random:1e3,seed=5", &all);
    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL(corpus_identify(corpus, &identity, 1), 0);
    CU_ASSERT_STRING_EQUAL(identity.kind, "random");
    CU_ASSERT_STRING_EQUAL(identity.name, "1e3,seed=5");
    CU_ASSERT_STRING_EQUAL(identity.format, "generated");
    CU_ASSERT_STRING_EQUAL(identity.sha256, "");
    CU_ASSERT_EQUAL(identity.source_bytes, 0);
    corpus_close(corpus);
}

static void
test_random_bytes_are_those_of_their_place(void)
{
    struct corpus *corpus = corpus_open("random:4KiB,seed=9", &all);
    uint8_t scratch[64];

    CU_ASSERT_PTR_NOT_NULL_FATAL(corpus);
    CU_ASSERT_EQUAL_FATAL(corpus_bytes(corpus), 4096);
    for (uint64_t at = 0; at < 4096 - 64; at += 61) {
        size_t n = at % 64;
        const uint8_t *got = corpus_view(corpus, at, n, scratch);

        for (size_t i = 0; i < n; i++) {
            uint64_t p = at + i;
            CU_ASSERT_EQUAL(got[i], (rng_at(9, p / 8) >> 8 * (p % 8)) & 255);
        }
    }
    corpus_close(corpus);
}

static void
test_seeds_name_different_bytes(void)
{
    uint8_t a[64], b[64];
    struct corpus *first = corpus_open("random:64", &all);
    struct corpus *second = corpus_open("random:64,seed=1", &all);

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT(memcmp(corpus_view(first, 0, 64, a),
                  corpus_view(second, 0, 64, b), 64) != 0);
    corpus_close(first);
    corpus_close(second);
}

static void
test_markov_is_a_kind(void)
{
    struct corpus_part part = {.first_byte = 1000};
    struct corpus *whole = corpus_open("markov:4kB,order=2,seed=3", &all);
    struct corpus *tail = corpus_open("markov:4kB,order=2,seed=3", &part);
    uint8_t a[3000], b[3000];

    CU_ASSERT_PTR_NOT_NULL_FATAL(whole);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tail);
    CU_ASSERT_EQUAL(corpus_bytes(tail), 3000);
    CU_ASSERT(memcmp(corpus_view(whole, 1000, 3000, a),
                  corpus_view(tail, 0, 3000, b), 3000) == 0);
    corpus_close(whole);
    corpus_close(tail);
}

static void
test_wrong_names_are_refused_with_one_message(void)
{
    static const char *const names[] = {"", "enwik8", "text:", "tex:enwik8",
        ":", "text:/nonexistent/file", "text:/", "random:", "random:x",
        "random:4MB,", "random:4MB,seed=", "random:4MB,sed=4",
        "random:4MB,seed=4,seed=5", "random:-1", "markov:", "markov:x"};
    const struct corpus_part beyond = {.first_byte = 101};

    report_hold(true, "");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unsigned n_errors = report_error_count();

        CU_ASSERT_PTR_NULL(corpus_open(names[i], &all));
        CU_ASSERT_EQUAL(report_error_count() - n_errors, 1);
    }
    CU_ASSERT_PTR_NULL(corpus_open("random:100", &beyond));
    report_discard();
    report_hold(false, "");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_plain_files_are_not_copied),
    CHECK_TEST(test_a_file_that_changes_is_noticed),
    CHECK_TEST(test_parts_are_cut_at_the_end),
    CHECK_TEST(test_identity_names_the_stored_file),
    CHECK_TEST(test_random_bytes_are_those_of_their_place),
    CHECK_TEST(test_seeds_name_different_bytes),
    CHECK_TEST(test_markov_is_a_kind),
    CHECK_TEST(test_wrong_names_are_refused_with_one_message),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("corpus", tests)
