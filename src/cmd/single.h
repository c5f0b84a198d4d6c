/*
 * single.h - commands that the first rank does alone.
 */
#ifndef CMD_SINGLE_H
#define CMD_SINGLE_H

#include "cmd/cmd.h"

struct options;
struct options_spec;
struct par;

/* What to do.  Only rank 0 calls it.  Errors: -1; reported. */
typedef int single_work(
    const struct options *options, const void *settings, const struct par *par);

/*
 * Read the options into settings and let rank 0 work.  A command that takes
 * operands wants at least one, unless they are written "[...]".
 *
 * Collective: yes.
 */
enum cmd_status single_run(struct par *par, const struct options_spec *spec,
    void *settings, int argc, char **argv, single_work *work);

#endif /* CMD_SINGLE_H */
