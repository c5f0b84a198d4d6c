/*
 * shared_predictor.h - a predictor of which the ranks of a node have large
 * tables in common.
 */
#ifndef CMD_SHARED_PREDICTOR_H
#define CMD_SHARED_PREDICTOR_H

struct par;
struct par_memory;
struct predictor;
struct predictor_options;
struct run_phases;

/*
 * Open it on all ranks; rank 0 hashes its files.  Of the options, how tables
 * are filled is decided here.  Time is added to phases (NULL: to
 * nothing).  *memory is what they lie in: freed with
 * par_memory_free() after the predictor.
 *
 * Collective: yes.
 * Errors: NULL on every rank; reported.
 */
struct predictor *shared_predictor_open(struct par_memory **memory,
    struct par *par, struct run_phases *phases,
    const struct predictor_options *options);

#endif /* CMD_SHARED_PREDICTOR_H */
