/*
 * reserve.c
 */
#include "results/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/report.h"
#include "base/units.h"

/* Errors with which file systems say that they cannot reserve. */
static int
is_unsupported(int error)
{
    return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

/* 0, or the errno that says why there is no room. */
static int
look_for_room(int fd, uint64_t bytes)
{
    struct statvfs fs;

    if (fstatvfs(fd, &fs) != 0) {
        return 0;
    }
    return fs.f_bavail < bytes / fs.f_frsize ? ENOSPC : 0;
}

int
reserve_room(const char *path, uint64_t bytes)
{
    char amount[32];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int error = 0;

    if (fd < 0) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    while (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) != 0) {
        if (errno != EINTR) {
            error = errno;
            break;
        }
    }
    if (is_unsupported(error)) {
        error = look_for_room(fd, bytes);
    }
    close(fd);
    if (error != 0) {
        units_format_bytes(amount, sizeof(amount), (double)bytes);
        report_error("%s: needs up to %s of room: %s; make room and run the "
                     "same command again: no row is lost",
            path, amount, strerror(error));
        return -1;
    }
    return 0;
}

int
reserve_give_back(const char *path)
{
    struct stat st;

    /* Cutting a file to the size it has frees the blocks behind its end. */
    if (stat(path, &st) != 0 || truncate(path, st.st_size) != 0) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    return 0;
}
