/*
 * numerics.h - the promise of contract C1, as a number and a check.
 */
#ifndef MATH_NUMERICS_H
#define MATH_NUMERICS_H

struct kernels;

/*
 * Version of the order of operations: what was coded with one can be decoded
 * with the same only.  It goes up when a line of tests/bits/expected.txt
 * changes.
 */
#define MATH_NUMERICS 1

/*
 * Compute a small sample with these kernels and compare it with what all
 * machines compute: a compiler, a flag or an emulator that breaks the promise
 * is found before it has written an archive that only it can read.
 *
 * Errors: -1; reported.
 */
int numerics_check(const struct kernels *kernels);

#endif /* MATH_NUMERICS_H */
