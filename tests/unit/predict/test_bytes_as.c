/*
 * test_bytes_as.c
 *
 * What is described in place of a chunk is the chunk but for the bits that
 * are counted as lost; it is text that any tokenizer knows; what is not the
 * chunk is refused.
 */
#include "predict/bytes_as.h"

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "check.h"

static const char *const names[] = {
    "exact", "ascii-rescale", "ascii-append", "latin1"};
static const char *const corpora[] = {
    "text:a", "markov:1", "image:a", "audio:a", "random:1"};

/* All bytes, and what is made of them. */
struct described {
    uint8_t in[256], out[512];
    size_t n;
    uint64_t lost_bits;
};

static struct described
describe(const struct bytes_as_rule *rule)
{
    struct described d = {.n = 0};

    for (int i = 0; i < 256; i++) {
        d.in[i] = (uint8_t)(i * 37);
    }
    d.n = bytes_as_apply(rule, d.out, &d.lost_bits, d.in, 256);
    return d;
}

static void
test_nothing_but_the_lost_bits_is_lost(void)
{
    for (size_t r = 0; r < 4; r++) {
        for (size_t c = 0; c < 5; c++) {
            struct bytes_as_rule rule = bytes_as_parse(names[r], corpora[c]);
            struct described d = describe(&rule);

            CU_ASSERT_STRING_EQUAL(bytes_as_name(rule.as), names[r]);
            CU_ASSERT(d.n <= bytes_as_bound(&rule, 256));
            CU_ASSERT_EQUAL(bytes_as_check(&rule, d.out, d.n, d.in, 256), 0);
        }
    }
}

/* Text loses the top bit of half of all bytes, the rest one bit of each. */
static void
test_ascii_has_seven_bits_and_counts_the_eighth(void)
{
    for (size_t r = 1; r < 3; r++) {
        for (size_t c = 0; c < 5; c++) {
            struct bytes_as_rule rule = bytes_as_parse(names[r], corpora[c]);
            struct described d = describe(&rule);
            bool is_text = c < 2;

            CU_ASSERT_EQUAL(d.n, 256);
            CU_ASSERT_EQUAL(d.lost_bits, is_text ? 128 : 256);
            for (int i = 0; i < 256; i++) {
                CU_ASSERT_EQUAL(
                    d.out[i], is_text ? d.in[i] & 127 : d.in[i] / 2);
            }
        }
    }
}

static void
test_latin1_is_utf8_of_the_same_numbers(void)
{
    struct bytes_as_rule rule = bytes_as_parse("latin1", "image:a");
    struct described d = describe(&rule);
    size_t at = 0;
    uint32_t n_ends = 0;

    CU_ASSERT_EQUAL(d.lost_bits, 0);
    CU_ASSERT_EQUAL(d.n, 128 + 2 * 128);
    for (int i = 0; i < 256; i++) {
        int character = d.out[at++];
        if (character >= 0x80) {
            CU_ASSERT_EQUAL(character & 0xe0, 0xc0);
            CU_ASSERT_EQUAL(d.out[at] & 0xc0, 0x80);
            character = (character & 31) << 6 | (d.out[at++] & 63);
        }
        CU_ASSERT_EQUAL(character, d.in[i]);
    }
    /* However it is cut, each byte ends once. */
    for (size_t first = 0, n = 1; first < d.n; first += n, n = n % 5 + 1) {
        n = n < d.n - first ? n : d.n - first;
        n_ends += bytes_as_ends(&rule, d.out + first, (uint32_t)n);
    }
    CU_ASSERT_EQUAL(n_ends, 256);
}

static void
test_what_is_not_the_chunk_is_refused(void)
{
    report_hold(true, "");
    for (size_t r = 0; r < 4; r++) {
        struct bytes_as_rule rule = bytes_as_parse(names[r], "image:a");
        struct described d = describe(&rule);

        CU_ASSERT_EQUAL(bytes_as_check(&rule, d.out, d.n - 1, d.in, 256), -1);
        CU_ASSERT_EQUAL(bytes_as_check(&rule, d.out, d.n, d.in, 255), -1);
        for (size_t i = 0; i < 256; i++) {
            d.in[i] ^= 2;
            CU_ASSERT_EQUAL(bytes_as_check(&rule, d.out, d.n, d.in, 256), -1);
            d.in[i] ^= 2;
        }
    }
    report_discard();
    report_hold(false, "");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_nothing_but_the_lost_bits_is_lost),
    CHECK_TEST(test_ascii_has_seven_bits_and_counts_the_eighth),
    CHECK_TEST(test_latin1_is_utf8_of_the_same_numbers),
    CHECK_TEST(test_what_is_not_the_chunk_is_refused),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("bytes_as", tests)
