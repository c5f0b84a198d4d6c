/*
 * cmd.h - the subcommands of codelen.
 *
 * A command reads its options, wires the folders together and returns one of
 * the exit statuses; all ranks return the same.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stddef.h>

struct options_spec;
struct par;

enum cmd_status {
    CMD_DONE = 0,
    CMD_FAILED = 1,
    CMD_USAGE = 2,
    CMD_STOPPED = 75, /* on request, with work left: run the command again */
};

struct command {
    const char *name;
    const char *group;   /* heading in the help */
    const char *summary; /* one line */
    enum cmd_status (*run)(struct par *par, int argc, char **argv);
};

/* All commands, in the order of the help; ends with a NULL name. */
extern const struct command cmd_table[];

/* Options of commands that sweeps are made of. */
extern const struct options_spec measure_spec, baseline_spec, train_spec;

enum cmd_status cmd_measure(struct par *par, int argc, char **argv);
enum cmd_status cmd_compress(struct par *par, int argc, char **argv);
enum cmd_status cmd_decompress(struct par *par, int argc, char **argv);
enum cmd_status cmd_test(struct par *par, int argc, char **argv);
enum cmd_status cmd_baseline(struct par *par, int argc, char **argv);
enum cmd_status cmd_export(struct par *par, int argc, char **argv);
enum cmd_status cmd_plan(struct par *par, int argc, char **argv);
enum cmd_status cmd_run(struct par *par, int argc, char **argv);
enum cmd_status cmd_generate(struct par *par, int argc, char **argv);
enum cmd_status cmd_info(struct par *par, int argc, char **argv);
enum cmd_status cmd_score(struct par *par, int argc, char **argv);
enum cmd_status cmd_tokenizer(struct par *par, int argc, char **argv);
enum cmd_status cmd_train(struct par *par, int argc, char **argv);

#endif /* CMD_CMD_H */
