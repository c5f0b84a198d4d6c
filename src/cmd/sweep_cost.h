/*
 * sweep_cost.h - what a run will cost, from samples measured here.
 *
 * Speed is that of one thread on a sample of the corpus, taken through the
 * same code as the run; floating-point operations are counted, not measured.
 * Runs that differ only in how much they read share a sample.
 */
#ifndef CMD_SWEEP_COST_H
#define CMD_SWEEP_COST_H

struct options;

/* Numbers that are not known are NAN. */
struct sweep_cost {
    double raw_bytes;    /* of text: measured, or seen in training */
    double flops;        /* 0: the predictor does not count them */
    double core_s;       /* seconds of one core of this machine */
    double memory_bytes; /* of a rank with one thread */
};

struct sweep_costs;

/* Owner: sweep_costs_free(). */
struct sweep_costs *sweep_costs_new(void);
void sweep_costs_free(struct sweep_costs *costs);

/*
 * The cost of a run with these options.
 *
 * Errors: -1, the cost is NAN; reported: corpus, model or tokenizer cannot be
 * opened.
 * Cost: about half a second, and what it takes to load the model.
 */
int sweep_cost_find(struct sweep_costs *costs, struct sweep_cost *cost,
    const struct options *options);

#endif /* CMD_SWEEP_COST_H */
