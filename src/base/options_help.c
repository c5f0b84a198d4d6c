/*
 * options_help.c
 */
#include <stdio.h>
#include <string.h>

#include "options_internal.h"

/* Columns before the text of an option. */
#define HELP_COLUMN      28
#define LINE_MAX_COLUMNS 79

/* Print text from column on, broken at spaces. */
static void
print_wrapped(const char *text, int column)
{
    int at = column;

    while (*text != '\0') {
        int n = (int)strcspn(text, " ");
        if (at > column && at + 1 + n > LINE_MAX_COLUMNS) {
            printf("\n%*s", column, "");
            at = column;
        }
        if (at > column) {
            printf(" ");
            at++;
        }
        printf("%.*s", n, text);
        at += n;
        text += n;
        text += strspn(text, " ");
    }
    printf("\n");
}

/* "--chunk BYTES|whole" */
static void
format_left(char *out, size_t out_bytes_max, const struct option *option)
{
    const char *unit = option->unit ? option->unit : "";
    const char *words = option->choices ? option->choices : "";
    bool has_both = unit[0] != '\0' && words[0] != '\0';

    snprintf(out, out_bytes_max, "  --%s%s%s%s%s", option->name,
        unit[0] != '\0' || words[0] != '\0' ? " " : "", unit,
        has_both ? "|" : "", words);
}

static void
print_option(const struct option *option)
{
    char left[128];
    char right[512];

    format_left(left, sizeof(left), option);
    if (option->is_required) {
        snprintf(right, sizeof(right), "%s (needed)", option->help);
    } else if (option->value != NULL && option->type != OPTION_FLAG) {
        snprintf(right, sizeof(right), "%s (default %s)", option->help,
            option->value);
    } else {
        snprintf(right, sizeof(right), "%s", option->help);
    }
    printf("%-*s", HELP_COLUMN, left);
    if (strlen(left) >= HELP_COLUMN) {
        printf("\n%*s", HELP_COLUMN, "");
    }
    print_wrapped(right, HELP_COLUMN);
}

void
options_print_help(const struct options_spec *spec)
{
    static const struct option common[] = {
        {.name = "job",
            .unit = "FILE",
            .help = "read options from FILE, lines of the form key = value; "
                    "the command line wins"},
        {.name = "help", .help = "show this"},
    };

    printf("usage: codelen %s%s%s [--KEY VALUE ...]\n\n", spec->command,
        spec->operands ? " " : "", spec->operands ? spec->operands : "");
    print_wrapped(spec->question, 0);
    printf("\n");
    for (size_t i = 0; i < spec->n_options; i++) {
        print_option(&spec->table[i]);
    }
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        print_option(&common[i]);
    }
    if (spec->example != NULL) {
        printf("\nexample: %s\n", spec->example);
    }
}
