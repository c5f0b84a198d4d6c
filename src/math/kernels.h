/*
 * kernels.h - which code computes: numeric mode and instruction set.
 *
 * Exact mode (contract C1) gives the same bits with every instruction set,
 * number of rows, threads and batch.  The rules of order are in README.md.
 */
#ifndef MATH_KERNELS_H
#define MATH_KERNELS_H

/* How matrix products are computed. */
enum math_mode {
    MATH_EXACT, /* own kernels, one fma chain per output */
    MATH_BLAS,  /* OpenBLAS; everything else as in exact mode */
    MATH_INT8,  /* products of 8-bit integers; the same */
};

/*
 * How weights lie in memory: as the file stores them where products can widen
 * them, or as floats.  In exact mode it changes no bit, in others weights are
 * what the mode needs.
 */
enum math_weights {
    MATH_WEIGHTS_AUTO,
    MATH_WEIGHTS_STORED,
    MATH_WEIGHTS_F32,
};

struct kernels;

/*
 * The kernels of a mode for an instruction set: "avx512", "avx2",
 * "neon", "portable", or NULL for the best that this processor has.
 *
 * Errors: NULL if the name is unknown, the processor lacks it, or the program
 * lacks OpenBLAS; reported.
 */
const struct kernels *kernels_find(enum math_mode mode, const char *name);

const char *kernels_name(const struct kernels *kernels);
enum math_mode kernels_mode(const struct kernels *kernels);
const char *math_mode_name(enum math_mode mode);

#endif /* MATH_KERNELS_H */
