/*
 * results_internal.h - what the files of results/ share about a run.
 */
#ifndef RESULTS_RESULTS_INTERNAL_H
#define RESULTS_RESULTS_INTERNAL_H

#include "results/attribute.h"
#include "results/journal.h"
#include "results/results.h"

struct results {
    struct par *par;
    char *path;
    char *journal_path; /* the directory */
    struct journal_shape shape;
    struct attribute_list identity; /* the caller's, and the shape */
    int lock;                       /* rank 0: file descriptor, or -1 */
    unsigned run;                   /* number of this run's journals */
    char **files; /* earlier journals this rank reads; last: its own */
    size_t n_files, n_files_max;
    struct journal *journal; /* of this rank; NULL before its first row */
    uint64_t *done;          /* a bit for each chunk, as the run began */
    uint64_t *todo;
    uint64_t n_todo;
    uint64_t n_done;  /* of all chunks, when the run began */
    bool is_finished; /* the output has its name, the journals are gone */
};

/* Add a file to those this rank reads in results_finish(); taken. */
int results_add_file(struct results *results, char *file);

/* floor(n * part / n_parts), whatever n: where a part of n items begins. */
uint64_t results_part(uint64_t n, uint64_t part, uint64_t n_parts);

/*
 * Check the output, lock and list the journals, and give each rank its part
 * of them.  Collective; the same outcome on all ranks.
 */
enum results_outcome results_look(struct results *results, bool overwrite);

#endif /* RESULTS_RESULTS_INTERNAL_H */
