/*
 * main.c - start the ranks, find the command, run it, one exit status.
 */
#include <stdio.h>
#include <string.h>

#include "base/build.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "cmd/cmd.h"
#include "par/par.h"

/* More commands than there are. */
#define COMMANDS_MAX 32

static void
print_help(FILE *out)
{
    const char *group = "";

    fprintf(out, "usage: codelen COMMAND [--job FILE] [--KEY VALUE ...]\n\n"
                 "How many bits does a predictor need to describe a corpus?\n");
    for (const struct command *c = cmd_table; c->name != NULL; c++) {
        if (strcmp(group, c->group) != 0) {
            group = c->group;
            fprintf(out, "\n%s\n", group);
        }
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    }
    fprintf(out,
        "\nexample: codelen measure --corpus text:book.txt --predictor "
        "ngram:5\n"
        "codelen COMMAND --help lists the options of a command with units "
        "and defaults.\n");
}

static const struct command *
find_command(const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t n = 0;

    for (const struct command *c = cmd_table; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
        names[n++] = c->name;
    }
    const char *nearest = options_nearest(name, names, n);
    if (nearest != NULL) {
        report_error("%s: no such command; did you mean %s?", name, nearest);
    } else {
        report_error("%s: no such command; codelen --help lists all", name);
    }
    return NULL;
}

/* Help, version or a command. */
static enum cmd_status
run(struct par *par, int argc, char **argv)
{
    if (argc < 2) {
        if (par_rank(par) == 0) {
            print_help(stderr);
        }
        return CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        if (par_rank(par) == 0) {
            print_help(stdout);
        }
        return CMD_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        if (par_rank(par) == 0) {
            printf("codelen %s (%s)\n", build_version(), build_revision());
        }
        return CMD_DONE;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL) {
        return CMD_USAGE;
    }
    report_command(command->name);
    return command->run(par, argc - 2, argv + 2);
}

int
main(int argc, char **argv)
{
    struct par *par = par_start(&argc, &argv);

    if (par == NULL) {
        return CMD_FAILED;
    }
    stop_on_lost_map();
    enum cmd_status status = run(par, argc, argv);
    if (fflush(stdout) != 0 && status == CMD_DONE) {
        report_error("cannot write to standard output");
        status = CMD_FAILED;
    }
    par_finish(par);
    return (int)status;
}
