/*
 * threads.c
 */
#include "cmd/threads.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/units.h"
#include "par/par.h"

/* More threads than any node has cores. */
#define THREADS_MAX 1024

/* A small positive number in the environment, or 0. */
static int
from_environment(const char *name)
{
    const char *text = getenv(name);
    uint64_t n = 0;

    if (text == NULL || units_parse_u64(&n, text) != 0 || n > THREADS_MAX) {
        return 0;
    }
    return (int)n;
}

int
threads_choose(uint64_t asked, const struct par *par)
{
    cpu_set_t cores;

    if (asked > 0) {
        return (int)asked;
    }
    int n = from_environment("OMP_NUM_THREADS");
    if (n == 0) {
        n = from_environment("SLURM_CPUS_PER_TASK");
    }
    if (n > 0) {
        return n;
    }
    int share = (int)sysconf(_SC_NPROCESSORS_ONLN) / par_node_size(par);
    if (sched_getaffinity(0, sizeof(cores), &cores) == 0) {
        int bound = CPU_COUNT(&cores);
        share = bound < share || share == 0 ? bound : share;
    }
    /* Ranks that are not bound see all cores: each takes its share. */
    return par_node_size(par) > (int)sysconf(_SC_NPROCESSORS_ONLN) ? 1
           : share < 1                                             ? 1
                                                                   : share;
}
