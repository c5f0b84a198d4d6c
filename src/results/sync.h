/*
 * sync.h - making names and contents of files survive a loss of power.
 */
#ifndef RESULTS_SYNC_H
#define RESULTS_SYNC_H

/* The contents of a closed file. */
int sync_file(const char *path);

/* The name of a file: its directory. */
int sync_parent(const char *path);

#endif /* RESULTS_SYNC_H */
