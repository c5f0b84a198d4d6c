/*
 * journal_dir.c
 */
#include "results/journal_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

#define LOCK_NAME "lock"

/* Make directory and lock file.  Returns the open lock file. */
static int
open_lock(const char *path, const char *lock)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        report_error(
            "%s: cannot make this directory: %s", path, strerror(errno));
        return -1;
    }
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        report_error("%s: %s", lock, strerror(errno));
    }
    return fd;
}

/* Whether fd is still what the name stands for: a run may have removed it. */
static int
is_current(int fd, const char *lock)
{
    struct stat by_fd, by_name;

    return fstat(fd, &by_fd) == 0 && stat(lock, &by_name) == 0 &&
           by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev;
}

int
journal_dir_lock(const char *path, const char *output)
{
    char *lock = file_join(path, LOCK_NAME);
    int fd = -1;

    for (int tries = 0; lock != NULL && tries < 10; tries++) {
        fd = open_lock(path, lock);
        if (fd < 0) {
            break;
        }
        int rc = flock(fd, LOCK_EX | LOCK_NB);
        if (rc != 0 && errno == EWOULDBLOCK) {
            report_error("%s: another run is writing this output (it holds "
                         "%s); wait for it or choose another --out",
                output, lock);
            close(fd);
            fd = -1;
            break;
        }
        /* Some network file systems have no locks: go on without. */
        if (rc != 0 || is_current(fd, lock)) {
            break;
        }
        close(fd);
        fd = -1;
    }
    mem_free(lock);
    return fd;
}

static int
is_journal_name(const char *name)
{
    unsigned run, rank;
    int n = 0;

    return sscanf(name, "run-%u-rank-%u.log%n", &run, &rank, &n) == 2 &&
           n > 0 && name[n] == '\0';
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int
journal_dir_list(struct journal_names *names, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    memset(names, 0, sizeof(*names));
    if (dir == NULL) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!is_journal_name(entry->d_name)) {
            continue;
        }
        if (mem_grow((void **)&names->names, &names->n_max, names->n,
                names->n + 1, sizeof(*names->names)) != 0) {
            goto fail;
        }
        names->names[names->n] = mem_strdup(entry->d_name);
        if (names->names[names->n] == NULL) {
            goto fail;
        }
        names->n++;
    }
    closedir(dir);
    if (names->n > 0) {
        qsort(names->names, names->n, sizeof(*names->names), compare_names);
    }
    return 0;
fail:
    closedir(dir);
    journal_names_release(names);
    return -1;
}

void
journal_names_release(struct journal_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        mem_free(names->names[i]);
    }
    mem_free(names->names);
    memset(names, 0, sizeof(*names));
}

unsigned
journal_dir_next_run(const struct journal_names *names)
{
    unsigned next = 1;

    for (size_t i = 0; i < names->n; i++) {
        unsigned run;
        if (sscanf(names->names[i], "run-%u", &run) == 1 && run >= next) {
            next = run + 1;
        }
    }
    return next;
}

char *
journal_dir_file(const char *path, unsigned run, int rank)
{
    return mem_printf("%s/run-%04u-rank-%05d.log", path, run, rank);
}

int
journal_dir_remove(const char *path)
{
    struct journal_names names;
    int rc = 0;

    if (journal_dir_list(&names, path) != 0) {
        return -1;
    }
    for (size_t i = 0; i <= names.n; i++) {
        /* The lock goes last. */
        char *file = file_join(path, i < names.n ? names.names[i] : LOCK_NAME);
        if (file == NULL || (unlink(file) != 0 && errno != ENOENT)) {
            rc = -1;
        }
        mem_free(file);
    }
    journal_names_release(&names);
    if (rc != 0 || rmdir(path) != 0) {
        report_warning(
            "%s: cannot be removed; it is not needed any more", path);
    }
    return 0;
}

void
journal_dir_remove_if_empty(const char *path)
{
    struct journal_names names;

    if (journal_dir_list(&names, path) == 0 && names.n == 0) {
        journal_dir_remove(path);
    }
    journal_names_release(&names);
}
