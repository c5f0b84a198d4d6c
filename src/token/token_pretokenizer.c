/*
 * token_pretokenizer.c
 */
#include "token/token_pretokenizer.h"

#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "token/token_split.h"
#include "token/token_table.h"

/* Normalizers that can be left out: they bring texts to a common form. */
static const char *const left_out[] = {
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Lowercase",
    "Strip",
    "StripAccents",
    "Nmt",
    "Precompiled",
};

/* With plain texts these too, which other software undoes when decoding. */
static const char *const left_out_plain[] = {"Prepend", "Replace"};

/* In front of each space. */
#define WORD " [^ ]*|[^ ]+"

static const char *
type_of(const json_t *node)
{
    const char *type = json_string_value(json_object_get(node, "type"));

    return type == NULL ? "(no type)" : type;
}

/* Whether a string member has this value. */
static bool
is_text(const json_t *node, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(node, name));

    return text != NULL && strcmp(text, value) == 0;
}

/* Whether a normalizer writes each space as U+2581, and nothing else. */
static bool
writes_spaces(const json_t *node)
{
    return strcmp(type_of(node), "Replace") == 0 &&
           is_text(json_object_get(node, "pattern"), "String", " ") &&
           is_text(node, "content", TOKEN_SPACE);
}

/* Whether a step, or one in a sequence of them, is of a kind. */
static bool
has_step(const json_t *node, const char *list, bool (*is_it)(const json_t *))
{
    const json_t *steps = json_object_get(node, list);

    for (size_t i = 0; i < json_array_size(steps); i++) {
        if (has_step(json_array_get(steps, i), list, is_it)) {
            return true;
        }
    }
    return is_it(node);
}

static bool
is_metaspace(const json_t *node)
{
    return strcmp(type_of(node), "Metaspace") == 0;
}

bool
token_pretokenizer_is_plain(
    const json_t *normalizer, const json_t *pre_tokenizer)
{
    return has_step(normalizer, "normalizers", writes_spaces) ||
           has_step(pre_tokenizer, "pretokenizers", is_metaspace);
}

static bool
is_in(const char *type, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(type, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Add the types that are left out to what. */
static int
check_normalizer(
    char what[200], const char *path, const json_t *normalizer, bool is_plain)
{
    const char *type = type_of(normalizer);

    if (normalizer == NULL || json_is_null(normalizer) ||
        (is_plain && writes_spaces(normalizer))) {
        return 0;
    }
    if (strcmp(type, "Sequence") == 0) {
        const json_t *list = json_object_get(normalizer, "normalizers");
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (check_normalizer(
                    what, path, json_array_get(list, i), is_plain) != 0) {
                return -1;
            }
        }
        return 0;
    }
    if (is_in(type, left_out, sizeof(left_out) / sizeof(left_out[0])) ||
        (is_plain && is_in(type, left_out_plain, 2))) {
        size_t n = strlen(what);
        snprintf(what + n, 200 - n, "%s%s", n == 0 ? "" : ", ", type);
        return 0;
    }
    report_error("%s: normalizer %s is not supported", path, type);
    return -1;
}

int
token_pretokenizer_check_normalizer(
    const char *path, const json_t *normalizer, bool is_plain)
{
    char what[200] = "";

    if (check_normalizer(what, path, normalizer, is_plain) != 0) {
        return -1;
    }
    if (what[0] != '\0') {
        report_note("%s: left out, because the text could not be restored: "
                    "normalizer %s",
            path, what);
    }
    return 0;
}

/* A member that is true, or absent where that means true. */
static bool
is_true(const json_t *node, const char *name, bool by_default)
{
    const json_t *value = json_object_get(node, name);

    return json_is_boolean(value) ? json_is_true(value) : by_default;
}

static int
add_byte_level(struct token_split *split, const char *path, const json_t *node)
{
    if (is_true(node, "add_prefix_space", true)) {
        report_note("%s: the space that add_prefix_space puts in front of a "
                    "text is left out: it is not part of the text",
            path);
    }
    if (!is_true(node, "use_regex", true)) {
        return 0;
    }
    return token_split_expression(
        split, path, TOKEN_GPT2_EXPRESSION, sizeof(TOKEN_GPT2_EXPRESSION) - 1);
}

/*
 * Isolated makes pieces of the matches and of what lies between them.  So
 * does Removed with invert, except that it drops what lies between; the
 * expressions it is used with leave nothing there.
 */
static int
add_split(struct token_split *split, const char *path, const json_t *node)
{
    const char *behavior = json_string_value(json_object_get(node, "behavior"));
    const json_t *pattern = json_object_get(node, "pattern");
    const json_t *expression = json_object_get(pattern, "Regex");
    const json_t *string = json_object_get(pattern, "String");

    if (behavior == NULL || (strcmp(behavior, "Isolated") != 0 &&
                                !(strcmp(behavior, "Removed") == 0 &&
                                    is_true(node, "invert", false)))) {
        report_error("%s: pre-tokenizer Split with behavior %s is not "
                     "supported, only Isolated is",
            path, behavior == NULL ? "(none)" : behavior);
        return -1;
    }
    if (json_is_string(expression)) {
        return token_split_expression(split, path,
            json_string_value(expression), json_string_length(expression));
    }
    if (json_is_string(string) && json_string_length(string) > 0) {
        return token_split_string(
            split, path, json_string_value(string), json_string_length(string));
    }
    report_error("%s: pre-tokenizer Split has no pattern", path);
    return -1;
}

static int
add_digits(struct token_split *split, const char *path, const json_t *node)
{
    bool is_single = is_true(node, "individual_digits", false);
    const char *digits = is_single ? "\\p{N}" : "\\p{N}+";

    return token_split_expression(split, path, digits, strlen(digits));
}

/* One step; *is_last is set by the one that turns characters into bytes. */
static int
add_step(struct token_split *split, const char *path, const json_t *node,
    bool *is_last)
{
    const char *type = type_of(node);

    if (*is_last) {
        report_error("%s: pre-tokenizer %s after ByteLevel is not supported",
            path, type);
        return -1;
    } else if (strcmp(type, "ByteLevel") == 0) {
        *is_last = true;
        return add_byte_level(split, path, node);
    } else if (strcmp(type, "Split") == 0) {
        return add_split(split, path, node);
    } else if (strcmp(type, "Digits") == 0) {
        return add_digits(split, path, node);
    }
    report_error("%s: pre-tokenizer %s is not supported; known are ByteLevel, "
                 "Split, Digits and Sequence",
        path, type);
    return -1;
}

int
token_pretokenizer_add(
    struct token_split *split, const char *path, const json_t *node)
{
    bool is_last = false;

    if (node == NULL || json_is_null(node)) {
        report_error("%s: there is no pre-tokenizer: not byte-level BPE", path);
        return -1;
    }
    if (strcmp(type_of(node), "Sequence") == 0) {
        const json_t *list = json_object_get(node, "pretokenizers");
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (add_step(split, path, json_array_get(list, i), &is_last) != 0) {
                return -1;
            }
        }
    } else if (add_step(split, path, node, &is_last) != 0) {
        return -1;
    }
    if (!is_last) {
        report_error("%s: pre-tokenizer %s without ByteLevel is not supported: "
                     "not byte-level BPE",
            path, type_of(node));
        return -1;
    }
    return 0;
}

/* One step of splitting plain texts. */
static int
add_plain_step(struct token_split *split, const char *path, const json_t *node,
    bool *cuts_words)
{
    const char *type = type_of(node);

    if (strcmp(type, "Metaspace") == 0) {
        const json_t *space = json_object_get(node, "replacement");
        if (space != NULL && !is_text(node, "replacement", TOKEN_SPACE)) {
            report_error("%s: pre-tokenizer Metaspace with another replacement "
                         "than U+2581 is not supported",
                path);
            return -1;
        }
        if (!is_text(node, "prepend_scheme", "never") &&
            is_true(node, "add_prefix_space", true)) {
            report_note("%s: the space that Metaspace puts in front of a text "
                        "is left out: it is not part of the text",
                path);
        }
        *cuts_words = is_true(node, "split", true);
        return !*cuts_words
                   ? 0
                   : token_split_expression(split, path, WORD, strlen(WORD));
    } else if (strcmp(type, "WhitespaceSplit") == 0) {
        report_note("%s: left out, because the text could not be restored: "
                    "pre-tokenizer %s, which drops white space",
            path, type);
        return 0;
    } else if (strcmp(type, "Split") == 0 &&
               is_text(json_object_get(node, "pattern"), "String", " ")) {
        return 0; /* the normalizer left no spaces */
    } else if (strcmp(type, "Digits") == 0) {
        return add_digits(split, path, node);
    }
    report_error("%s: pre-tokenizer %s is not supported for SentencePiece; "
                 "known are Metaspace, WhitespaceSplit, Digits and Sequence",
        path, type);
    return -1;
}

int
token_pretokenizer_add_plain(struct token_split *split, const char *path,
    const json_t *node, bool *cuts_words)
{
    const json_t *list = json_object_get(node, "pretokenizers");

    *cuts_words = false;
    if (node == NULL || json_is_null(node)) {
        return 0;
    }
    if (strcmp(type_of(node), "Sequence") != 0) {
        return add_plain_step(split, path, node, cuts_words);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (add_plain_step(split, path, json_array_get(list, i), cuts_words) !=
            0) {
            return -1;
        }
    }
    return 0;
}
