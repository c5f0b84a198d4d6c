/*
 * export_files.h - which files an export reads.
 */
#ifndef CMD_EXPORT_FILES_H
#define CMD_EXPORT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "results/kind.h"

/* Paths, sorted, each once. */
struct export_files {
    char **paths;
    size_t n, n_max;
};

/*
 * Files of a kind by n names: of files, of directories (all files of the kind
 * below them), or patterns like 'out/b-*.h5'.  A file that is named is taken
 * whatever it is.
 *
 * Owner: export_files_release(), also after an error.
 * Errors: -1: a name or pattern without file; a run that was begun and is not
 * complete, unless it may be left out; reported.
 */
int export_files_find(struct export_files *files, const char *const *names,
    size_t n, enum results_kind kind, bool may_leave_out);
void export_files_release(struct export_files *files);

#endif /* CMD_EXPORT_FILES_H */
