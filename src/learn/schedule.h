/*
 * schedule.h - how the learning rate moves over a run.
 *
 * A factor on the rate: it rises linearly over the warm-up to 1 and ends at
 * `last`.  What lies between is the kind: nothing (constant), half a cosine,
 * a line, or 1 up to a last part in which it falls on a line (warm-up, stable,
 * decay: the stable part is shared by runs of any length).
 */
#ifndef LEARN_SCHEDULE_H
#define LEARN_SCHEDULE_H

#include <stdint.h>

enum schedule_kind {
    SCHEDULE_CONSTANT,
    SCHEDULE_COSINE,
    SCHEDULE_LINEAR,
    SCHEDULE_WSD,
    SCHEDULE_KINDS,
};

struct schedule {
    enum schedule_kind kind;
    uint64_t n_steps; /* of the whole run; constant: not used */
    uint64_t warmup_steps;
    double decay_share; /* wsd: the part of the run that falls */
    double last;        /* the factor after the last step */
};

/* "constant", "cosine", "linear", "wsd"; and back, -1 if there is none. */
const char *schedule_name(enum schedule_kind kind);
int schedule_find(enum schedule_kind *kind, const char *name);

/* The factor for step 0, 1, ... */
double schedule_factor(const struct schedule *schedule, uint64_t step);

/* The factor of a cooldown: from start in step first on a line to last at
   n_steps. */
double schedule_cooldown(const struct schedule *schedule, double start,
    uint64_t first, uint64_t step);

#endif /* LEARN_SCHEDULE_H */
