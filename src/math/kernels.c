/*
 * kernels.c
 *
 * The tables of kernels and the choice among them.  What a processor has is
 * asked at run time, so one program serves a cluster of mixed nodes.
 */
#include "kernels.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/report.h"
#include "gemm.h"
#include "gemm_kernel.h"
#include "gemm_stored_kernel.h"
#include "kernels_table.h"
#include "simd.h"

#define N_MODES 2

/* What the processor lacks for an instruction set, or NULL. */
typedef const char *lack_function(void);

struct choice {
    struct kernels by_mode[N_MODES];
    lack_function *lack;
};

#define CHOICE(isa)                                                            \
    {                                                                          \
        .by_mode =                                                             \
            {                                                                  \
                {#isa, MATH_EXACT, &gemm_##isa, &stored_##isa, &simd_##isa},   \
                {#isa, MATH_BLAS, NULL, NULL, &simd_##isa},                    \
            },                                                                 \
        .lack = lack_##isa,                                                    \
    }

#define NEED(feature)                                                          \
    do {                                                                       \
        if (!__builtin_cpu_supports(feature)) {                                \
            return feature;                                                    \
        }                                                                      \
    } while (0)

#ifdef __x86_64__
static const char *
lack_avx512(void)
{
    NEED("avx512f");
    NEED("avx512dq");
    NEED("avx512bw");
    NEED("avx512vl");
    NEED("fma");
    return NULL;
}

static const char *
lack_avx2(void)
{
    NEED("avx2"); /* F16C is older: where there is AVX2, it is too */
    NEED("fma");
    return NULL;
}
#endif

#ifdef __aarch64__
static const char *
lack_neon(void)
{
    return NULL; /* part of the architecture */
}
#endif

static const char *
lack_portable(void)
{
    return NULL;
}

/* Best first. */
static const struct choice choices[] = {
#ifdef __x86_64__
    CHOICE(avx512),
    CHOICE(avx2),
#endif
#ifdef __aarch64__
    CHOICE(neon),
#endif
    CHOICE(portable),
};

#define N_CHOICES (sizeof(choices) / sizeof(choices[0]))

const struct kernels *
kernels_find(enum math_mode mode, const char *name)
{
    assert((unsigned)mode < N_MODES);

    if (mode == MATH_BLAS && !gemm_blas_library()) {
        report_error("blas mode: this program was built without OpenBLAS");
        return NULL;
    }
    for (size_t i = 0; i < N_CHOICES; i++) {
        const struct kernels *found = &choices[i].by_mode[mode];
        const char *lack = choices[i].lack();

        if (name && strcmp(name, found->name) != 0) {
            continue;
        }
        if (!lack) {
            return found;
        }
        if (name) {
            report_error("kernel \"%s\": this processor has no %s; without "
                         "the option the best kernel that it has is used",
                name, lack);
            return NULL;
        }
    }
    report_error(
        "no kernel is called \"%s\" on this kind of processor; "
        "there are avx512 and avx2 (x86-64), neon (aarch64) and portable",
        name);
    return NULL;
}

const char *
kernels_name(const struct kernels *kernels)
{
    return kernels->name;
}

enum math_mode
kernels_mode(const struct kernels *kernels)
{
    return kernels->mode;
}

const char *
math_mode_name(enum math_mode mode)
{
    return mode == MATH_BLAS ? "blas" : "exact";
}
