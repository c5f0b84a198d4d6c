/*
 * sweep_file.h - a sweep of the commands that there are.
 */
#ifndef CMD_SWEEP_FILE_H
#define CMD_SWEEP_FILE_H

#include "cmd/cmd.h"

struct sweep;

/* What a run is. */
typedef enum cmd_status sweep_command(struct par *par, int argc, char **argv);

/*
 * Open a sweep file and find its command.
 *
 * Owner: the caller frees with sweep_close().
 * Errors: NULL; reported: also runs with several outputs, and --overwrite.
 */
struct sweep *sweep_file_open(sweep_command **command, const char *path);

#endif /* CMD_SWEEP_FILE_H */
