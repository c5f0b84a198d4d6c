/*
 * file_serial.c
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"
#include "par/par_file.h"

struct par_file {
    char *path;
    int fd;
};

static int
fail(const struct par_file *file)
{
    report_error("%s: %s", file->path, strerror(errno));
    return -1;
}

struct par_file *
par_file_open(struct par *par, const char *path)
{
    struct par_file *file = mem_alloc(1, sizeof(*file));

    (void)par;
    if (file == NULL) {
        return NULL;
    }
    file->fd = -1;
    file->path = mem_strdup(path);
    if (file->path != NULL) {
        file->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    }
    if (file->fd < 0) {
        if (file->path != NULL) {
            fail(file);
        }
        par_file_close(file);
        return NULL;
    }
    return file;
}

void
par_file_close(struct par_file *file)
{
    if (file != NULL) {
        if (file->fd >= 0) {
            close(file->fd);
        }
        mem_free(file->path);
        mem_free(file);
    }
}

int
par_file_write(
    struct par_file *file, uint64_t offset, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    while (bytes > 0) {
        ssize_t n = pwrite(file->fd, p, bytes, (off_t)offset);
        if (n < 0 && errno != EINTR) {
            return fail(file);
        }
        if (n > 0) {
            p += n;
            offset += (uint64_t)n;
            bytes -= (size_t)n;
        }
    }
    return 0;
}

int
par_file_resize(struct par_file *file, uint64_t bytes)
{
    return ftruncate(file->fd, (off_t)bytes) == 0 ? 0 : fail(file);
}

int
par_file_sync(struct par_file *file)
{
    /* EINVAL: this file system has nothing to sync here. */
    return fsync(file->fd) == 0 || errno == EINVAL ? 0 : fail(file);
}
