/*
 * journal_dir.h - the directory OUT.journal: its lock and its files.
 *
 * Files are named run-RRRR-rank-KKKKK.log.  Each run takes a number of its
 * own, so no run writes over what an earlier one left, whatever its number of
 * ranks; sorted names are in the order of runs.  Rank 0 only.
 */
#ifndef RESULTS_JOURNAL_DIR_H
#define RESULTS_JOURNAL_DIR_H

#include <stddef.h>

/* Names of files in a directory, sorted. */
struct journal_names {
    char **names;
    size_t n;
    size_t n_max;
};

/*
 * Make the directory if it is missing and lock it for this run.  Returns a
 * file descriptor that holds the lock until it is closed, or -1, reported:
 * another run has the lock, no permission, ...
 */
int journal_dir_lock(const char *path, const char *output);

/* The journals in the directory. */
int journal_dir_list(struct journal_names *names, const char *path);
void journal_names_release(struct journal_names *names);

/* A run number higher than that of every name. */
unsigned journal_dir_next_run(const struct journal_names *names);

/* Path of a rank's journal; freed with mem_free(). */
char *journal_dir_file(const char *path, unsigned run, int rank);

/* Remove journals, lock and directory.  What is not ours stays. */
int journal_dir_remove(const char *path);

/* The same if there is no journal in it: a run that came to nothing. */
void journal_dir_remove_if_empty(const char *path);

#endif /* RESULTS_JOURNAL_DIR_H */
