/*
 * file.h - whole files: mapping, reading, replacing.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file mapped read-only.  data is not NULL, also when bytes is 0. */
struct file_map {
    const uint8_t *data;
    size_t bytes;
};

/* Errors: missing, unreadable, a directory, a pipe; reported. */
int file_map_open(struct file_map *map, const char *path);
void file_map_close(struct file_map *map);

/* Take the pages out of this process; they come back when they are read. */
void file_map_rest(const struct file_map *map);

/*
 * A whole text file of at most bytes_max bytes as a string with a zero byte
 * at the end; *bytes excludes it.
 *
 * Owner: the caller frees with mem_free().
 */
char *file_read_text(const char *path, size_t *bytes, size_t bytes_max);

bool file_exists(const char *path);
bool file_is_directory(const char *path);

/* "DIR/NAME" as a new string; freed with mem_free(). */
char *file_join(const char *directory, const char *name);

/* -1, reported, unless the directory that will hold path exists. */
int file_check_parent(const char *path);

#endif /* BASE_FILE_H */
