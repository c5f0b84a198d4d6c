/*
 * sync.c
 */
#include "results/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"

static int
sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int rc = -1;

    /* EINVAL: this file system has nothing to sync here. */
    if (fd >= 0 && (fsync(fd) == 0 || errno == EINVAL)) {
        rc = 0;
    }
    if (rc != 0) {
        report_error("%s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

int
sync_file(const char *path)
{
    return sync_path(path, O_RDWR);
}

int
sync_parent(const char *path)
{
    char *copy = mem_strdup(path);
    int rc =
        copy == NULL ? -1 : sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);

    mem_free(copy);
    return rc;
}
