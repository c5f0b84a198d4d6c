/*
 * pieces_list.h - the files of a directory and below, by name; only for
 * pieces.c.
 */
#ifndef CORPUS_PIECES_LIST_H
#define CORPUS_PIECES_LIST_H

#include <stddef.h>
#include <stdint.h>

struct pieces_entry {
    size_t name;    /* offset in names */
    uint64_t end;   /* of its pieces in the source; set by pieces.c */
    uint64_t stamp; /* of size and time of the last change */
};

struct pieces_list {
    const char *root;    /* as given; kept */
    const char *endings; /* kept */
    char *names;         /* relative to root, each ended by a zero */
    size_t names_bytes, names_max;
    struct pieces_entry *entries; /* in the order of their names, bytewise */
    size_t n, n_max;
    uint64_t n_skipped; /* files with other endings */
};

/*
 * Find the files under root whose names end in one of endings (".png .jpg",
 * lower case; upper case is taken too), or root itself if it is a file,
 * whatever its name.  What begins with a dot is not looked at.
 *
 * Owner: pieces_list_release(), also after an error.
 */
int pieces_list_find(
    struct pieces_list *list, const char *root, const char *endings);
void pieces_list_release(struct pieces_list *list);

const char *pieces_list_name(const struct pieces_list *list, size_t i);

/* "ROOT/NAME", or ROOT if that is a file; freed with mem_free(). */
char *pieces_list_path(const struct pieces_list *list, size_t i);

/* Stamp of a file as it is now.  Errors: -1, reported. */
int pieces_list_stamp(uint64_t *stamp, const char *path);

#endif /* CORPUS_PIECES_LIST_H */
