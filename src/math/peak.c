/*
 * peak.c
 *
 * CHAINS independent chains of fma whose operands never leave the registers.
 * Each instruction set is one instance of the same loop.
 */
#include "math/peak.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef __aarch64__
#include <arm_neon.h>
#endif

/*
 * Enough to hide a latency of 5 at two fma per cycle, few enough for 16
 * registers; an Arm core may do four per cycle and has 32.  Then the letter
 * of any of them in an asm statement.
 */
#ifdef __aarch64__
#define CHAINS       24
#define ANY_REGISTER "w"
#else
#define CHAINS       12
#define ANY_REGISTER "x"
#endif

#define STEPS 20000

/* Time for the best of a thread's calls. */
#define MEASURE_S 0.02

/*
 * The chains tend to 2 * seed: no overflow, no subnormals.  Neither the seed
 * nor the use of the sum is known to the compiler.
 */
#define PEAK(NAME, TARGET, VEC, SET, FMA)                                      \
    TARGET static void NAME(void *unused)                                      \
    {                                                                          \
        VEC half = SET(0.5f), seed = SET(0.75f);                               \
        VEC acc[CHAINS];                                                       \
                                                                               \
        (void)unused;                                                          \
        _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; i++)              \
        {                                                                      \
            acc[i] = SET((float)i);                                            \
        }                                                                      \
        for (int step = 0; step < STEPS; step++) {                             \
            _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; i++)          \
            {                                                                  \
                acc[i] = FMA(acc[i], half, seed);                              \
            }                                                                  \
        }                                                                      \
        _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; i++)              \
        {                                                                      \
            __asm__ volatile("" : : ANY_REGISTER(acc[i]));                     \
        }                                                                      \
    }

#define SAME(x) (x)

PEAK(peak_portable, , float, SAME, fmaf)

#ifdef __x86_64__
PEAK(peak_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps,
    _mm512_fmadd_ps)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps,
    _mm256_fmadd_ps)
#endif

#ifdef __aarch64__
/* Its sum replaces the addend, so that is the chain: up to 7523. */
#define NEON_FMA(a, b, c) vfmaq_f32(a, b, c)

PEAK(peak_neon, , float32x4_t, vdupq_n_f32, NEON_FMA)
#endif

peak_loop *
peak_find(double *flop, const char *name)
{
    *flop = 2.0 * STEPS * CHAINS;
#ifdef __x86_64__
    if (strcmp(name, "avx512") == 0) {
        *flop *= 16;
        return peak_avx512;
    }
    if (strcmp(name, "avx2") == 0) {
        *flop *= 8;
        return peak_avx2;
    }
#endif
#ifdef __aarch64__
    if (strcmp(name, "neon") == 0) {
        *flop *= 4;
        return peak_neon;
    }
#endif
    return peak_portable;
}

double
peak_measure(const char *name, int n_threads)
{
    double flop, sum = 0;
    peak_loop *loop = peak_find(&flop, name);

#pragma omp parallel num_threads(n_threads) reduction(+ : sum)
    {
        double best_s = 1, start_s = clock_now_s(), now_s = start_s;
        while (now_s - start_s < MEASURE_S) {
            double before_s = now_s;
            loop(NULL);
            now_s = clock_now_s();
            best_s = now_s - before_s < best_s ? now_s - before_s : best_s;
        }
        sum += flop / best_s;
    }
    return sum;
}
