/*
 * sweep_sample.h - measuring a command on a sample.
 */
#ifndef CMD_SWEEP_SAMPLE_H
#define CMD_SWEEP_SAMPLE_H

struct corpus;
struct options;

/* For each byte of text, on one thread. */
struct sweep_rate {
    double seconds, flops;
    double memory_bytes; /* of the process, all in all */
};

/* Seconds that a sample takes, when it is small enough. */
#define SWEEP_SAMPLE_S 0.15

/* Errors: -1; reported. */
int sweep_sample_measure(struct sweep_rate *rate, const struct options *options,
    struct corpus *corpus);
int sweep_sample_baseline(struct sweep_rate *rate,
    const struct options *options, struct corpus *corpus);
int sweep_sample_train(struct sweep_rate *rate, double *bytes_per_token,
    const struct options *options, struct corpus *corpus);

/* Memory of this process now; NAN: not known. */
double sweep_sample_resident(void);

#endif /* CMD_SWEEP_SAMPLE_H */
