/*
 * run_phases.h - where the time of a run goes.
 *
 * Setting up is measured by the clock of the slowest rank; the loop in seconds of threads, summed over all of them, so that its phases
 * add up to loop seconds x threads x ranks.
 */
#ifndef CMD_RUN_PHASES_H
#define CMD_RUN_PHASES_H

enum run_phase {
    RUN_SETUP_CORPUS,    /* opening and hashing it */
    RUN_SETUP_PREDICTOR, /* opening: configuration, tokenizer, memory */
    RUN_SETUP_WEIGHTS,   /* reading and packing */
    RUN_SETUP_HASH,      /* of the model's files, what is left of it then */
    RUN_READ,            /* chunks from the corpus */
    RUN_TOKENIZE,
    RUN_MODEL,   /* scoring; codecs: compressing and comparing */
    RUN_CODE,    /* coder and sums over positions */
    RUN_JOURNAL, /* rows */
    RUN_WAIT,    /* threads without work, until all ranks are done */
    RUN_PHASE_COUNT
};

#define RUN_LOOP_FIRST RUN_READ
#define RUN_LOOP_LAST  RUN_WAIT

/* Seconds by enum run_phase. */
struct run_phases {
    double s[RUN_PHASE_COUNT];
};

/* The attribute in group "run" that holds a phase. */
const char *run_phase_name(enum run_phase phase);

/* Add the time since *since to a phase; *since becomes now. */
void run_phase_add(
    struct run_phases *phases, enum run_phase phase, double *since);

/* Add the phases of the loop, n_threads threads each. */
void run_phases_add_loop(
    struct run_phases *to, const struct run_phases *from, int n_threads);

#endif /* CMD_RUN_PHASES_H */
