/*
 * test_report.c
 *
 * A message is one line that begins with the program and its command; errors
 * that are held back come out once or never; nothing in a message can steer
 * the terminal.
 */
#include "check.h"
#include "said.h"

#include <string.h>
#include <unistd.h>

#include "base/report.h"

static void
test_a_message_names_the_command(void)
{
    said_begin(STDERR_FILENO);
    report_error("%s: block %u: bad checksum", "a.cl", 7u);
    CU_ASSERT_STRING_EQUAL(
        said_end(), "codelen: a.cl: block 7: bad checksum\n");

    report_command("measure");
    said_begin(STDERR_FILENO);
    report_error("x");
    report_warning("y");
    report_note("z");
    CU_ASSERT_STRING_EQUAL(said_end(), "codelen: measure: x\n"
                                       "codelen: measure: warning: y\n"
                                       "codelen: measure: z\n");
    report_command(NULL);
}

static void
test_errors_are_counted_held_or_not(void)
{
    unsigned n = report_error_count();

    said_begin(STDERR_FILENO);
    report_error("x");
    report_warning("y");
    report_note("z");
    report_hold(true, NULL);
    report_error("x");
    report_discard();
    report_hold(false, NULL);
    said_end();
    CU_ASSERT_EQUAL(report_error_count(), n + 2);
}

static void
test_held_errors_come_out_once_with_their_label(void)
{
    said_begin(STDERR_FILENO);
    report_hold(true, "rank 3");
    report_error("one");
    report_error("two");
    CU_ASSERT_STRING_EQUAL(said_end(), "");

    said_begin(STDERR_FILENO);
    report_release();
    report_release();
    CU_ASSERT_STRING_EQUAL(
        said_end(), "codelen: rank 3: one\ncodelen: rank 3: two\n");

    /* Releasing also ends the holding. */
    report_hold(false, NULL);
    said_begin(STDERR_FILENO);
    report_error("three");
    CU_ASSERT_STRING_EQUAL(said_end(), "codelen: three\n");
}

static void
test_discarded_errors_never_come_out(void)
{
    said_begin(STDERR_FILENO);
    report_hold(true, NULL);
    report_error("one");
    report_discard();
    report_error("two");
    report_release();
    CU_ASSERT_STRING_EQUAL(said_end(), "codelen: two\n");
}

/* The first of many held messages is the cause and must survive. */
static void
test_the_first_held_error_survives_a_flood(void)
{
    said_begin(STDERR_FILENO);
    report_hold(true, NULL);
    report_error("the cause");
    for (int i = 0; i < 10000; i++) {
        report_error("a consequence, number %d", i);
    }
    report_release();
    const char *said = said_end();
    CU_ASSERT_EQUAL(strncmp(said, "codelen: the cause\n", 19), 0);
    CU_ASSERT(strlen(said) < 10000);
    CU_ASSERT_EQUAL(said[strlen(said) - 1], '\n');
}

static void
test_quiet_silences_notes_and_warnings_only(void)
{
    said_begin(STDERR_FILENO);
    report_set_quiet(true);
    report_warning("y");
    report_note("z");
    report_error("x");
    report_set_quiet(false);
    CU_ASSERT_STRING_EQUAL(said_end(), "codelen: x\n");
}

static void
test_a_long_message_is_cut_to_one_line(void)
{
    char text[5000];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    said_begin(STDERR_FILENO);
    report_error("%s", text);
    const char *said = said_end();
    CU_ASSERT(strlen(said) > 2000 && strlen(said) < 2100);
    CU_ASSERT_PTR_EQUAL(strchr(said, '\n'), said + strlen(said) - 1);
}

static void
test_control_characters_do_not_reach_the_terminal(void)
{
    said_begin(STDERR_FILENO);
    report_error("key %s", "a\033[2J\nb\177");
    CU_ASSERT_STRING_EQUAL(said_end(), "codelen: key a?[2J?b?\n");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_message_names_the_command),
    CHECK_TEST(test_errors_are_counted_held_or_not),
    CHECK_TEST(test_held_errors_come_out_once_with_their_label),
    CHECK_TEST(test_discarded_errors_never_come_out),
    CHECK_TEST(test_the_first_held_error_survives_a_flood),
    CHECK_TEST(test_quiet_silences_notes_and_warnings_only),
    CHECK_TEST(test_a_long_message_is_cut_to_one_line),
    CHECK_TEST(test_control_characters_do_not_reach_the_terminal),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("report", tests)
