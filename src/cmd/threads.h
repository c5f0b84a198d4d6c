/*
 * threads.h - how many threads a rank may use.
 */
#ifndef CMD_THREADS_H
#define CMD_THREADS_H

#include <stdint.h>

struct par;

/* The row in the table of a command whose settings S hold it in field. */
#define OPTION_THREADS(S, field)                                               \
    {                                                                          \
        .name = "threads", .type = OPTION_COUNT, .offset = offsetof(S, field), \
        .value = "auto", .min = 1, .max = 1024, .choices = "auto",             \
        .unit = "N", .is_outside = true,                                       \
        .help = "threads per rank; auto: OMP_NUM_THREADS, "                    \
                "SLURM_CPUS_PER_TASK, or the cores this rank may use"          \
    }

/*
 * asked, if it is not 0; else OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK, else
 * the cores this rank may run on, shared fairly by the ranks of the node.
 */
int threads_choose(uint64_t asked, const struct par *par);

#endif /* CMD_THREADS_H */
