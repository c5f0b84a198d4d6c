/*
 * results.c
 *
 * Opening: after the look (results_look.c) all ranks read the journals, each
 * a contiguous part of their sorted names, and join what they found in one
 * bitmap.
 */
#include "results/results.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/fields.h"
#include "results/journal_dir.h"
#include "results/results_internal.h"

/* A remark of a rank about damaged journals, for rank 0 to print. */
#define REMARK_BYTES 512

uint64_t
results_part(uint64_t n, uint64_t part, uint64_t n_parts)
{
    return n / n_parts * part + n % n_parts * part / n_parts;
}

int
results_add_file(struct results *results, char *file)
{
    if (file == NULL ||
        mem_grow((void **)&results->files, &results->n_files_max,
            results->n_files, results->n_files + 1, sizeof(char *)) != 0) {
        mem_free(file);
        return -1;
    }
    results->files[results->n_files++] = file;
    return 0;
}

/* The caller's identity and what shapes the rows. */
static int
make_identity(
    struct attribute_list *identity, const struct results_options *options)
{
    const struct attribute shape[] = {
        {"shape", "corpus_bytes", ATTRIBUTE_U64, .u64 = options->corpus_bytes},
        {"shape", "chunk_bytes", ATTRIBUTE_U64, .u64 = options->chunk_bytes},
        {"shape", "chunks", ATTRIBUTE_U64, .u64 = options->n_chunks},
        {"shape", "buckets", ATTRIBUTE_U64, .u64 = options->n_buckets},
        {"shape", "token_bits", ATTRIBUTE_U64, .u64 = options->has_token_bits},
    };

    for (size_t i = 0; i < options->n_identity; i++) {
        struct attribute copy = options->identity[i];
        copy.is_default = false;
        if (attribute_list_add(identity, &copy) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
        if (attribute_list_add(identity, &shape[i]) != 0) {
            return -1;
        }
    }
    return 0;
}

static struct results *
new_results(struct par *par, const struct results_options *options)
{
    struct results *results = mem_alloc(1, sizeof(*results));

    if (results == NULL) {
        return NULL;
    }
    results->par = par;
    results->lock = -1;
    results->shape.n_chunks = options->n_chunks;
    results->shape.n_buckets = options->n_buckets;
    results->shape.has_token_bits = options->has_token_bits;
    results->path = mem_strdup(options->path);
    results->journal_path = mem_printf("%s.journal", options->path);
    if (results->path == NULL || results->journal_path == NULL ||
        make_identity(&results->identity, options) != 0) {
        results_close(results);
        return NULL;
    }
    return results;
}

/*
 * Reading the journals.
 */

/* Keep the first remark; rank 0 prints those of all ranks later. */
static void
remark(char text[REMARK_BYTES], const struct journal_reader *reader)
{
    if (text[0] == '\0') {
        snprintf(text, REMARK_BYTES,
            "%s: the record at byte %zu is cut off or damaged: it and what "
            "follows is dropped, the %" PRIu64 " rows before it are kept",
            reader->path, reader->at, reader->n_rows);
    }
}

/* Remove a journal of another run, or say why it is in the way. */
static int
discard(const struct journal_reader *reader, bool overwrite)
{
    if (!overwrite) {
        report_error("%s: belongs to another run (%s); use --overwrite to "
                     "discard it, or another --out",
            reader->path, reader->problem);
        return -1;
    }
    if (unlink(reader->path) != 0) {
        report_error(
            "%s: cannot be removed: %s", reader->path, strerror(errno));
        return -1;
    }
    return 0;
}

/* Mark the chunks in one journal; *is_kept is false if it was discarded. */
static int
read_journal(const struct results *results, const char *path, uint64_t *done,
    bool overwrite, bool *is_kept, char text[REMARK_BYTES])
{
    struct journal_reader reader;
    const uint8_t *row;
    int rc = 0;

    switch (journal_reader_open(
        &reader, path, &results->shape, &results->identity)) {
    case JOURNAL_OK:
        while ((row = journal_reader_next(&reader)) != NULL) {
            uint64_t chunk = field_packed_u64(row, FIELD_INDEX);
            done[chunk / 64] |= UINT64_C(1) << chunk % 64;
        }
        if (reader.is_damaged) {
            remark(text, &reader);
        }
        break;
    case JOURNAL_WITHOUT_HEADER:
        remark(text, &reader);
        break;
    case JOURNAL_OTHER:
        *is_kept = false;
        rc = discard(&reader, overwrite);
        break;
    case JOURNAL_FAILED:
        rc = -1;
        break;
    }
    journal_reader_close(&reader);
    return rc;
}

/* Rank 0 prints the remarks of all ranks. */
static int
print_remarks(struct par *par, const char text[REMARK_BYTES])
{
    size_t n = (size_t)par_size(par);
    char(*all)[REMARK_BYTES] = mem_alloc(n, REMARK_BYTES);

    if (par_any_failed(par, all == NULL ? -1 : 0)) {
        mem_free(all);
        return -1;
    }
    par_all_gather(par, all, text, REMARK_BYTES);
    for (size_t r = 0; r < n; r++) {
        if (all[r][0] != '\0') {
            report_note("%s", all[r]);
        }
    }
    mem_free(all);
    return 0;
}

/* List this rank's part of the chunks that are not done. */
static int
make_todo(struct results *results)
{
    uint64_t rank = (uint64_t)par_rank(results->par);
    uint64_t size = (uint64_t)par_size(results->par);
    uint64_t n_missing = results->shape.n_chunks - results->n_done;
    uint64_t first = results_part(n_missing, rank, size);
    uint64_t end = results_part(n_missing, rank + 1, size);
    uint64_t n = 0;

    results->todo = mem_alloc(end - first, sizeof(*results->todo));
    if (results->todo == NULL) {
        return -1;
    }
    for (uint64_t chunk = 0; chunk < results->shape.n_chunks; chunk++) {
        if (results_has(results, chunk)) {
            continue;
        }
        if (n >= first && n < end) {
            results->todo[results->n_todo++] = chunk;
        }
        n++;
    }
    return 0;
}

/* Read all journals, each rank its own; collective. */
static int
read_journals(struct results *results, bool overwrite)
{
    struct par *par = results->par;
    char text[REMARK_BYTES] = "";
    size_t n_words = (size_t)((results->shape.n_chunks + 63) / 64);
    uint64_t *done = mem_alloc(n_words, sizeof(*done));
    int rc = done == NULL ? -1 : 0;

    for (size_t i = 0; i < results->n_files && rc == 0; i++) {
        bool is_kept = true;
        rc = read_journal(
            results, results->files[i], done, overwrite, &is_kept, text);
        if (!is_kept) {
            mem_free(results->files[i]);
            results->n_files--;
            memmove(&results->files[i], &results->files[i + 1],
                (results->n_files - i) * sizeof(results->files[0]));
            i--;
        }
    }
    results->done = done;
    if (par_any_failed(par, rc) || print_remarks(par, text) != 0) {
        return -1;
    }
    par_or_u64(par, done, n_words);
    for (size_t i = 0; i < n_words; i++) {
        results->n_done += (uint64_t)__builtin_popcountll(done[i]);
    }
    rc = make_todo(results);
    return par_any_failed(par, rc) ? -1 : 0;
}

enum results_outcome
results_open(struct results **out, struct par *par,
    const struct results_options *options)
{
    struct results *results = new_results(par, options);

    *out = NULL;
    if (par_any_failed(par, results == NULL ? -1 : 0)) {
        results_close(results);
        return RESULTS_FAILED;
    }
    enum results_outcome outcome = results_look(results, options->overwrite);
    if (outcome == RESULTS_READY &&
        read_journals(results, options->overwrite) != 0) {
        outcome = RESULTS_FAILED;
    }
    if (outcome != RESULTS_READY) {
        results_close(results);
        return outcome;
    }
    *out = results;
    return RESULTS_READY;
}

bool
results_has(const struct results *results, uint64_t index)
{
    return results->done[index / 64] >> index % 64 & 1;
}

uint64_t
results_done_count(const struct results *results)
{
    return results->n_done;
}

void
results_todo(
    const struct results *results, const uint64_t **list, uint64_t *n_list)
{
    *list = results->todo;
    *n_list = results->n_todo;
}

int
results_append(struct results *results, const struct result_row *row)
{
    assert(row->index < results->shape.n_chunks);
    if (results->journal == NULL) {
        char *path = journal_dir_file(
            results->journal_path, results->run, par_rank(results->par));
        if (results_add_file(results, path) != 0) {
            return -1;
        }
        results->journal =
            journal_create(path, &results->shape, &results->identity);
        if (results->journal == NULL) {
            return -1;
        }
    }
    return journal_append(results->journal, row);
}

void
results_close(struct results *results)
{
    if (results == NULL) {
        return;
    }
    journal_close(results->journal);
    if (results->lock >= 0) {
        if (!results->is_finished) {
            journal_dir_remove_if_empty(results->journal_path);
        }
        close(results->lock);
    }
    for (size_t i = 0; i < results->n_files; i++) {
        mem_free(results->files[i]);
    }
    mem_free(results->files);
    mem_free(results->done);
    mem_free(results->todo);
    attribute_list_release(&results->identity);
    mem_free(results->path);
    mem_free(results->journal_path);
    mem_free(results);
}
