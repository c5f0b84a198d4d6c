/*
 * sweep_file.c
 */
#include "cmd/sweep_file.h"

#include <string.h>

#include "base/options.h"
#include "base/report.h"
#include "study/sweep.h"

static const struct options_spec *const specs[] = {
    &measure_spec, &baseline_spec, &train_spec, NULL};

static sweep_command *const commands[] = {cmd_measure, cmd_baseline, cmd_train};

/* What a command takes, but not in a sweep. */
static int
check_run(const struct sweep *sweep, const char *path, size_t run)
{
    struct options *options = sweep_options(sweep, run);
    int rc = options == NULL ? -1 : 0;

    if (rc == 0 && strcmp(options_named(options, "overwrite"), "yes") == 0) {
        report_error("%s: overwrite cannot stand in a sweep, where complete "
                     "outputs are skipped; remove those that are to be made "
                     "anew",
            path);
        rc = -1;
    }
    const char *codec = rc == 0 ? options_named(options, "codec") : NULL;
    if (codec != NULL && strchr(codec, ',') != NULL) {
        report_error("%s: run %zu has the codecs %s, and a run of a sweep has "
                     "one output: put \"codec = %s\" below [sweep]",
            path, run, codec, codec);
        rc = -1;
    }
    options_free(options);
    return rc;
}

struct sweep *
sweep_file_open(sweep_command **command, const char *path)
{
    struct sweep *sweep = sweep_open(path, specs);
    size_t kind = 0;

    if (sweep == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sweep_count(sweep); i++) {
        if (check_run(sweep, path, i) != 0) {
            sweep_close(sweep);
            return NULL;
        }
    }
    while (specs[kind] != sweep_spec(sweep)) {
        kind++;
    }
    *command = commands[kind];
    return sweep;
}
