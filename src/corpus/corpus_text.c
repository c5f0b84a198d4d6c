/*
 * corpus_text.c
 *
 * Any file, byte for byte.  Whether it is compressed is decided by its first
 * bytes, not by its name.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus_kind.h"
#include "corpus/corpus_packed.h"

struct text_source {
    const char *path; /* kept by the corpus */
    struct stat opened;
    struct file_map map;
    const struct packed_format *format; /* NULL: plain */
    struct packed *packed;              /* NULL: plain */
};

static void
text_close(void *object)
{
    struct text_source *source = object;

    packed_close(source->packed);
    file_map_close(&source->map);
    mem_free(source);
}

static void *
text_open(const char *path, const struct corpus_part *part)
{
    struct text_source *source = NULL;

    (void)part;
    if (*path == '\0') {
        report_error("corpus \"text:\": no file named, write text:FILE");
        return NULL;
    }
    source = mem_alloc(1, sizeof(*source));
    if (source == NULL) {
        return NULL;
    }
    source->path = path;
    if (file_map_open(&source->map, path) != 0) {
        mem_free(source);
        return NULL;
    }
    if (stat(path, &source->opened) != 0) {
        report_error("%s: %s", path, strerror(errno));
        text_close(source);
        return NULL;
    }
    source->format = packed_detect(source->map.data, source->map.bytes);
    if (source->format == NULL) {
        return source;
    }
    source->packed =
        packed_open(source->format, path, source->map.data, source->map.bytes);
    if (source->packed == NULL) {
        text_close(source);
        return NULL;
    }
    return source;
}

static uint64_t
text_bytes(const void *object)
{
    const struct text_source *source = object;

    return source->packed == NULL ? source->map.bytes
                                  : packed_bytes(source->packed);
}

static const uint8_t *
text_view(void *object, uint64_t offset, size_t bytes, uint8_t *scratch)
{
    struct text_source *source = object;

    if (source->packed == NULL) {
        return source->map.data + offset;
    }
    if (packed_read(source->packed, scratch, offset, bytes) != 0) {
        return NULL;
    }
    return scratch;
}

static int
text_identify(void *object, struct corpus_identity *identity, char *hex)
{
    struct text_source *source = object;

    identity->source_bytes = source->map.bytes;
    identity->format = source->format == NULL ? "plain" : source->format->name;
    if (hex == NULL) {
        return 0;
    }
    /* What is mapped, not what has the name now. */
    struct hash_sha256 *hash = hash_sha256_new();
    if (hash == NULL) {
        return -1;
    }
    hash_sha256_add_map(hash, &source->map);
    hash_sha256_finish(hash, hex);
    hash_sha256_free(hash);
    return 0;
}

static int
text_check(const void *object)
{
    const struct text_source *source = object;
    const struct stat *then = &source->opened;
    struct stat now;

    if (stat(source->path, &now) != 0 || now.st_dev != then->st_dev ||
        now.st_ino != then->st_ino) {
        return 0; /* the mapped file has no name any more: it stays */
    }
    if (now.st_size != then->st_size ||
        now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != then->st_mtim.tv_nsec) {
        report_error("%s: was changed while it was being read", source->path);
        return -1;
    }
    return 0;
}

const struct corpus_kind corpus_text_kind = {
    .name = "text",
    .open = text_open,
    .close = text_close,
    .bytes = text_bytes,
    .view = text_view,
    .identify = text_identify,
    .check = text_check,
};
