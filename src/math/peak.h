/*
 * peak.h - how fast a core can be at best: independent chains of fused
 * multiply-adds in registers.
 */
#ifndef MATH_PEAK_H
#define MATH_PEAK_H

typedef void peak_loop(void *unused);

/*
 * The loop for the instruction set of that name (kernels.h).  *flop is set to
 * the floating-point operations of one call, some 50 microseconds' worth.
 */
peak_loop *peak_find(double *flop, const char *name);

/*
 * Floating-point operations per second of n_threads threads at once: for
 * each the best of many calls.
 *
 * Cost: 20 ms.
 */
double peak_measure(const char *name, int n_threads);

#endif /* MATH_PEAK_H */
