/*
 * tokenizer.c - codelen tokenizer: finds which of its commands is meant.
 */
#include "cmd/tokenizer.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/report.h"
#include "par/par.h"

#define N_COMMANDS 3

static const struct command commands[N_COMMANDS] = {
    {"train", "", "learn the vocabulary of a byte-level BPE from a corpus",
        cmd_tokenizer_train},
    {"encode", "", "the token ids of a text, one a line", cmd_tokenizer_encode},
    {"decode", "", "the text of a list of token ids", cmd_tokenizer_decode},
};

static void
print_help(FILE *out)
{
    fprintf(out, "usage: codelen tokenizer COMMAND [--KEY VALUE ...]\n\n"
                 "Which tokens does a text have?\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(out,
        "\nexample: codelen tokenizer encode --tokenizer tokenizer.json "
        "book.txt\n"
        "codelen tokenizer COMMAND --help lists the options of a command.\n");
}

enum cmd_status
cmd_tokenizer(struct par *par, int argc, char **argv)
{
    const char *names[N_COMMANDS];
    const char *name = argc > 0 ? argv[0] : "";
    bool is_help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;

    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return commands[i].run(par, argc - 1, argv + 1);
        }
        names[i] = commands[i].name;
    }
    if (par_rank(par) == 0 && (is_help || argc == 0)) {
        print_help(is_help ? stdout : stderr);
    } else if (!is_help && argc > 0) {
        const char *nearest = options_nearest(name, names, N_COMMANDS);
        report_error("%s: no such command; %s%s%s", name,
            nearest == NULL ? "codelen tokenizer --help lists all"
                            : "did you mean ",
            nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
    }
    /* All ranks agree; the first of them speaks. */
    par_any_failed(par, is_help || argc == 0 ? 0 : -1);
    return is_help ? CMD_DONE : CMD_USAGE;
}
