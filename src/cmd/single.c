/*
 * single.c
 */
#include "cmd/single.h"

#include "base/options.h"
#include "base/report.h"
#include "par/par.h"

enum cmd_status
single_run(struct par *par, const struct options_spec *spec, void *settings,
    int argc, char **argv, single_work *work)
{
    struct options *options = options_new(spec);
    enum options_outcome outcome = OPTIONS_WRONG;
    enum cmd_status status = CMD_DONE;

    if (options != NULL) {
        outcome =
            options_parse(options, settings, argc, argv, par_rank(par) == 0);
    }
    if (outcome == OPTIONS_OK && spec->operands != NULL &&
        spec->operands[0] != '[' && options_operand_count(options) == 0) {
        report_error(
            "no file given: codelen %s %s", spec->command, spec->operands);
        outcome = OPTIONS_WRONG;
    }
    if (par_any_failed(par, outcome == OPTIONS_WRONG ? -1 : 0)) {
        status = CMD_USAGE;
    } else if (outcome == OPTIONS_OK) {
        int rc = par_rank(par) == 0 ? work(options, settings, par) : 0;
        status = par_any_failed(par, rc) ? CMD_FAILED : CMD_DONE;
    }
    options_free(options);
    return status;
}
