/*
 * test_sweep.c
 *
 * A sweep file stands for the product of its lists, in one order, each run
 * with options that the command takes and an output of its own; whatever else
 * is in the file is refused with its line.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../base/said.h"
#include "base/options.h"
#include "check.h"
#include "study/sweep.h"

static const struct option table[] = {
    {.name = "corpus", .type = OPTION_TEXT, .is_required = true, .unit = "X"},
    {.name = "model", .type = OPTION_TEXT, .unit = "X"},
    {.name = "chunk", .type = OPTION_BYTES, .value = "2048", .max = 1e9},
    {.name = "seed", .type = OPTION_COUNT, .value = "1", .max = 1e9},
    {.name = "out", .type = OPTION_TEXT, .unit = "FILE"},
};

static const struct options_spec spec = {
    .command = "measure", .table = table, .n_options = 5};
static const struct options_spec other = {
    .command = "train", .table = table, .n_options = 5};
static const struct options_spec *const specs[] = {&other, &spec, NULL};

/* A sweep file of that text. */
static struct sweep *
open_text(const char *text)
{
    const char *path = check_scratch("sweep");
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    CU_ASSERT_EQUAL(fclose(out), 0);
    return sweep_open(path, specs);
}

static void
expect_wrong(const char *text, const char *message)
{
    said_begin(2);
    struct sweep *sweep = open_text(text);
    const char *said = said_end();

    CU_ASSERT_PTR_NULL(sweep);
    if (strstr(said, message) == NULL) {
        printf("expected \"%s\", got \"%s\"\n", message, said);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(said, message));
    sweep_close(sweep);
}

static struct sweep *
expect_right(const char *text, size_t n)
{
    struct sweep *sweep = open_text(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(sweep);
    CU_ASSERT_EQUAL_FATAL(sweep_count(sweep), n);
    return sweep;
}

#define HEAD "command = measure\ncorpus = text:a,b\n[sweep]\n"

static void
test_the_last_list_varies_fastest(void)
{
    struct sweep *s = expect_right(HEAD "model = x, y\nchunk = 1, 2KiB, 3\n"
                                        "out = {model}-{chunk}-{index}\n",
        6);

    CU_ASSERT_PTR_EQUAL(sweep_spec(s), &spec);
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 0), "x-1-0");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 1), "x-2KiB-1");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 5), "y-3-5");
    CU_ASSERT_EQUAL(sweep_option_count(s), 3);
    CU_ASSERT_STRING_EQUAL(sweep_option(s, 0), "corpus");
    CU_ASSERT(!sweep_is_varied(s, 0) && sweep_is_varied(s, 1));
    CU_ASSERT_STRING_EQUAL(sweep_value(s, 4, 2), "2KiB");
    sweep_close(s);
}

static void
test_paired_lists_go_together(void)
{
    struct sweep *s =
        expect_right(HEAD "chunk = 1, 2\nmodel = x, y\nseed = 5, 6\n"
                          "pair = seed, chunk\nout = {chunk}{model}{seed}\n",
            4);

    CU_ASSERT_STRING_EQUAL(sweep_out(s, 0), "1x5");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 1), "1y5");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 2), "2x6");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 3), "2y6");
    sweep_close(s);
}

static void
test_commas_part_values_only_below_the_section_and_outside_quotes(void)
{
    struct sweep *s = expect_right(
        HEAD "model = \"x, 1\" , y\nout = o-{corpus}-{model}\n", 2);

    CU_ASSERT_STRING_EQUAL(sweep_value(s, 0, 0), "text:a,b");
    CU_ASSERT_STRING_EQUAL(sweep_value(s, 0, 1), "x, 1");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 0), "o-text-a-b-x--1");
    sweep_close(s);
}

static void
test_values_become_safe_names(void)
{
    struct sweep *s = expect_right(HEAD
        "model = model:a/b/c-1.5+_x, ngram:5\nout = d/{model}.{chunk}\n",
        2);

    CU_ASSERT_STRING_EQUAL(sweep_out(s, 0), "d/c-1.5+_x.2048");
    CU_ASSERT_STRING_EQUAL(sweep_out(s, 1), "d/ngram-5.2048");
    sweep_close(s);
}

static void
test_a_run_has_the_options_of_the_file_and_defaults(void)
{
    int argc;
    struct sweep *s = expect_right(HEAD "chunk = 2KiB, 3\nout = {index}\n", 2);
    struct options *options = sweep_options(s, 0);
    char **argv = sweep_arguments(s, 0, &argc);

    CU_ASSERT_PTR_NOT_NULL_FATAL(options);
    CU_ASSERT_STRING_EQUAL(options_named(options, "chunk"), "2048");
    CU_ASSERT_STRING_EQUAL(options_named(options, "seed"), "1");
    CU_ASSERT_STRING_EQUAL(options_named(options, "out"), "0");
    CU_ASSERT_PTR_NULL(options_named(options, "absent"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(argv);
    CU_ASSERT_EQUAL_FATAL(argc, 3);
    CU_ASSERT_STRING_EQUAL(argv[0], "--corpus=text:a,b");
    CU_ASSERT_STRING_EQUAL(argv[1], "--chunk=2KiB");
    CU_ASSERT_STRING_EQUAL(argv[2], "--out=0");
    CU_ASSERT_PTR_NULL(argv[3]);
    options_free(options);
    sweep_arguments_free(argv);
    sweep_close(s);
}

static void
test_a_file_without_lists_is_one_run(void)
{
    sweep_close(
        expect_right("command = train\ncorpus = a\nout = b # no list\n", 1));
}

static void
test_a_wrong_file_is_refused_with_its_line(void)
{
    expect_wrong("corpus = a\n[sweep]\nout = b\n", "has no line \"command");
    expect_wrong("command = mesure\nout = b\n",
        "line 1: command = mesure: want one of train, measure; did you mean "
        "measure");
    expect_wrong(HEAD "chunk = 1, 2\n", "has no line \"out");
    expect_wrong(HEAD "chunk = 1, 2\nout = b\n",
        "line 5: out: runs 0 and 1 would both write b");
    expect_wrong(HEAD "model = a/x, b/x\nout = {model}\n", "both write x");
    expect_wrong(HEAD "chnk = 1\nout = b\n",
        "line 4: unknown option chnk; did you mean chunk?");
    expect_wrong(HEAD "chunk = 1, x\nout = {index}\n", "--chunk x: not a");
    expect_wrong(HEAD "chunk = 1, x\nout = {index}\n", "that is in run 1");
    expect_wrong(HEAD "chunk = 1,, 2\nout = {index}\n",
        "line 4: a value of the list is empty");
    expect_wrong(HEAD "chunk = 1, \nout = {index}\n", "line 4: a value");
    expect_wrong(HEAD "chunk = \"1\nout = {index}\n", "quote does not end");
    expect_wrong(HEAD "chunk = \"1\" 2\nout = {index}\n", "want a comma");
    expect_wrong(HEAD "out = {chnk}\n", "line 4: {chnk}: is not {index}");
    expect_wrong(HEAD "out = {model}\n", "{model}: is not");
    expect_wrong(HEAD "out = {chunk\n", "{chunk: want {OPTION}");
    expect_wrong(HEAD "out = a}\n", "}: a } without {");
    expect_wrong(HEAD "chunk = 1, 2\nseed = 1, 2, 3\npair = chunk, seed\n"
                      "out = {index}\n",
        "line 6: pair: chunk has 2 values, seed has 3");
    expect_wrong(
        HEAD "chunk = 1, 2\npair = chunk, seed\nout = a\n", "no list seed");
    expect_wrong(HEAD "chunk = 1, 2\npair = chunk, chunk\nout = a\n",
        "chunk is named twice");
    expect_wrong(HEAD "[other]\nchunk = 1\nout = a\n", "section [other]");
    expect_wrong(HEAD "corpus = b\nout = a\n", "line 4: corpus is given twice");
    expect_wrong(HEAD "out = b\nout = a\n", "line 5: out is given twice");
    expect_wrong("command = measure\n[sweep]\nout = a\n", "--corpus X is");
    expect_wrong(HEAD "job = x\nout = a\n", "job cannot stand in a file");
}

static void
test_too_many_runs_are_refused(void)
{
    char text[8192] = HEAD "out = {index}\nchunk = 0";
    size_t n = strlen(text);

    for (int i = 1; i < 400; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",%d", i);
    }
    n += (size_t)snprintf(text + n, sizeof(text) - n, "\nseed = 0");
    for (int i = 1; i < 400; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",%d", i);
    }
    expect_wrong(text, "more than 100000 runs");
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_the_last_list_varies_fastest),
    CHECK_TEST(test_paired_lists_go_together),
    CHECK_TEST(
        test_commas_part_values_only_below_the_section_and_outside_quotes),
    CHECK_TEST(test_values_become_safe_names),
    CHECK_TEST(test_a_run_has_the_options_of_the_file_and_defaults),
    CHECK_TEST(test_a_file_without_lists_is_one_run),
    CHECK_TEST(test_a_wrong_file_is_refused_with_its_line),
    CHECK_TEST(test_too_many_runs_are_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("sweep", tests)
