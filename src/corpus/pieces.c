/*
 * pieces.c
 *
 * Opening looks at the header of every file and keeps where its pieces end in
 * the source, so finding the file of an offset is a binary search.
 */
#include "corpus/pieces.h"

#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus.h"
#include "corpus/pieces_list.h"

/* Of a file that has not been looked at. */
#define NO_STAMP 0

struct pieces {
    const struct pieces_medium *medium;
    const void *settings;
    struct pieces_list list;
    uint64_t bytes;         /* of all pieces */
    uint64_t source_bytes;  /* of all files as stored */
    uint64_t dropped_bytes; /* that are in no piece */

    /* Pieces of file number decoded_file (list.n: none yet). */
    uint8_t *decoded;
    size_t decoded_max; /* of the largest file */
    size_t decoded_file;
    size_t failed_file; /* that cannot be decoded, which has been reported */
};

struct opened_file {
    struct pieces_file file;
    struct file_map map;
    char *path;
};

static void
close_file(struct opened_file *opened)
{
    file_map_close(&opened->map);
    mem_free(opened->path);
}

/* Open file number i and see to it that it is still the one that was found. */
static int
open_file(struct opened_file *opened, const struct pieces *p, size_t i)
{
    uint64_t *known = &p->list.entries[i].stamp, stamp;

    *opened = (struct opened_file){.path = pieces_list_path(&p->list, i)};
    if (opened->path == NULL) {
        return -1;
    }
    if (file_map_open(&opened->map, opened->path) != 0) {
        mem_free(opened->path);
        return -1;
    }
    opened->file =
        (struct pieces_file){opened->path, opened->map.data, opened->map.bytes};
    if (pieces_list_stamp(&stamp, opened->path) != 0) {
        close_file(opened);
        return -1;
    }
    if (*known != NO_STAMP && *known != stamp) {
        report_error("%s: was changed while it was being read", opened->path);
        close_file(opened);
        return -1;
    }
    *known = stamp;
    return 0;
}

static int
measure_file(struct pieces *p, size_t i)
{
    struct pieces_size size;
    struct opened_file opened;

    if (open_file(&opened, p, i) != 0) {
        return -1;
    }
    int rc = p->medium->measure(p->settings, &size, &opened.file);
    if (rc == 0) {
        p->source_bytes += opened.file.bytes;
        p->dropped_bytes += size.all_bytes - size.piece_bytes;
        p->bytes += size.piece_bytes;
        p->list.entries[i].end = p->bytes;
        if (size.piece_bytes > p->decoded_max) {
            p->decoded_max = (size_t)size.piece_bytes;
        }
    }
    close_file(&opened);
    return rc;
}

static int
find_files(struct pieces *p, const char *path)
{
    if (pieces_list_find(&p->list, path, p->medium->endings) != 0) {
        return -1;
    }
    if (p->list.n == 0) {
        report_error("%s: no %s in this directory: of %llu files no name ends "
                     "in one of %s",
            path, p->medium->noun, (unsigned long long)p->list.n_skipped,
            p->medium->endings);
        return -1;
    }
    for (size_t i = 0; i < p->list.n; i++) {
        if (measure_file(p, i) != 0) {
            return -1;
        }
    }
    if (p->bytes == 0) {
        report_error("%s: %zu %s%s too small: %s", path, p->list.n,
            p->medium->noun, p->list.n == 1 ? " is" : "s are all",
            p->medium->too_small_help);
        return -1;
    }
    return 0;
}

struct pieces *
pieces_open(
    const struct pieces_medium *medium, const void *settings, const char *path)
{
    struct pieces *p = mem_alloc(1, sizeof(*p));

    if (p == NULL) {
        return NULL;
    }
    p->medium = medium;
    p->settings = settings;
    if (find_files(p, path) != 0) {
        goto fail;
    }
    p->decoded_file = p->list.n;
    p->failed_file = p->list.n;
    p->decoded = mem_map(p->decoded_max);
    if (p->decoded == NULL) {
        goto fail;
    }
    return p;

fail:
    pieces_close(p);
    return NULL;
}

void
pieces_close(struct pieces *p)
{
    if (p != NULL) {
        pieces_list_release(&p->list);
        mem_unmap(p->decoded, p->decoded_max);
        mem_free(p);
    }
}

uint64_t
pieces_bytes(const struct pieces *p)
{
    return p->bytes;
}

/* Where the pieces of file i begin in the source. */
static uint64_t
first_of(const struct pieces *p, size_t i)
{
    return i == 0 ? 0 : p->list.entries[i - 1].end;
}

/* The file that holds the byte at offset. */
static size_t
find_file(const struct pieces *p, uint64_t offset)
{
    size_t low = 0, high = p->list.n - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->list.entries[middle].end > offset) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* See to it that the decoded file is number i. */
static int
decode_file(struct pieces *p, size_t i)
{
    struct opened_file opened;

    if (p->decoded_file == i) {
        return 0;
    }
    if (p->failed_file == i) {
        return -1; /* another thread wants a piece of it too */
    }
    p->decoded_file = p->list.n;
    p->failed_file = i;
    if (open_file(&opened, p, i) != 0) {
        return -1;
    }
    int rc = p->medium->decode(p->settings, p->decoded, &opened.file);
    if (rc == 0) {
        p->decoded_file = i;
        p->failed_file = p->list.n;
    }
    close_file(&opened);
    return rc;
}

int
pieces_read(struct pieces *p, uint8_t *out, uint64_t offset, size_t bytes)
{
    for (size_t i = find_file(p, offset); bytes > 0; i++) {
        uint64_t end = p->list.entries[i].end;
        if (end <= offset) {
            continue; /* a file without pieces */
        }
        size_t n = end - offset < bytes ? (size_t)(end - offset) : bytes;
        if (decode_file(p, i) != 0) {
            return -1;
        }
        memcpy(out, p->decoded + (offset - first_of(p, i)), n);
        out += n;
        offset += n;
        bytes -= n;
    }
    return 0;
}

static int
hash_files(struct pieces *p, struct hash_sha256 *hash)
{
    for (size_t i = 0; i < p->list.n; i++) {
        const char *name = pieces_list_name(&p->list, i);
        struct opened_file opened;
        if (open_file(&opened, p, i) != 0) {
            return -1;
        }
        if (name[0] != '\0') {
            uint64_t bytes = opened.file.bytes; /* the machine is
                                                   little-endian */
            hash_sha256_add(hash, name, strlen(name) + 1);
            hash_sha256_add(hash, &bytes, sizeof(bytes));
        }
        hash_sha256_add_map(hash, &opened.map);
        close_file(&opened);
    }
    return 0;
}

int
pieces_identify(struct pieces *p, struct corpus_identity *identity, char *hex)
{
    identity->source_bytes = p->source_bytes;
    identity->n_files = p->list.n;
    identity->n_skipped = p->list.n_skipped;
    identity->dropped_bytes = p->dropped_bytes;
    if (hex == NULL) {
        return 0;
    }
    struct hash_sha256 *hash = hash_sha256_new();
    if (hash == NULL) {
        return -1;
    }
    int rc = hash_files(p, hash);
    hash_sha256_finish(hash, hex);
    hash_sha256_free(hash);
    return rc;
}
