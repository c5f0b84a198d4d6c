/*
 * bench_peak.c
 *
 * The peak: CHAINS independent chains of fma whose operands never leave
 * the registers.  Each instruction set is one instance of the same loop.
 */
#include "bench.h"

#include <math.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Enough to hide a latency of 5 at two fma per cycle, few enough to fit. */
#define CHAINS 12

#define STEPS 20000

/*
 * The chains tend to 2 * seed: no overflow, no subnormals.  Neither the seed
 * nor the use of the sum is known to the compiler.
 */
#define PEAK(NAME, TARGET, VEC, SET, FMA)                                      \
    TARGET static void NAME(void *context)                                     \
    {                                                                          \
        VEC half = SET(0.5f), seed = SET(0.75f);                               \
        VEC acc[CHAINS];                                                       \
                                                                               \
        (void)context;                                                         \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)              \
        {                                                                      \
            acc[i] = SET((float)i);                                            \
        }                                                                      \
        for (int step = 0; step < STEPS; step++) {                             \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)          \
            {                                                                  \
                acc[i] = FMA(acc[i], half, seed);                              \
            }                                                                  \
        }                                                                      \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)              \
        {                                                                      \
            __asm__ volatile("" : : "x"(acc[i]));                              \
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

struct bench_task
bench_peak(const char *name)
{
    double flop = 2.0 * STEPS * CHAINS;

#ifdef __x86_64__
    if (strcmp(name, "avx512") == 0) {
        return (struct bench_task){.run = peak_avx512, .flop = 16 * flop};
    }
    if (strcmp(name, "avx2") == 0) {
        return (struct bench_task){.run = peak_avx2, .flop = 8 * flop};
    }
#endif
    return (struct bench_task){.run = peak_portable, .flop = flop};
}
