/*
 * results_look.c
 *
 * Rank 0 looks at what is there and tells the others: one opinion, and one
 * message, whatever a network file system shows to each node.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "par/par.h"
#include "results/journal_dir.h"
#include "results/results_file.h"
#include "results/results_internal.h"

/* What rank 0 tells the others before they read. */
struct first_look {
    int outcome; /* enum results_outcome */
    unsigned run;
    uint64_t names_bytes;
};

/*
 * What rank 0 looks at.
 */

/* The identity that an output was written with. */
static int
read_identity(struct attribute_list *list, const struct results_file *file)
{
    size_t n;
    const struct attribute *items = results_file_attributes(file, &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(items[i].group, "identity") != 0) {
            continue;
        }
        /* Its name is "GROUP.NAME" there. */
        const char *dot = strchr(items[i].name, '.');
        if (dot == NULL) {
            continue;
        }
        struct attribute copy = items[i];
        char *group =
            mem_printf("%.*s", (int)(dot - items[i].name), items[i].name);
        copy.group = group;
        copy.name = dot + 1;
        int rc = group == NULL ? -1 : attribute_list_add(list, &copy);
        mem_free(group);
        if (rc != 0) {
            return -1;
        }
    }
    return 0;
}

static enum results_outcome
compare_output(const struct results *results, const struct results_file *file)
{
    struct attribute_list found = {0};
    enum results_outcome outcome = RESULTS_FAILED;
    char problem[600];

    if (!results_file_is_complete(file)) {
        report_error("%s: exists but was not written to its end; use "
                     "--overwrite to replace it",
            results->path);
    } else if (read_identity(&found, file) != 0) {
        /* Reported. */
    } else if (!attribute_all_equal(
                   problem, sizeof(problem), &results->identity, &found)) {
        report_error("%s: exists and is of another run (%s); use --overwrite "
                     "to replace it, or another --out",
            results->path, problem);
    } else {
        report_note("%s: already complete", results->path);
        if (file_exists(results->journal_path)) {
            report_note("%s: left from a run that was stopped; not needed for "
                        "this output",
                results->journal_path);
        }
        outcome = RESULTS_COMPLETE;
    }
    attribute_list_release(&found);
    return outcome;
}

/* Whether an output is there, and whether it stands in the way. */
static enum results_outcome
look_at_output(const struct results *results, bool overwrite)
{
    enum results_outcome outcome = RESULTS_READY;

    if (file_is_directory(results->path)) {
        report_error("%s: is a directory; --out names a file", results->path);
        return RESULTS_FAILED;
    }
    if (!file_exists(results->path)) {
        return RESULTS_READY;
    }
    struct results_file *file = results_file_open(results->path);
    if (file == NULL) {
        report_error("%s: is not replaced, because it may be something else; "
                     "remove it or choose another --out",
            results->path);
        return RESULTS_FAILED;
    }
    if (!overwrite) {
        outcome = compare_output(results, file);
    }
    results_file_close(file);
    return outcome;
}

/* Rank 0: check the output, lock the journals and list them. */
static enum results_outcome
look(struct results *results, struct journal_names *names, bool overwrite)
{
    if (file_check_parent(results->path) != 0) {
        return RESULTS_FAILED;
    }
    enum results_outcome outcome = look_at_output(results, overwrite);
    if (outcome != RESULTS_READY) {
        return outcome;
    }
    results->lock = journal_dir_lock(results->journal_path, results->path);
    if (results->lock < 0) {
        return RESULTS_FAILED;
    }
    /* A run may have finished while this one came to the lock. */
    outcome = look_at_output(results, overwrite);
    if (outcome == RESULTS_READY &&
        journal_dir_list(names, results->journal_path) != 0) {
        outcome = RESULTS_FAILED;
    }
    return outcome;
}

/*
 * Sharing the look.
 */

/* The names of all journals, each ended by a newline. */
static char *
join_names(const struct journal_names *names)
{
    size_t bytes = 1;

    for (size_t i = 0; i < names->n; i++) {
        bytes += strlen(names->names[i]) + 1;
    }
    char *text = mem_alloc(bytes, 1);
    char *end = text;
    for (size_t i = 0; text != NULL && i < names->n; i++) {
        end += sprintf(end, "%s\n", names->names[i]);
    }
    return text;
}

/* Keep this rank's part of the n names in text. */
static int
take_names(struct results *results, const char *text, uint64_t n)
{
    uint64_t rank = (uint64_t)par_rank(results->par);
    uint64_t size = (uint64_t)par_size(results->par);
    uint64_t first = results_part(n, rank, size);
    uint64_t end = results_part(n, rank + 1, size);

    for (uint64_t i = 0; i < n; i++) {
        size_t length = strcspn(text, "\n");
        if (i >= first && i < end &&
            results_add_file(
                results, mem_printf("%s/%.*s", results->journal_path,
                             (int)length, text)) != 0) {
            return -1;
        }
        text += length + 1;
    }
    return 0;
}

enum results_outcome
results_look(struct results *results, bool overwrite)
{
    struct par *par = results->par;
    struct journal_names names = {0};
    struct first_look look_at = {.outcome = RESULTS_READY};
    char *text = NULL;
    int rc = 0;

    if (par_rank(par) == 0) {
        look_at.outcome = (int)look(results, &names, overwrite);
        text = join_names(&names);
        look_at.run = journal_dir_next_run(&names);
        look_at.names_bytes = names.n == 0 || text == NULL ? 0 : strlen(text);
        if (text == NULL) {
            look_at.outcome = RESULTS_FAILED;
        }
    }
    journal_names_release(&names);
    par_broadcast(par, &look_at, sizeof(look_at), 0);
    if (look_at.outcome != RESULTS_READY) {
        mem_free(text);
        return (enum results_outcome)look_at.outcome;
    }
    results->run = look_at.run;
    if (par_rank(par) > 0) {
        text = mem_alloc(look_at.names_bytes + 1, 1);
    }
    if (!par_any_failed(par, text == NULL ? -1 : 0)) {
        uint64_t n = 0;
        par_broadcast(par, text, look_at.names_bytes, 0);
        for (uint64_t i = 0; i < look_at.names_bytes; i++) {
            n += text[i] == '\n';
        }
        rc = take_names(results, text, n);
    } else {
        rc = -1;
    }
    mem_free(text);
    return par_any_failed(par, rc) ? RESULTS_FAILED : RESULTS_READY;
}
