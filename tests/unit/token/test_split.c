/*
 * test_split.c
 *
 * A text is cut where the library that the expressions were written for cuts
 * it, and the pieces are the whole text: nothing is dropped or cut twice.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "token/token_added.h"
#include "token/token_pretokenizer.h"
#include "token/token_split.h"
#include "token/token_utf8.h"

/* The pieces of text with a bar between them. */
static void
check_pieces(
    const struct token_split *split, const char *text, const char *want)
{
    struct token_split_walk *walk = token_split_walk_new(split);
    struct token_piece piece;
    char got[256] = "";
    size_t n = 0;
    int rc;

    CU_ASSERT_PTR_NOT_NULL_FATAL(walk);
    token_split_begin(walk, (const uint8_t *)text, strlen(text));
    while ((rc = token_split_next(walk, &piece)) > 0) {
        CU_ASSERT_FATAL(n + piece.bytes + 2 < sizeof(got));
        CU_ASSERT(piece.bytes > 0);
        memcpy(got + n, piece.text, piece.bytes);
        n += piece.bytes;
        got[n++] = piece.token == TOKEN_NO_TOKEN ? '|' : '#';
    }
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_STRING_EQUAL(got, want);
    if (strcmp(got, want) != 0) {
        printf(" got \"%s\", want \"%s\" ", got, want);
    }
    token_split_walk_free(walk);
}

/* The same with the stages given as expressions. */
static void
check_expressions(
    const char *first, const char *second, const char *text, const char *want)
{
    struct token_split *split = token_split_new();

    CU_ASSERT_EQUAL_FATAL(
        token_split_expression(split, "test", first, strlen(first)), 0);
    if (second != NULL) {
        CU_ASSERT_EQUAL_FATAL(
            token_split_expression(split, "test", second, strlen(second)), 0);
    }
    check_pieces(split, text, want);
    token_split_free(split);
}

static void
test_text_between_matches_is_a_piece(void)
{
    check_expressions("b+", NULL, "abbcb", "a|bb|c|b|");
    check_expressions("b+", NULL, "", "");
    check_expressions("b+", NULL, "xyz", "xyz|");
}

static void
test_each_stage_cuts_the_pieces_of_the_one_before(void)
{
    check_expressions(
        "\\p{N}", TOKEN_GPT2_EXPRESSION, "a 12  b", "a| |1|2| | b|");
    /* The end of a piece is the end of the text to a look ahead. */
    check_expressions("[0-9]", "a(?![0-9])", "ba1a", "b|a|1|a|");
}

static void
test_empty_matches_cut_once(void)
{
    check_expressions("(?=x)", NULL, "axbxx", "a|xb|x|x|");
    check_expressions("y*", NULL, "\xc3\xa9yya", "\xc3\xa9|yy|a|");
    check_expressions("(?=A)|b", NULL, "bAbA", "b|A|b|A|");
}

static void
test_white_space_is_that_of_unicode(void)
{
    /* U+180E is none since Unicode 6.3; U+0085 and U+2003 are. */
    check_expressions("\\s+", NULL, "a\xe1\xa0\x8e", "a\xe1\xa0\x8e|");
    check_expressions("[\\s]+", NULL, "a\xe1\xa0\x8e", "a\xe1\xa0\x8e|");
    check_expressions("\\S+", NULL, "\xe1\xa0\x8e b", "\xe1\xa0\x8e| |b|");
    check_expressions("[\\S]+", NULL, "\xe1\xa0\x8e b", "\xe1\xa0\x8e| |b|");
    check_expressions(
        "\\s+", NULL, "a\xc2\x85\xe2\x80\x83z", "a|\xc2\x85\xe2\x80\x83|z|");
    check_expressions("\\S+", NULL, "a\xc2\x85z", "a|\xc2\x85|z|");
}

static void
test_a_script_does_not_include_what_it_shares(void)
{
    /* U+3001, the comma, is used with several scripts. */
    check_expressions("\\p{Han}+", NULL, "\xe4\xb8\xad\xe3\x80\x81",
        "\xe4\xb8\xad|\xe3\x80\x81|");
}

static void
test_expressions_with_another_meaning_are_refused(void)
{
    static const char *const expressions[] = {"\\w+", "a\\b", "[a[bc]]",
        "[a-z&&[^b]]", "[[:alpha:]]", "a{1,3}+", "(?m:.)", "(*UTF)a", "a\\Kb",
        "(", "[a", "\\p{Nonsense}", "\\", "a**b(?<="};

    for (size_t i = 0; i < sizeof(expressions) / sizeof(char *); i++) {
        struct token_split *split = token_split_new();
        CU_ASSERT_EQUAL(token_split_expression(split, "test", expressions[i],
                            strlen(expressions[i])),
            -1);
        token_split_free(split);
    }
}

static void
test_an_expression_that_takes_too_long_is_an_error(void)
{
    struct token_split *split = token_split_new();
    static const char expression[] = "(?:(?:a|aa)+)+[bc]";
    struct token_piece piece;
    char text[200];

    memset(text, 'a', sizeof(text));
    CU_ASSERT_EQUAL_FATAL(
        token_split_expression(split, "test", expression, strlen(expression)),
        0);
    struct token_split_walk *walk = token_split_walk_new(split);
    token_split_begin(walk, (const uint8_t *)text, sizeof(text));
    CU_ASSERT_EQUAL(token_split_next(walk, &piece), -1);
    token_split_walk_free(walk);
    token_split_free(split);
}

static void
test_the_longest_added_token_at_the_leftmost_place_wins(void)
{
    static const char *const texts[] = {"ab", "abcd", "bcdef", "x"};
    struct token_split *split = token_split_new();
    struct token_added *added = token_added_new();

    for (uint32_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL_FATAL(
            token_added_add(added, i, texts[i], strlen(texts[i]), false), 0);
    }
    CU_ASSERT_EQUAL_FATAL(token_added_add(added, 4, "<xx>", 4, true), 0);
    token_added_finish(added);
    CU_ASSERT_EQUAL_FATAL(token_split_added(split, "test", added), 0);
    check_pieces(split, "zabcdefab", "z|abcd#ef|ab#");
    check_pieces(split, "abcx", "ab#c|x#");
    check_pieces(split, "abc", "ab#c|");
    /* Special ones are text, also to tokens that would match inside. */
    check_pieces(split, "a<xx>x", "a<xx>|x#");
    token_split_free(split);
}

static void
test_utf8_is_told_from_other_bytes(void)
{
    static const struct {
        const char *text;
        size_t n_valid, n_invalid;
    } cases[] = {
        {"abcdefgh\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", 17, 0},
        {"\xf4\x8f\xbf\xbf", 4, 0},
        {"\xed\x9f\xbf\xee\x80\x80", 6, 0},
        {"\xc0\x80"
         "a",
            0, 2},              /* overlong */
        {"\xe0\x9f\xbf", 0, 3}, /* overlong */
        {"\xf0\x8f\xbf\xbf"
         "a",
            0, 4},                  /* overlong */
        {"\xed\xa0\x80", 0, 3},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0, 4}, /* above U+10FFFF */
        {"\xf5\xff\x80"
         "a",
            0, 3},
        {"abcdefgh\xe4\xb8", 8, 0}, /* cut short */
        {"\xf0\x9f\x98", 0, 3},
        {"\xe4\xb8\xc3\xa9", 0, 2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = strlen(cases[i].text);
        uint8_t *text = check_guarded(n);
        memcpy(text, cases[i].text, n);
        CU_ASSERT_EQUAL(token_utf8_valid(text, n), cases[i].n_valid);
        CU_ASSERT_EQUAL(token_utf8_invalid(text, n), cases[i].n_invalid);
        check_guarded_free(text, n);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_text_between_matches_is_a_piece),
    CHECK_TEST(test_each_stage_cuts_the_pieces_of_the_one_before),
    CHECK_TEST(test_empty_matches_cut_once),
    CHECK_TEST(test_white_space_is_that_of_unicode),
    CHECK_TEST(test_a_script_does_not_include_what_it_shares),
    CHECK_TEST(test_expressions_with_another_meaning_are_refused),
    CHECK_TEST(test_an_expression_that_takes_too_long_is_an_error),
    CHECK_TEST(test_the_longest_added_token_at_the_leftmost_place_wins),
    CHECK_TEST(test_utf8_is_told_from_other_bytes),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("splitting", tests)
