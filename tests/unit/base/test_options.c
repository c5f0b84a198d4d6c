/*
 * test_options.c
 *
 * A value comes from the default, then the job file, then the command line;
 * whatever is unknown, misspelt or out of range is a usage error that names
 * it, and nothing is ever guessed.
 */
#include "check.h"
#include "said.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"

struct settings {
    const char *corpus;
    uint64_t chunk_bytes;
    uint64_t n_first;
    double rate;
    bool overwrite;
    const char *math;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option table[] = {
    {"corpus", OPTION_TEXT, FIELD(corpus), NULL, 0, 0, NULL, "KIND:PATH",
        "what to measure", true, false},
    {"chunk", OPTION_BYTES, FIELD(chunk_bytes), "2048", 1, 1 << 24, "whole",
        "BYTES", "bytes per chunk", false, false},
    {"first", OPTION_COUNT, FIELD(n_first), "0", 0, 1e9, NULL, "N",
        "first chunk", false, false},
    {"rate", OPTION_REAL, FIELD(rate), "0.5", 0, 1, NULL, "R", "a rate", false,
        false},
    {"overwrite", OPTION_FLAG, FIELD(overwrite), NULL, 0, 0, NULL, NULL,
        "replace the output", false, true},
    {"math", OPTION_CHOICE, FIELD(math), "exact", 0, 0, "exact|blas", NULL,
        "how to multiply", false, false},
};

enum { CORPUS, CHUNK, FIRST, RATE, OVERWRITE, MATH };

static const struct options_spec spec = {
    .command = "measure",
    .question = "How many bits does a predictor need?",
    .operands = NULL,
    .example = "codelen measure --corpus text:demo.txt",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

#define ARGUMENTS_MAX 8

/* Parse the arguments (ended by NULL); *said is what went to stderr. */
static struct options *
parse(struct settings *settings, enum options_outcome *outcome,
    const char **said, const struct options_spec *of,
    const char *const *arguments)
{
    struct options *options = options_new(of);
    char *argv[ARGUMENTS_MAX];
    int argc = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(options);
    while (arguments[argc] != NULL) {
        argv[argc] = (char *)arguments[argc];
        argc++;
    }
    said_begin(STDERR_FILENO);
    *outcome = options_parse(options, settings, argc, argv, true);
    *said = said_end();
    return options;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The arguments are a usage error with one message that contains text. */
static void
expect_wrong(const char *const *arguments, const char *text)
{
    struct settings settings;
    enum options_outcome outcome;
    const char *said;

    options_free(parse(&settings, &outcome, &said, &spec, arguments));
    if (strstr(said, text) == NULL) {
        printf("expected \"%s\", got \"%s\"\n", text, said);
    }
    CU_ASSERT_EQUAL(outcome, OPTIONS_WRONG);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, text));
    const char *end = strchr(said, '\n');
    CU_ASSERT(end != NULL && end[1] == '\0');
}

/* The arguments are accepted without a word. */
static struct options *
expect_right(struct settings *settings, const char *const *arguments)
{
    enum options_outcome outcome;
    const char *said;
    struct options *options =
        parse(settings, &outcome, &said, &spec, arguments);

    if (said[0] != '\0') {
        printf("unexpected: %s", said);
    }
    CU_ASSERT_STRING_EQUAL(said, "");
    CU_ASSERT_EQUAL_FATAL(outcome, OPTIONS_OK);
    return options;
}

/* A job file of that text; its path. */
static const char *
job(const char *text)
{
    const char *path = check_scratch("job");
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    CU_ASSERT_EQUAL(fclose(out), 0);
    return path;
}

static void
test_defaults_fill_what_is_not_given(void)
{
    struct settings s;
    struct options *options = expect_right(&s, ARGS("--corpus", "text:a"));

    CU_ASSERT_STRING_EQUAL(s.corpus, "text:a");
    CU_ASSERT_EQUAL(s.chunk_bytes, 2048);
    CU_ASSERT_EQUAL(s.n_first, 0);
    CU_ASSERT(s.rate == 0.5);
    CU_ASSERT(!s.overwrite);
    CU_ASSERT_STRING_EQUAL(s.math, "exact");

    CU_ASSERT(!options_is_default(options, CORPUS));
    CU_ASSERT(options_is_default(options, CHUNK));
    CU_ASSERT_STRING_EQUAL(options_text(options, CHUNK), "2048");
    CU_ASSERT_STRING_EQUAL(options_text(options, OVERWRITE), "no");
    CU_ASSERT_PTR_EQUAL(options_spec(options), &spec);
    CU_ASSERT_EQUAL(options_operand_count(options), 0);
    options_free(options);
}

static void
test_both_forms_of_an_option_are_read(void)
{
    struct settings s;
    struct options *options =
        expect_right(&s, ARGS("--corpus=a=b", "--chunk=4KiB", "--rate", "1",
                             "--overwrite", "--math=blas"));

    CU_ASSERT_STRING_EQUAL(s.corpus, "a=b");
    CU_ASSERT_EQUAL(s.chunk_bytes, 4096);
    CU_ASSERT(s.rate == 1);
    CU_ASSERT(s.overwrite);
    CU_ASSERT_STRING_EQUAL(s.math, "blas");
    CU_ASSERT_STRING_EQUAL(options_text(options, CHUNK), "4096");
    options_free(options);

    options = expect_right(&s, ARGS("--corpus", "a", "--overwrite=no",
                                   "--chunk", "whole", "--chunk", "1e3"));
    CU_ASSERT(!s.overwrite);
    CU_ASSERT_EQUAL(s.chunk_bytes, 1000);
    options_free(options);
    options = expect_right(&s, ARGS("--corpus", "a", "--chunk", "whole"));
    CU_ASSERT_EQUAL(s.chunk_bytes, 0);
    options_free(options);
}

static void
test_the_command_line_wins_over_the_job_file(void)
{
    struct settings s;
    const char *path = job("# what it asks\n"
                           "command   = measure # of codelen\n"
                           "corpus    = text:a#b\n"
                           "\n"
                           "chunk     = 1KiB      # short\n"
                           "first = 7\n"
                           "overwrite = yes\n");
    struct options *options =
        expect_right(&s, ARGS("--first", "3", "--job", path));

    CU_ASSERT_STRING_EQUAL(s.corpus, "text:a#b");
    CU_ASSERT_EQUAL(s.chunk_bytes, 1024);
    CU_ASSERT_EQUAL(s.n_first, 3);
    CU_ASSERT(s.overwrite);
    CU_ASSERT(!options_is_default(options, CHUNK));
    CU_ASSERT(options_is_default(options, RATE));
    options_free(options);
}

static void
test_a_wrong_job_file_is_refused(void)
{
    expect_wrong(ARGS("--job", "/absent"), "/absent: no such file");
    expect_wrong(ARGS("--job", "/"), "is a directory");
    expect_wrong(ARGS("--job=", "--corpus", "a"), "no such file");
    expect_wrong(ARGS("--job", job("corpus = a\nchnk = 1\nfirst = 1\n")),
        "job: line 2: unknown option chnk; did you mean chunk?");
    expect_wrong(
        ARGS("--job", job("command = train\n")), "this is codelen measure");
    expect_wrong(ARGS("--job", job("[measure]\ncorpus = a\n")),
        "a job file has no sections");
    expect_wrong(ARGS("--job", job("corpus = a\nfirst 1\n")),
        "job: line 2: not of the form");
    expect_wrong(
        ARGS("--job", job("chunk = 1\nchunk = 2\n")), "chunk is given twice");
    expect_wrong(ARGS("--job", job("corpus = a\n   and b\n")),
        "line 2: not of the form");
    expect_wrong(ARGS("--job", job("corpus = a\n   corpus = b\n")),
        "corpus is given twice");
    expect_wrong(ARGS("--job", job("job = b\n")), "job cannot stand in a file");
    expect_wrong(ARGS("--job", job("corpus = a\nchunk =\n")), "--chunk ");
}

static void
test_lines_of_a_job_file_may_be_long(void)
{
    struct settings s;
    char line[4000] = "corpus = ";

    memset(line + 9, 'x', sizeof(line) - 10);
    struct options *options = expect_right(&s, ARGS("--job", job(line)));

    CU_ASSERT_STRING_EQUAL(s.corpus, line + 9);
    options_free(options);
}

static void
test_unknown_options_name_the_nearest(void)
{
    expect_wrong(ARGS("--chnuk", "1"), "--chnuk; did you mean --chunk?");
    expect_wrong(ARGS("--over"), "--over; did you mean --overwrite?");
    expect_wrong(ARGS("--hlep"), "did you mean --help?");
    expect_wrong(ARGS("--jobs=x"), "did you mean --job?");
    expect_wrong(
        ARGS("--zzzzzzz", "1"), "--zzzzzzz; codelen measure --help lists all");
    expect_wrong(ARGS("-x"), "-x: options begin with two dashes");
    expect_wrong(ARGS("file"), "unexpected argument file");
}

static void
test_values_are_checked(void)
{
    expect_wrong(ARGS("--chunk", "4"), "--corpus KIND:PATH is needed");
    expect_wrong(ARGS("--corpus"), "--corpus needs a value");
    expect_wrong(ARGS("--job"), "--job needs a value");
    expect_wrong(ARGS("--corpus=a", "--chunk", "0"),
        "--chunk 0: must be between 1 and 16777216, or whole");
    expect_wrong(ARGS("--corpus=a", "--chunk=-1"), "--chunk -1: not a number");
    expect_wrong(
        ARGS("--corpus=a", "--chunk=2kb"), "of bytes (2048, 2KiB, 4MB)");
    expect_wrong(
        ARGS("--corpus=a", "--first=1.5"), "--first 1.5: not a number");
    expect_wrong(ARGS("--corpus=a", "--rate=nan"), "--rate nan: not a number");
    expect_wrong(ARGS("--corpus=a", "--rate=1.01"), "between 0 and 1");
    expect_wrong(ARGS("--corpus=a", "--overwrite=maybe"), "must be yes or no");
    expect_wrong(ARGS("--corpus=a", "--math", "exa"),
        "--math exa: must be one of exact|blas");
    expect_wrong(ARGS("--corpus=a", "--math="), "must be one of");
}

static void
test_operands_are_collected_in_order(void)
{
    struct options_spec with_operands = spec;
    struct settings settings;
    enum options_outcome outcome;
    const char *said;

    with_operands.operands = "FILE...";
    struct options *options = parse(&settings, &outcome, &said, &with_operands,
        ARGS("one", "--corpus", "a", "-", "two"));
    CU_ASSERT_EQUAL(outcome, OPTIONS_OK);
    CU_ASSERT_EQUAL_FATAL(options_operand_count(options), 3);
    CU_ASSERT_STRING_EQUAL(options_operand(options, 0), "one");
    CU_ASSERT_STRING_EQUAL(options_operand(options, 1), "-");
    CU_ASSERT_STRING_EQUAL(options_operand(options, 2), "two");
    options_free(options);
}

static void
test_help_shows_every_option_in_80_columns(void)
{
    char *argv[] = {(char *)"--chunk", (char *)"bad", (char *)"--help"};
    struct options *options = options_new(&spec);
    struct settings s;

    said_begin(STDOUT_FILENO);
    enum options_outcome outcome = options_parse(options, &s, 3, argv, true);
    const char *said = said_end();
    CU_ASSERT_EQUAL(outcome, OPTIONS_HELP);
    for (size_t i = 0; i < spec.n_options; i++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(said, table[i].name));
        CU_ASSERT_PTR_NOT_NULL(strstr(said, table[i].help));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "--chunk BYTES|whole"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "(default 2048)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "(needed)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "--job FILE"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, spec.question));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, spec.example));
    for (const char *line = said; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        CU_ASSERT(n < 80);
        line += n + 1;
    }
    options_free(options);

    options = options_new(&spec);
    said_begin(STDOUT_FILENO);
    outcome = options_parse(options, &s, 1, argv + 2, false);
    CU_ASSERT_STRING_EQUAL(said_end(), "");
    CU_ASSERT_EQUAL(outcome, OPTIONS_HELP);
    options_free(options);
}

static void
test_nearest_is_what_was_meant_or_nothing(void)
{
    const char *const names[] = {"measure", "train", "tokenizer", "export"};

    CU_ASSERT_PTR_EQUAL(options_nearest("mesure", names, 4), names[0]);
    CU_ASSERT_PTR_EQUAL(options_nearest("token", names, 4), names[2]);
    CU_ASSERT_PTR_EQUAL(options_nearest("exprot", names, 4), names[3]);
    CU_ASSERT_PTR_NULL(options_nearest("banana", names, 4));
    CU_ASSERT_PTR_NULL(options_nearest("x", names, 4));
    CU_ASSERT_PTR_NULL(options_nearest("", names, 4));
    CU_ASSERT_PTR_NULL(options_nearest("train", names, 0));
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_defaults_fill_what_is_not_given),
    CHECK_TEST(test_both_forms_of_an_option_are_read),
    CHECK_TEST(test_the_command_line_wins_over_the_job_file),
    CHECK_TEST(test_a_wrong_job_file_is_refused),
    CHECK_TEST(test_lines_of_a_job_file_may_be_long),
    CHECK_TEST(test_unknown_options_name_the_nearest),
    CHECK_TEST(test_values_are_checked),
    CHECK_TEST(test_operands_are_collected_in_order),
    CHECK_TEST(test_help_shows_every_option_in_80_columns),
    CHECK_TEST(test_nearest_is_what_was_meant_or_nothing),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("options", tests)
