/*
 * kernels.c
 *
 * The tables of kernels and the choice among them.  What a processor has is
 * asked at run time, so one program serves a cluster of mixed nodes.
 */
#include "kernels.h"

#include <stdbool.h>
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef __aarch64__
#include <sys/auxv.h>
#endif

#include "base/report.h"
#include "gemm.h"
#include "gemm_kernel.h"
#include "gemm_stored_kernel.h"
#include "int8_kernel.h"
#include "kernels_table.h"
#include "simd.h"

/* What the processor lacks for an instruction set, or NULL. */
typedef const char *lack_function(void);

struct choice {
    struct kernels kernels;
    lack_function *lack;
};

/* Products of floats. */
#define EXACT(isa)                                                             \
    {                                                                          \
        {#isa, MATH_EXACT, &gemm_##isa, &stored_##isa, NULL, &simd_##isa},     \
            lack_##isa                                                         \
    }
#define BLAS(isa)                                                              \
    {                                                                          \
        {#isa, MATH_BLAS, NULL, NULL, NULL, &simd_##isa}, lack_##isa           \
    }

/* Products of 8-bit integers: an instruction set may have several kinds. */
#define INT8(isa, kind)                                                        \
    {                                                                          \
        {#isa, MATH_INT8, NULL, NULL, &int8_##kind, &simd_##isa}, lack_##kind  \
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

static const char *
lack_vnni(void)
{
    NEED("avx512vnni");
    return lack_avx512();
}

/* A bit of cpuid 7 that __builtin_cpu_supports() does not know everywhere. */
static bool
has_feature(unsigned subleaf, bool is_edx, unsigned bit)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, subleaf, &a, &b, &c, &d) &&
           ((is_edx ? d : a) >> bit & 1);
}

static const char *
lack_avxvnni(void)
{
    return has_feature(1, false, 4) ? lack_avx2() : "avx_vnni";
}

/* The system keeps the state of tiles only for programs that ask for it. */
static const char *
lack_amx(void)
{
    const int ask_permission = 0x1023, tile_data = 18;

    if (!has_feature(0, true, 24) || !has_feature(0, true, 25) ||
        syscall(SYS_arch_prctl, ask_permission, tile_data) != 0) {
        return "amx_int8";
    }
    return lack_avx512();
}
#endif

#ifdef __aarch64__
static const char *
lack_neon(void)
{
    return NULL; /* part of the architecture */
}

static const char *
lack_dotprod(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? NULL : "asimddp";
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
    EXACT(avx512),
    BLAS(avx512),
    INT8(avx512, amx),
    INT8(avx512, vnni),
    EXACT(avx2),
    BLAS(avx2),
    INT8(avx2, avxvnni),
    INT8(avx2, avx2),
#endif
#ifdef __aarch64__
    EXACT(neon),
    BLAS(neon),
    INT8(neon, dotprod),
    INT8(neon, neon),
#endif
    EXACT(portable),
    BLAS(portable),
    INT8(portable, portable),
};

#define N_CHOICES (sizeof(choices) / sizeof(choices[0]))

/* As kernels_find(), from choice *i on, which becomes the next one. */
static const struct kernels *
find_from(size_t *i, enum math_mode mode, const char *name, const char **lack)
{
    while (*i < N_CHOICES) {
        const struct choice *choice = &choices[(*i)++];
        const struct kernels *found = &choice->kernels;

        if (found->mode == mode && (!name || strcmp(name, found->name) == 0)) {
            *lack = choice->lack();
            if (!*lack) {
                return found;
            }
        }
    }
    return NULL;
}

const struct kernels *
kernels_find(enum math_mode mode, const char *name)
{
    const char *lack = NULL;
    const struct kernels *found;
    size_t i = 0;

    if (mode == MATH_BLAS && !gemm_blas_library()) {
        report_error("blas mode: this program was built without OpenBLAS");
        return NULL;
    }
    found = find_from(&i, mode, name, &lack);
    if (!found && lack) {
        report_error("kernel \"%s\": this processor has no %s; without "
                     "the option the best kernel that it has is used",
            name, lack);
    } else if (!found) {
        report_error(
            "no kernel is called \"%s\" on this kind of processor; "
            "there are avx512 and avx2 (x86-64), neon (aarch64) and portable",
            name);
    }
    return found;
}

const struct kernels *
kernels_next(enum math_mode mode, size_t *i)
{
    const char *lack;

    return find_from(i, mode, NULL, &lack);
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
    static const char *const names[] = {
        [MATH_EXACT] = "exact", [MATH_BLAS] = "blas", [MATH_INT8] = "int8"};

    return names[mode];
}
