/*
 * file.c
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"

/* What an empty file maps to: mmap() refuses a length of zero. */
static const uint8_t nothing[1];

int
file_map_open(struct file_map *map, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) != 0) {
        report_error("%s: %s", path, strerror(errno));
        goto fail;
    }
    if (S_ISDIR(st.st_mode)) {
        report_error("%s: is a directory, a file is needed", path);
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        report_error("%s: is a pipe or a device and cannot be mapped; copy it "
                     "to a file first",
            path);
        goto fail;
    }
    map->bytes = (size_t)st.st_size;
    map->data = nothing;
    if (map->bytes > 0) {
        void *data = mmap(NULL, map->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            report_error("%s: cannot be mapped: %s", path, strerror(errno));
            goto fail;
        }
        map->data = data;
    }
    close(fd);
    return 0;

fail:
    if (fd >= 0) {
        close(fd);
    }
    *map = (struct file_map){.data = nothing};
    return -1;
}

void
file_map_close(struct file_map *map)
{
    if (map->bytes > 0) {
        munmap((void *)(uintptr_t)map->data, map->bytes);
    }
    *map = (struct file_map){.data = nothing};
}

void
file_map_rest(const struct file_map *map)
{
    if (map->bytes > 0) {
        madvise((void *)(uintptr_t)map->data, map->bytes, MADV_DONTNEED);
    }
}

char *
file_read_text(const char *path, size_t *bytes, size_t bytes_max)
{
    struct file_map map;
    char *text = NULL;

    if (file_map_open(&map, path) != 0) {
        return NULL;
    }
    if (map.bytes > bytes_max) {
        report_error("%s: %zu bytes, more than the %zu that such a file may "
                     "have",
            path, map.bytes, bytes_max);
    } else {
        text = mem_alloc(map.bytes + 1, 1);
    }
    if (text != NULL) {
        memcpy(text, map.data, map.bytes);
        *bytes = map.bytes;
    }
    file_map_close(&map);
    return text;
}

bool
file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool
file_is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *
file_join(const char *directory, const char *name)
{
    size_t n = strlen(directory);
    bool has_slash = n > 0 && directory[n - 1] == '/';

    return mem_printf("%s%s%s", directory, has_slash ? "" : "/", name);
}

int
file_check_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    int rc = 0;

    if (slash == NULL || slash == path) {
        return 0;
    }
    char *parent = mem_printf("%.*s", (int)(slash - path), path);
    if (parent == NULL) {
        return -1;
    }
    if (!file_exists(parent)) {
        report_error("%s: directory %s does not exist; create it with mkdir -p",
            path, parent);
        rc = -1;
    } else if (!file_is_directory(parent)) {
        report_error("%s: %s is not a directory", path, parent);
        rc = -1;
    }
    mem_free(parent);
    return rc;
}
