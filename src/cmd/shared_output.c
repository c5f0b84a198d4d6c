/*
 * shared_output.c
 *
 * For the standard output, rank 0 collects the parts of a round: each is sent
 * with its place and length in front.
 */
#include "cmd/shared_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/report.h"
#include "par/par.h"
#include "par/par_file.h"

struct shared_output {
    struct par *par;
    char *path, *partial;  /* NULL: standard output */
    struct par_file *file; /* likewise */
    void *parts;           /* for the standard output, since the last flush */
    size_t parts_bytes, parts_max;
};

/* In front of the bytes of a part. */
struct part {
    uint64_t offset, bytes;
};

static void
free_output(struct shared_output *o)
{
    par_file_close(o->file);
    mem_free(o->path);
    mem_free(o->partial);
    mem_free(o->parts);
    mem_free(o);
}

static int
name_files(struct shared_output *o, const char *path, bool overwrite)
{
    if (strcmp(path, "-") == 0) {
        return 0;
    }
    if (path[0] == '\0') {
        report_error("--out: the name is empty");
        return -1;
    }
    if (file_exists(path) && !overwrite) {
        report_error("%s: is there already; --overwrite replaces it", path);
        return -1;
    }
    o->path = mem_strdup(path);
    o->partial = replace_partial_name(path);
    return o->path == NULL || o->partial == NULL ? -1 : file_check_parent(path);
}

struct shared_output *
shared_output_open(struct par *par, const char *path, bool overwrite)
{
    struct shared_output *o = mem_alloc(1, sizeof(*o));
    int rc = -1;

    if (o != NULL) {
        o->par = par;
        rc = name_files(o, path, overwrite);
    }
    if (!par_any_failed(par, rc)) {
        if (o->partial == NULL) {
            return o;
        }
        o->file = par_file_open(par, o->partial);
        if (o->file != NULL) {
            return o;
        }
    }
    if (o != NULL) {
        free_output(o);
    }
    return NULL;
}

const char *
shared_output_partial(const struct shared_output *o)
{
    return o->partial;
}

int
shared_output_put(
    struct shared_output *o, uint64_t offset, const void *data, size_t bytes)
{
    struct part part = {offset, bytes};
    size_t needed = o->parts_bytes + sizeof(part) + bytes;

    if (o->file != NULL) {
        return par_file_write(o->file, offset, data, bytes);
    }
    if (bytes == 0) {
        return 0;
    }
    if (mem_grow(&o->parts, &o->parts_max, o->parts_bytes, needed, 1) != 0) {
        return -1;
    }
    memcpy((uint8_t *)o->parts + o->parts_bytes, &part, sizeof(part));
    memcpy((uint8_t *)o->parts + o->parts_bytes + sizeof(part), data, bytes);
    o->parts_bytes = needed;
    return 0;
}

/* A part among those that came. */
struct place {
    uint64_t offset;
    const uint8_t *data;
    size_t bytes;
};

static int
compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
print(const uint8_t *data, size_t bytes)
{
    if (fwrite(data, 1, bytes, stdout) != bytes) {
        report_error("standard output: %s", strerror(errno));
        return -1;
    }
    return 0;
}

/* Print all parts in order. */
static int
print_parts(const uint8_t *parts, size_t bytes)
{
    void *list = NULL;
    size_t n = 0, n_max = 0;
    int rc = 0;

    for (size_t at = 0; at < bytes && rc == 0; n++) {
        struct part part;
        memcpy(&part, parts + at, sizeof(part));
        at += sizeof(part);
        rc = mem_grow(&list, &n_max, n, n + 1, sizeof(struct place));
        if (rc == 0) {
            ((struct place *)list)[n] =
                (struct place){part.offset, parts + at, (size_t)part.bytes};
        }
        at += (size_t)part.bytes;
    }
    struct place *places = list;
    if (rc == 0 && n > 0) {
        qsort(places, n, sizeof(*places), compare);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = print(places[i].data, places[i].bytes);
    }
    mem_free(list);
    if (rc == 0 && fflush(stdout) != 0) {
        report_error("standard output: %s", strerror(errno));
        rc = -1;
    }
    return rc;
}

int
shared_output_flush(struct shared_output *o)
{
    size_t n_ranks = (size_t)par_size(o->par), bytes = 0;
    uint8_t *all = NULL;

    if (o->file != NULL) {
        return par_file_sync(o->file);
    }
    size_t *bytes_to = mem_alloc(n_ranks, sizeof(*bytes_to));
    if (par_any_failed(o->par, bytes_to == NULL ? -1 : 0)) {
        mem_free(bytes_to);
        return -1;
    }
    bytes_to[0] = o->parts_bytes;
    int rc = par_exchange(o->par, &all, &bytes, o->parts, bytes_to);
    mem_free(bytes_to);
    if (rc != 0) {
        return -1;
    }
    o->parts_bytes = 0;
    rc = par_rank(o->par) == 0 ? print_parts(all, bytes) : 0;
    mem_free(all);
    return par_any_failed(o->par, rc) ? -1 : 0;
}

int
shared_output_cut(struct shared_output *o, uint64_t bytes)
{
    return o->file == NULL ? 0 : par_file_resize(o->file, bytes);
}

int
shared_output_finish(struct shared_output *o, uint64_t bytes)
{
    struct par *par = o->par;
    int rc = shared_output_cut(o, bytes);

    if (rc == 0) {
        rc = shared_output_flush(o);
    }
    if (rc == 0 && par_rank(par) == 0 && o->file != NULL) {
        rc = replace_rename(o->partial, o->path);
    }
    rc = par_any_failed(par, rc) ? -1 : 0;
    shared_output_abandon(o, true);
    return rc;
}

void
shared_output_abandon(struct shared_output *o, bool is_kept)
{
    if (o == NULL) {
        return;
    }
    if (o->file != NULL && !is_kept) {
        par_barrier(o->par);
        if (par_rank(o->par) == 0) {
            unlink(o->partial);
        }
    }
    free_output(o);
}
