/*
 * replace.c
 */
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"

struct replace {
    char *path, *partial;
    int fd, rc;
};

static void
fail(struct replace *file, const char *path)
{
    if (file->rc == 0) {
        report_error("%s: %s", path, strerror(errno));
    }
    file->rc = -1;
}

/* "DIR/.NAME.partial".  A device in that place would be gone for all users. */
char *
replace_partial_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    struct stat facts;

    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) {
        report_error("%s: not a regular file; it is not replaced", path);
        return NULL;
    }
    return mem_printf("%.*s.%s.partial", (int)(name - path), path, name);
}

struct replace *
replace_begin(const char *path)
{
    struct replace *file = mem_alloc(1, sizeof(*file));

    if (file == NULL) {
        return NULL;
    }
    file->fd = -1;
    file->path = mem_strdup(path);
    file->partial = replace_partial_name(path);
    if (file->path != NULL && file->partial != NULL) {
        file->fd =
            open(file->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file->fd < 0) {
            fail(file, file->partial);
        }
    }
    if (file->fd < 0) {
        replace_abandon(file);
        return NULL;
    }
    return file;
}

void
replace_write(struct replace *file, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    while (bytes > 0 && file->rc == 0) {
        ssize_t n = write(file->fd, p, bytes);
        if (n < 0 && errno != EINTR) {
            fail(file, file->path);
        } else if (n > 0) {
            p += n;
            bytes -= (size_t)n;
        }
    }
}

/* The name of the file: its directory. */
static int
sync_parent(const char *path)
{
    char *copy = mem_strdup(path);
    int fd = copy == NULL
                 ? -1
                 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    /* EINVAL: this file system has nothing to sync here. */
    if (copy == NULL) {
        rc = -1;
    } else if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) {
        report_error("%s: %s", path, strerror(errno));
        rc = -1;
    }
    if (fd >= 0) {
        close(fd);
    }
    mem_free(copy);
    return rc;
}

int
replace_rename(const char *partial, const char *path)
{
    if (rename(partial, path) != 0) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    return sync_parent(path);
}

int
replace_finish(struct replace *file)
{
    if (file->rc == 0 && fsync(file->fd) != 0 && errno != EINVAL) {
        fail(file, file->path);
    }
    if (file->rc == 0) {
        file->rc = replace_rename(file->partial, file->path);
    }
    int rc = file->rc;
    replace_abandon(file);
    return rc;
}

void
replace_abandon(struct replace *file)
{
    if (file == NULL) {
        return;
    }
    if (file->fd >= 0) {
        close(file->fd);
        unlink(file->partial); /* gone already if it was renamed */
    }
    mem_free(file->path);
    mem_free(file->partial);
    mem_free(file);
}

int
replace_file(const char *path, const void *data, size_t bytes)
{
    struct replace *file = replace_begin(path);

    if (file == NULL) {
        return -1;
    }
    replace_write(file, data, bytes);
    return replace_finish(file);
}
