/*
 * results_finish.c
 *
 * The output gets its name when everything in it is on the disk; only then
 * the journals go.  No rank leaves alone: all decide together after each step.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/datasets.h"
#include "results/journal_dir.h"
#include "results/reserve.h"
#include "results/results_internal.h"
#include "results/sync.h"
#include "results/writer.h"

/* The attributes of rank 0 and the identity, as bytes. */
static int
encode_attributes(uint8_t **bytes, size_t *n_bytes,
    const struct results *results, const struct attribute *attributes,
    size_t n_attributes)
{
    struct attribute_list list = {0};
    int rc = 0;

    for (size_t i = 0; i < n_attributes && rc == 0; i++) {
        rc = attribute_list_add(&list, &attributes[i]);
    }
    for (size_t i = 0; i < results->identity.n && rc == 0; i++) {
        struct attribute copy = results->identity.items[i];
        char *name = mem_printf("%s.%s", copy.group, copy.name);
        copy.group = "identity";
        copy.name = name;
        rc = name == NULL ? -1 : attribute_list_add(&list, &copy);
        mem_free(name);
    }
    if (rc == 0) {
        rc = attribute_encode(bytes, n_bytes, list.items, list.n);
    }
    attribute_list_release(&list);
    return rc;
}

/* All ranks get the attributes of rank 0. */
static int
share_attributes(struct attribute_list *list, const struct results *results,
    const struct attribute *attributes, size_t n_attributes)
{
    struct par *par = results->par;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    int rc = 0;

    if (par_rank(par) == 0) {
        rc = encode_attributes(
            &bytes, &n_bytes, results, attributes, n_attributes);
    }
    par_broadcast(par, &n_bytes, sizeof(n_bytes), 0);
    if (par_rank(par) > 0) {
        bytes = mem_alloc(n_bytes, 1);
        rc = bytes == NULL ? -1 : 0;
    }
    if (!par_any_failed(par, rc)) {
        par_broadcast(par, bytes, n_bytes, 0);
        rc = attribute_decode(list, bytes, n_bytes);
        rc = par_any_failed(par, rc) ? -1 : 0;
    } else {
        rc = -1;
    }
    mem_free(bytes);
    return rc;
}

/*
 * Fill an open file; collective, the same result on all ranks.  start_s: when
 * finishing began.
 */
static int
fill_file(struct writer *writer, struct datasets *set,
    const struct attribute_list *attributes, double start_s)
{
    struct par *par = set->par;
    int rc;

    if (datasets_write(set, writer) != 0) {
        return -1;
    }
    rc = writer_attributes(writer, attributes->items, attributes->n);
    if (par_any_failed(par, rc)) {
        return -1;
    }
    double seconds = clock_now_s() - start_s;
    struct attribute time = {
        .group = "run", .name = "finish_write_seconds", .type = ATTRIBUTE_F64};
    par_max_f64(par, &seconds, 1);
    time.f64 = seconds;
    rc = writer_attributes(writer, &time, 1);
    if (par_any_failed(par, rc)) {
        return -1;
    }
    rc = writer_complete(writer);
    return par_any_failed(par, rc) ? -1 : 0;
}

/* Write the file at path; collective, the same result on all ranks. */
static int
write_file(struct datasets *set, const char *path,
    const struct attribute_list *attributes, double start_s)
{
    const struct writer_options options = {
        .path = path,
        .n_chunks = set->shape->n_chunks,
        .n_tokens = datasets_token_count(set),
        .n_buckets = set->shape->n_buckets,
        .has_token_bits = set->shape->has_token_bits,
        .attribute_bytes = attribute_list_bytes(attributes),
    };
    struct writer *writer = writer_create(set->par, &options);

    if (writer == NULL) {
        return -1;
    }
    int rc = fill_file(writer, set, attributes, start_s);
    rc |= writer_close(writer);
    return par_any_failed(set->par, rc) ? -1 : 0;
}

/* "DIR/.NAME.partial": in the same directory, so that it can be renamed. */
static char *
partial_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir_bytes = slash == NULL ? 0 : (int)(slash + 1 - path);

    return mem_printf("%.*s.%s.partial", dir_bytes, path, path + dir_bytes);
}

/* Rank 0: give the file its name; then the journals are not needed. */
static int
publish(struct results *results, const char *partial)
{
    if (reserve_give_back(partial) != 0 || sync_file(partial) != 0) {
        return -1;
    }
    if (rename(partial, results->path) != 0) {
        report_error("%s: cannot be renamed from %s: %s", results->path,
            partial, strerror(errno));
        return -1;
    }
    if (sync_parent(results->path) != 0) {
        return -1;
    }
    return journal_dir_remove(results->journal_path);
}

int
results_finish(struct results *results, const struct attribute *attributes,
    size_t n_attributes)
{
    struct par *par = results->par;
    struct datasets set = {.par = par};
    struct attribute_list list = {0};
    char *partial = partial_path(results->path);
    double start_s = clock_now_s();
    int rc = journal_close(results->journal);

    results->journal = NULL;
    rc = par_any_failed(par, partial == NULL ? -1 : rc) ? -1 : 0;
    if (rc == 0) {
        rc = datasets_init(&set, results);
    }
    if (rc == 0) {
        rc = share_attributes(&list, results, attributes, n_attributes);
    }
    if (rc == 0) {
        rc = write_file(&set, partial, &list, start_s);
        if (par_rank(par) == 0 && rc == 0) {
            rc = publish(results, partial);
        }
        if (par_rank(par) == 0 && rc != 0) {
            unlink(partial);
        }
        rc = par_any_failed(par, rc) ? -1 : 0;
    }
    results->is_finished = rc == 0;
    attribute_list_release(&list);
    datasets_release(&set);
    mem_free(partial);
    return rc;
}
