/*
 * test_file.c
 *
 * A file is mapped or read as it is, an empty one too; what is no file is
 * refused with a message that begins with its path.
 */
#include "check.h"
#include "said.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static const char *
write_file(const char *name, const char *text)
{
    const char *path = check_scratch(name);
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT(fputs(text, out) >= 0);
    CU_ASSERT_EQUAL(fclose(out), 0);
    return path;
}

/* path cannot be mapped, and the message says so and why. */
static void
expect_refused(const char *path, const char *reason)
{
    struct file_map map;
    char want[1200];

    snprintf(want, sizeof(want), "codelen: %s: %s", path, reason);
    said_begin(STDERR_FILENO);
    int rc = file_map_open(&map, path);
    const char *said = said_end();
    CU_ASSERT_EQUAL(rc, -1);
    CU_ASSERT_EQUAL(strncmp(said, want, strlen(want)), 0);
    CU_ASSERT_EQUAL(map.bytes, 0);
    file_map_close(&map);
}

static void
test_a_file_is_mapped_as_it_is(void)
{
    struct file_map map;

    CU_ASSERT_EQUAL(file_map_open(&map, write_file("text", "some text")), 0);
    CU_ASSERT_EQUAL(map.bytes, 9);
    CU_ASSERT_EQUAL(memcmp(map.data, "some text", 9), 0);
    file_map_close(&map);
    CU_ASSERT_EQUAL(map.bytes, 0);
}

static void
test_an_empty_file_can_be_mapped(void)
{
    struct file_map map;

    CU_ASSERT_EQUAL(file_map_open(&map, write_file("empty", "")), 0);
    CU_ASSERT_EQUAL(map.bytes, 0);
    CU_ASSERT_PTR_NOT_NULL(map.data);
    file_map_close(&map);
}

static void
test_what_is_no_file_is_refused(void)
{
    const char *fifo = check_scratch("fifo");

    expect_refused(check_scratch("absent"), "No such file");
    expect_refused("/", "is a directory");
    expect_refused("/dev/null", "is a pipe or a device");
    CU_ASSERT_EQUAL(mkfifo(fifo, 0666), 0);
    expect_refused(fifo, "is a pipe or a device");
    remove(fifo);
}

static void
test_text_is_read_with_a_zero_at_its_end(void)
{
    size_t bytes;
    char *text = file_read_text(write_file("text", "abc"), &bytes, 3);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(bytes, 3);
    CU_ASSERT_STRING_EQUAL(text, "abc");
    mem_free(text);

    said_begin(STDERR_FILENO);
    text = file_read_text(check_scratch("text"), &bytes, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(said_end(), "3 bytes, more than the 2"));
    CU_ASSERT_PTR_NULL(text);
}

static void
test_files_and_directories_are_told_apart(void)
{
    const char *path = write_file("text", "abc");

    CU_ASSERT(file_exists(path));
    CU_ASSERT(!file_is_directory(path));
    CU_ASSERT(file_exists("/"));
    CU_ASSERT(file_is_directory("/"));
    CU_ASSERT(!file_exists(check_scratch("absent")));
    CU_ASSERT(!file_is_directory(check_scratch("absent")));
}

static void
test_join_puts_one_slash_between(void)
{
    const char *const directories[] = {"dir", "dir/"};

    for (size_t i = 0; i < 2; i++) {
        char *path = file_join(directories[i], "name");
        CU_ASSERT_STRING_EQUAL(path, "dir/name");
        mem_free(path);
    }
}

static void
test_the_parent_must_be_a_directory(void)
{
    const char *path = write_file("text", "abc");
    char inside[1100];

    CU_ASSERT_EQUAL(file_check_parent("name"), 0);
    CU_ASSERT_EQUAL(file_check_parent("/name"), 0);
    CU_ASSERT_EQUAL(file_check_parent(path), 0);

    snprintf(inside, sizeof(inside), "%s/out.h5", path);
    said_begin(STDERR_FILENO);
    int rc = file_check_parent(inside);
    CU_ASSERT_PTR_NOT_NULL(strstr(said_end(), "is not a directory"));
    CU_ASSERT_EQUAL(rc, -1);

    snprintf(inside, sizeof(inside), "%s/out.h5", check_scratch("absent"));
    said_begin(STDERR_FILENO);
    rc = file_check_parent(inside);
    CU_ASSERT_PTR_NOT_NULL(strstr(said_end(), "absent does not exist"));
    CU_ASSERT_EQUAL(rc, -1);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_file_is_mapped_as_it_is),
    CHECK_TEST(test_an_empty_file_can_be_mapped),
    CHECK_TEST(test_what_is_no_file_is_refused),
    CHECK_TEST(test_text_is_read_with_a_zero_at_its_end),
    CHECK_TEST(test_files_and_directories_are_told_apart),
    CHECK_TEST(test_join_puts_one_slash_between),
    CHECK_TEST(test_the_parent_must_be_a_directory),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("file", tests)
