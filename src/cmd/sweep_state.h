/*
 * sweep_state.h - how far a run of a sweep is, from what is on disk.
 */
#ifndef CMD_SWEEP_STATE_H
#define CMD_SWEEP_STATE_H

struct options;

enum sweep_state {
    SWEEP_MISSING,  /* nothing is there */
    SWEEP_BEGUN,    /* it can be continued */
    SWEEP_COMPLETE, /* made with these options */
    SWEEP_OTHER,    /* there is something that was not */
};

/* "missing", "begun", "complete", "other". */
const char *sweep_state_name(enum sweep_state state);

/*
 * Look at the output of a run.  Compares the options that it was made with,
 * not the contents of corpus and model: the command itself does that.
 */
enum sweep_state sweep_state_find(const struct options *options);

#endif /* CMD_SWEEP_STATE_H */
