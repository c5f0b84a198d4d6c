/*
 * token_pretokenizer.c
 */
#include "token/token_pretokenizer.h"

#include <stdbool.h>
#include <string.h>

#include "base/report.h"
#include "token/token_split.h"

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
};

static const char *
type_of(const json_t *node)
{
    const char *type = json_string_value(json_object_get(node, "type"));

    return type == NULL ? "(no type)" : type;
}

int
token_pretokenizer_check_normalizer(const char *path, const json_t *normalizer)
{
    const char *type = type_of(normalizer);

    if (normalizer == NULL || json_is_null(normalizer)) {
        return 0;
    }
    if (strcmp(type, "Sequence") == 0) {
        const json_t *list = json_object_get(normalizer, "normalizers");
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (token_pretokenizer_check_normalizer(
                    path, json_array_get(list, i)) != 0) {
                return -1;
            }
        }
        return 0;
    }
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
        if (strcmp(type, left_out[i]) == 0) {
            report_note("%s: the normalizer %s is left out: the text could "
                        "not be restored from its result",
                path, type);
            return 0;
        }
    }
    report_error("%s: normalizer %s is not supported, only byte-level BPE is",
        path, type);
    return -1;
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
        bool is_single = is_true(node, "individual_digits", false);
        const char *digits = is_single ? "\\p{N}" : "\\p{N}+";
        return token_split_expression(split, path, digits, strlen(digits));
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
