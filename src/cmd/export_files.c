/*
 * export_files.c
 *
 * A run that was begun and is not complete has a journal, OUT.journal, and no
 * OUT yet: who asks for all files of a directory would not notice.
 */
#include "cmd/export_files.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

/* What the names of outputs and journals end with. */
#define OUTPUT  ".h5"
#define JOURNAL ".journal"

/* Directories inside each other, at most: links may form a circle. */
#define DEPTH_MAX 32

/* A search while it goes on. */
struct search {
    struct export_files *files;
    enum results_kind kind;
    struct export_files begun; /* outputs that have a journal only */
};

static int
add(struct export_files *files, const char *path, size_t bytes)
{
    void *paths = files->paths;

    if (mem_grow(&paths, &files->n_max, files->n, files->n + 1,
            sizeof(*files->paths)) != 0) {
        return -1;
    }
    files->paths = paths;
    files->paths[files->n] = mem_printf("%.*s", (int)bytes, path);
    return files->paths[files->n++] == NULL ? -1 : 0;
}

static bool
ends_with(const char *path, const char *ending)
{
    size_t bytes = strlen(path), n = strlen(ending);

    return bytes > n && strcmp(path + bytes - n, ending) == 0;
}

static int look_below(struct search *s, const char *path, int depth);

/* Something that a pattern or a directory led to. */
static int
take(struct search *s, const char *path, int depth)
{
    if (ends_with(path, OUTPUT JOURNAL)) {
        size_t bytes = strlen(path) - strlen(JOURNAL);
        char *out = mem_printf("%.*s", (int)bytes, path);
        int rc = out == NULL        ? -1
                 : file_exists(out) ? 0
                                    : add(&s->begun, path, bytes);
        mem_free(out);
        return s->kind == RESULTS_KIND_RUN ? rc : 0;
    }
    if (file_is_directory(path)) {
        return look_below(s, path, depth + 1);
    }
    if (!ends_with(path, OUTPUT) || results_kind_of(path) != s->kind) {
        return 0;
    }
    return add(s->files, path, strlen(path));
}

static int
look_below(struct search *s, const char *path, int depth)
{
    int rc = 0;

    if (depth > DEPTH_MAX) {
        return 0;
    }
    DIR *directory = opendir(path);
    if (directory == NULL) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    for (const struct dirent *e = readdir(directory); e != NULL && rc == 0;
         e = readdir(directory)) {
        if (e->d_name[0] == '.') {
            continue; /* hidden: half-written files, too */
        }
        char *below = file_join(path, e->d_name);
        rc = below == NULL ? -1 : take(s, below, depth);
        mem_free(below);
    }
    closedir(directory);
    return rc;
}

/* All that a pattern matches. */
static int
take_pattern(struct search *s, const char *pattern, bool *is_found)
{
    glob_t found;
    int rc = 0;

    *is_found = glob(pattern, 0, NULL, &found) == 0;
    for (size_t i = 0; *is_found && i < found.gl_pathc && rc == 0; i++) {
        rc = take(s, found.gl_pathv[i], 0);
    }
    globfree(&found);
    return rc;
}

static int
take_name(struct search *s, const char *name)
{
    bool is_found, is_begun;

    if (file_exists(name) && !file_is_directory(name)) {
        return add(s->files, name, strlen(name));
    }
    char *journal = mem_printf("%s" JOURNAL, name);
    int rc = journal == NULL ? -1 : take_pattern(s, name, &is_found);
    if (rc == 0) {
        rc = take_pattern(s, journal, &is_begun);
    }
    if (rc == 0 && !is_found && !is_begun) {
        report_error("%s: no such file", name);
        rc = -1;
    }
    mem_free(journal);
    return rc;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order, each once. */
static void
sort(struct export_files *files)
{
    size_t n = 0;

    if (files->n > 0) {
        qsort(files->paths, files->n, sizeof(*files->paths), by_name);
    }
    for (size_t i = 0; i < files->n; i++) {
        if (n > 0 && strcmp(files->paths[n - 1], files->paths[i]) == 0) {
            mem_free(files->paths[i]);
        } else {
            files->paths[n++] = files->paths[i];
        }
    }
    files->n = n;
}

int
export_files_find(struct export_files *files, const char *const *names,
    size_t n, enum results_kind kind, bool may_leave_out)
{
    struct search search = {.files = files, .kind = kind};
    struct export_files *begun = &search.begun;
    int rc = 0;

    *files = (struct export_files){0};
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = take_name(&search, names[i]);
    }
    sort(files);
    sort(begun);
    for (size_t i = 0; i < begun->n && rc == 0 && may_leave_out; i++) {
        report_warning("%s: left out, it is not complete", begun->paths[i]);
    }
    if (rc == 0 && begun->n > 0 && !may_leave_out) {
        report_error("%s: was begun and is not complete (%zu such): run its "
                     "command again, or leave such runs out with --incomplete",
            begun->paths[0], begun->n);
        rc = -1;
    }
    if (rc == 0 && files->n == 0 && begun->n == 0) {
        report_error("%s: no %s there", names[0],
            kind == RESULTS_KIND_RUN ? "results" : "logs of training runs");
        rc = -1;
    }
    export_files_release(begun);
    return rc;
}

void
export_files_release(struct export_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        mem_free(files->paths[i]);
    }
    mem_free(files->paths);
    *files = (struct export_files){0};
}
