/*
 * options_value.c - from the text of a value to the field of a struct.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "base/units.h"
#include "options_internal.h"

/* Whether word is one of the words of "a|b|c". */
static bool
is_choice(const char *word, const char *choices)
{
    size_t bytes = strlen(word);

    while (choices != NULL && *choices != '\0') {
        size_t n = strcspn(choices, "|");
        if (n == bytes && memcmp(choices, word, n) == 0) {
            return true;
        }
        choices += n + (choices[n] == '|');
    }
    return false;
}

/* Read a number; with a word such as "whole" standing for 0. */
static int
convert_number(double *value, uint64_t *whole, const struct option *option,
    const char *text)
{
    int rc = -1;

    if (is_choice(text, option->choices)) {
        *whole = 0;
        return 0;
    }
    if (option->type == OPTION_BYTES) {
        rc = units_parse_bytes(whole, text);
        *value = (double)*whole;
    } else if (option->type == OPTION_COUNT) {
        rc = units_parse_u64(whole, text);
        *value = (double)*whole;
    } else {
        rc = units_parse_double(value, text);
    }
    if (rc != 0) {
        report_error("--%s %s: not a number%s%s%s%s", option->name, text,
            option->type == OPTION_BYTES ? " of bytes (2048, 2KiB, 4MB)" : "",
            option->type == OPTION_COUNT ? " of things (12, 1e6)" : "",
            option->choices ? " nor the word " : "",
            option->choices ? option->choices : "");
        return -1;
    }
    if (*value < option->min || *value > option->max) {
        report_error("--%s %s: must be between %.10g and %.10g%s%s",
            option->name, text, option->min, option->max,
            option->choices ? ", or " : "",
            option->choices ? option->choices : "");
        return -1;
    }
    return 0;
}

/*
 * Convert the number of an option that has one.  Its text becomes the plain
 * number, so that 2KiB and 2048 are the same value wherever it is compared.
 */
static int
convert_number_field(
    struct option_value *value, const struct option *option, char *field)
{
    double real = 0;
    uint64_t whole = 0;
    bool is_word =
        value->text != NULL && is_choice(value->text, option->choices);
    bool is_real = option->type == OPTION_REAL;

    if (value->text != NULL &&
        convert_number(&real, &whole, option, value->text) != 0) {
        return -1;
    }
    if (value->text != NULL && !is_word) {
        char *plain =
            is_real ? mem_printf("%.15g", real) : mem_printf("%" PRIu64, whole);
        if (plain == NULL) {
            return -1;
        }
        mem_free(value->text);
        value->text = plain;
    }
    if (is_real) {
        memcpy(field, &real, sizeof(real));
    } else {
        memcpy(field, &whole, sizeof(whole));
    }
    return 0;
}

int
options_convert(const struct options *o, size_t i, void *settings)
{
    const struct option *option = &o->spec->table[i];
    const char *text = o->values[i].text;
    char unused[sizeof(double)];
    char *field = settings ? (char *)settings + option->offset : unused;
    bool flag;

    switch (option->type) {
    case OPTION_CHOICE:
        if (text != NULL && !is_choice(text, option->choices)) {
            report_error("--%s %s: must be one of %s", option->name, text,
                option->choices);
            return -1;
        }
        /* fall through */
    case OPTION_TEXT:
        memcpy(field, &text, sizeof(text));
        return 0;
    case OPTION_FLAG:
        flag = text != NULL && strcmp(text, "yes") == 0;
        if (text != NULL && !flag && strcmp(text, "no") != 0) {
            report_error("--%s %s: must be yes or no", option->name, text);
            return -1;
        }
        memcpy(field, &flag, sizeof(flag));
        return 0;
    case OPTION_BYTES:
    case OPTION_COUNT:
    case OPTION_REAL:
        return convert_number_field(&o->values[i], option, field);
    }
    return -1;
}
