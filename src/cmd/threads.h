/*
 * threads.h - how many threads a rank may use.
 */
#ifndef CMD_THREADS_H
#define CMD_THREADS_H

#include <stdint.h>

struct par;

/*
 * asked, if it is not 0; else OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK, else
 * the cores this rank may run on, shared fairly by the ranks of the node.
 */
int threads_choose(uint64_t asked, const struct par *par);

#endif /* CMD_THREADS_H */
