/*
 * pieces_list.c
 */
#include "corpus/pieces_list.h"

#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"

/* Whether name ends in one of the endings. */
static int
has_ending(const char *name, const char *endings)
{
    size_t n = strlen(name);

    while (*endings != '\0') {
        size_t m = strcspn(endings, " ");
        if (n > m && strncasecmp(name + n - m, endings, m) == 0) {
            return 1;
        }
        endings += m + (endings[m] == ' ');
    }
    return 0;
}

static int
add_name(struct pieces_list *list, const char *name)
{
    size_t bytes = strlen(name) + 1;
    void *names = list->names, *entries = list->entries;

    if (mem_grow(&names, &list->names_max, list->names_bytes,
            list->names_bytes + bytes, 1) != 0) {
        return -1;
    }
    list->names = names;
    if (mem_grow(&entries, &list->n_max, list->n, list->n + 1,
            sizeof(*list->entries)) != 0) {
        return -1;
    }
    list->entries = entries;
    memcpy(list->names + list->names_bytes, name, bytes);
    list->entries[list->n++] = (struct pieces_entry){.name = list->names_bytes};
    list->names_bytes += bytes;
    return 0;
}

/* What the walk found at one place. */
static int
take(struct pieces_list *list, FTS *walk, FTSENT *found)
{
    switch (found->fts_info) {
    case FTS_D:
    case FTS_F:
    case FTS_NSOK:
    case FTS_DEFAULT:
    case FTS_SLNONE:
        break;
    case FTS_DP:
        return 0;
    case FTS_DC:
        report_error("%s: the directory holds itself", found->fts_path);
        return -1;
    default:
        report_error("%s: %s", found->fts_path, strerror(found->fts_errno));
        return -1;
    }
    if (found->fts_level > 0 && found->fts_name[0] == '.') {
        fts_set(walk, found, FTS_SKIP);
        return 0;
    }
    if (found->fts_info == FTS_D) {
        return 0;
    }
    if (!has_ending(found->fts_name, list->endings)) {
        list->n_skipped++;
        return 0;
    }
    const char *name = found->fts_path + strlen(list->root);
    return add_name(list, name + strspn(name, "/"));
}

static int
compare_entries(const void *a, const void *b, void *names)
{
    const struct pieces_entry *x = a, *y = b;

    return strcmp((const char *)names + x->name, (const char *)names + y->name);
}

static int
walk_root(struct pieces_list *list)
{
    char *roots[] = {(char *)(uintptr_t)list->root, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    int rc = 0;

    if (walk == NULL) {
        report_error("%s: %s", list->root, strerror(errno));
        return -1;
    }
    for (;;) {
        errno = 0;
        FTSENT *found = fts_read(walk);
        if (found == NULL && errno != 0) {
            report_error("%s: %s", list->root, strerror(errno));
            rc = -1;
        }
        if (found == NULL || rc != 0) {
            break;
        }
        rc = take(list, walk, found);
    }
    fts_close(walk);
    return rc;
}

int
pieces_list_find(
    struct pieces_list *list, const char *root, const char *endings)
{
    *list = (struct pieces_list){.root = root, .endings = endings};
    if (!file_is_directory(root)) {
        return add_name(list, "");
    }
    if (walk_root(list) != 0) {
        return -1;
    }
    if (list->n > 0) {
        qsort_r(list->entries, list->n, sizeof(*list->entries), compare_entries,
            list->names);
    }
    return 0;
}

void
pieces_list_release(struct pieces_list *list)
{
    mem_free(list->names);
    mem_free(list->entries);
}

const char *
pieces_list_name(const struct pieces_list *list, size_t i)
{
    return list->names + list->entries[i].name;
}

char *
pieces_list_path(const struct pieces_list *list, size_t i)
{
    const char *name = pieces_list_name(list, i);

    return name[0] == '\0' ? mem_strdup(list->root)
                           : file_join(list->root, name);
}

int
pieces_list_stamp(uint64_t *stamp, const char *path)
{
    struct stat now;

    if (stat(path, &now) != 0) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    *stamp = rng_mix((uint64_t)now.st_size);
    *stamp = rng_mix(*stamp ^ (uint64_t)now.st_mtim.tv_sec);
    *stamp = rng_mix(*stamp ^ (uint64_t)now.st_mtim.tv_nsec);
    return 0;
}
