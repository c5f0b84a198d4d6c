/*
 * test_units.c
 *
 * A number with a unit is read exactly or refused, never rounded; what is
 * printed has three digits and the unit that fits.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static void
test_bytes_are_read_with_their_unit(void)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"2048", 2048},
        {"2KiB", 2048},
        {"2 KiB", 2048},
        {"4MB", 4000000},
        {"1.5 GiB", UINT64_C(3) << 29},
        {"1e9", 1000000000},
        {"7B", 7},
        {"3kB", 3000},
        {"3KB", 3000},
        {"2TiB", UINT64_C(1) << 41},
        {".5KiB", 512},
        {"18446744073709551615", UINT64_MAX},
        {"9007199254740991B", (UINT64_C(1) << 53) - 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t bytes = 1;
        CU_ASSERT_EQUAL(units_parse_bytes(&bytes, cases[i].text), 0);
        CU_ASSERT_EQUAL(bytes, cases[i].bytes);
    }
}

static void
test_what_is_no_number_of_bytes_is_refused(void)
{
    const char *const texts[] = {"", " ", ".", "-1", "+1", "x", "1x", "1 kb",
        "1kib", "1e", "0.5", "1.0001kB", "1KiB 2", "nan", "inf", "1e400",
        "18446744073709551616", "9007199254740993B", "20000TB", " 1"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t bytes;
        if (units_parse_bytes(&bytes, texts[i]) == 0) {
            printf("accepted \"%s\"\n", texts[i]);
            CU_FAIL("accepted");
        }
    }
}

/* Every decimal fraction that names a whole number names it exactly. */
static void
test_decimal_fractions_are_exact(void)
{
    char text[32];
    uint64_t bytes;

    for (unsigned i = 0; i < 20000; i++) {
        snprintf(text, sizeof(text), "%u.%03ukB", i / 1000, i % 1000);
        CU_ASSERT(units_parse_bytes(&bytes, text) == 0 && bytes == i);
        snprintf(text, sizeof(text), "%u.%06uMB", i, i);
        CU_ASSERT(units_parse_bytes(&bytes, text) == 0 &&
                  bytes == i * UINT64_C(1000001));
    }
}

static void
test_counts_are_whole(void)
{
    const char *const bad[] = {
        "", "-1", "1.5", "1k", "1e-1", "0x", "two", "18446744073709551616"};
    uint64_t value;

    CU_ASSERT(units_parse_u64(&value, "12") == 0 && value == 12);
    CU_ASSERT(units_parse_u64(&value, "1e6") == 0 && value == 1000000);
    CU_ASSERT(units_parse_u64(&value, "2.5e1") == 0 && value == 25);
    CU_ASSERT(units_parse_u64(&value, "18446744073709551615") == 0 &&
              value == UINT64_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_NOT_EQUAL(units_parse_u64(&value, bad[i]), 0);
    }
}

static void
test_real_numbers_are_finite(void)
{
    const char *const bad[] = {
        "", " 1", "1 ", "nan", "inf", "-inf", "1e999", "1,5", "x"};
    double value;

    CU_ASSERT(units_parse_double(&value, "-1.5e-3") == 0 && value == -1.5e-3);
    CU_ASSERT(units_parse_double(&value, "0.8") == 0 && value == 0.8);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_NOT_EQUAL(units_parse_double(&value, bad[i]), 0);
    }
}

static void
check_format(
    void (*format)(char *, size_t, double), double value, const char *want)
{
    char text[32];

    format(text, sizeof(text), value);
    if (strcmp(text, want) != 0) {
        printf("%.17g: got \"%s\", want \"%s\"\n", value, text, want);
    }
    CU_ASSERT_STRING_EQUAL(text, want);
}

static void
test_numbers_are_shown_with_three_digits(void)
{
    check_format(units_format_bytes, 0, "0 B");
    check_format(units_format_bytes, 987, "987 B");
    check_format(units_format_bytes, 999.6, "1.00 kB");
    check_format(units_format_bytes, 1.5e9, "1.50 GB");
    check_format(units_format_bytes, 999499, "999 kB");
    check_format(units_format_bytes, 999500, "1.00 MB");
    check_format(units_format_bytes, 1.234e18, "1234 PB");
    check_format(units_format_count, 12.3e6, "12.3 M");
    check_format(units_format_count, 9.999e3, "10.0 k");
    check_format(units_format_count, 7, "7");
    check_format(units_format_count, 0.25, "0.25");
}

static void
test_times_are_shown_in_two_units(void)
{
    check_format(units_format_seconds, 0, "0.0 s");
    check_format(units_format_seconds, 9.94, "9.9 s");
    check_format(units_format_seconds, 12, "12 s");
    check_format(units_format_seconds, 59.6, "1 min 00 s");
    check_format(units_format_seconds, 200, "3 min 20 s");
    check_format(units_format_seconds, 3599.6, "1 h 00 min");
    check_format(units_format_seconds, 3720, "1 h 02 min");
    check_format(units_format_seconds, 360000, "100 h 00 min");
    check_format(units_format_seconds, (double)INFINITY, "?");
    check_format(units_format_seconds, (double)NAN, "?");
    check_format(units_format_seconds, -5, "?");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_bytes_are_read_with_their_unit),
    CHECK_TEST(test_what_is_no_number_of_bytes_is_refused),
    CHECK_TEST(test_decimal_fractions_are_exact),
    CHECK_TEST(test_counts_are_whole),
    CHECK_TEST(test_real_numbers_are_finite),
    CHECK_TEST(test_numbers_are_shown_with_three_digits),
    CHECK_TEST(test_times_are_shown_in_two_units),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("units", tests)
