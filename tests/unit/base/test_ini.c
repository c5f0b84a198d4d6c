/*
 * test_ini.c
 *
 * Lines "key = value" come as they stand, with section and number; whatever
 * else a file holds is refused, and no byte of it does harm.
 */
#include "base/ini.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "said.h"

/* All lines as one text: "N section|key|value". */
struct seen {
    char text[4096];
};

static int
take(void *user, const struct ini_line *line)
{
    struct seen *seen = user;
    size_t n = strlen(seen->text);

    snprintf(seen->text + n, sizeof(seen->text) - n, "%u %s|%s|%s\n",
        line->number, line->section, line->key, line->value);
    return strcmp(line->key, "stop") == 0 ? -1 : 0;
}

static const char *
file_of(const char *text, size_t bytes)
{
    const char *path = check_scratch("ini");
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fwrite(text, 1, bytes, out);
    CU_ASSERT_EQUAL(fclose(out), 0);
    return path;
}

static void
expect(const char *text, const char *want)
{
    struct seen seen = {""};

    CU_ASSERT_EQUAL(ini_read(file_of(text, strlen(text)), take, &seen), 0);
    if (strcmp(seen.text, want) != 0) {
        printf("got \"%s\"\n", seen.text);
    }
    CU_ASSERT_STRING_EQUAL(seen.text, want);
}

static void
expect_wrong(const char *text, size_t bytes, const char *message)
{
    struct seen seen = {""};

    said_begin(2);
    int rc = ini_read(file_of(text, bytes), take, &seen);
    const char *said = said_end();
    CU_ASSERT_EQUAL(rc, -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, message));
}

static void
test_lines_come_with_section_and_number(void)
{
    expect("# head\n\n a = 1 # one\nb=c = d;e\r\n[ x ]\n; no\n\tc =\nd = 2",
        "3 |a|1\n4 |b|c = d;e\n7 x|c|\n8 x|d|2\n");
    expect("", "");
    expect("\n", "");
    expect("a = #b\n", "1 |a|\n");
    expect("a = x#b\n", "1 |a|x#b\n");
}

static void
test_other_lines_are_refused_with_their_number(void)
{
    expect_wrong("a = 1\nb\n", 8, "line 2: not of the form");
    expect_wrong("= 1\n", 4, "line 1: not of the form");
    expect_wrong("[x\na = 1\n", 9, "line 1: not of the form");
    expect_wrong("a = 1\0b = 2\n", 12, "is not text");
    expect_wrong("stop = 1\nb\n", 11, "");
}

static void
test_any_bytes_do_no_harm(void)
{
    static const char letters[] = "a=[] #;\n\t\"\0\x80";
    char text[64];

    said_begin(2);
    for (uint64_t round = 0; round < 3000; round++) {
        struct seen seen = {""};
        for (size_t i = 0; i < sizeof(text); i++) {
            float r = check_random(round * sizeof(text) + i) + 1;
            text[i] = letters[(size_t)(r / 2 * (sizeof(letters) - 1))];
        }
        (void)ini_read(file_of(text, round % sizeof(text)), take, &seen);
    }
    (void)said_end();
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_lines_come_with_section_and_number),
    CHECK_TEST(test_other_lines_are_refused_with_their_number),
    CHECK_TEST(test_any_bytes_do_no_harm),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("ini", tests)
