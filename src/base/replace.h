/*
 * replace.h - a file that appears under its name only when it is whole.
 *
 * It is written as ".NAME.partial" beside its place, synced and renamed, so
 * that a death at any moment leaves the old file or the new one.
 */
#ifndef BASE_REPLACE_H
#define BASE_REPLACE_H

#include <stddef.h>

struct replace;

/* Owner: ends with replace_finish() or replace_abandon(). */
struct replace *replace_begin(const char *path);

/* Append.  A failure is reported once and remembered. */
void replace_write(struct replace *file, const void *data, size_t bytes);

/*
 * Put the file in its place and free the object.
 *
 * Errors: -1 if anything went wrong since the start; what was there stays.
 */
int replace_finish(struct replace *file);

/* Forget what was written; accepts NULL. */
void replace_abandon(struct replace *file);

/* All of it at once. */
int replace_file(const char *path, const void *data, size_t bytes);

/*
 * For files that are written in another way: the name before it is whole
 * (freed with mem_free()), and putting it, synced, in its place.
 *
 * Errors: what is at path is not a regular file (a device, a pipe, a
 * directory); reported.
 */
char *replace_partial_name(const char *path);
int replace_rename(const char *partial, const char *path);

#endif /* BASE_REPLACE_H */
