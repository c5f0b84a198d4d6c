/*
 * net_kernel.c
 *
 * Which kernels go with those of math/: the instruction set is the same.
 */
#include "learn/net_kernel.h"

#include <string.h>

#include "math/kernels.h"

const struct net_kernel *
net_kernel_find(const struct kernels *kernels, bool is_bf16)
{
    const char *name = kernels_name(kernels);

#ifdef __x86_64__
    if (is_bf16) {
        return &net_avx512_bf16;
    }
    if (strcmp(name, "avx512") == 0) {
        return &net_avx512;
    }
    if (strcmp(name, "avx2") == 0) {
        return &net_avx2;
    }
#endif
#ifdef __aarch64__
    if (strcmp(name, "neon") == 0) {
        return &net_neon;
    }
#endif
    (void)name;
    (void)is_bf16;
    return &net_portable;
}

size_t
net_outer_scratch(size_t M)
{
    /* Tiles of any number of rows, each packed with room for 16. */
    return NET_OUTER_ROWS * (2 * M + 16);
}

size_t
net_head_scratch(size_t T, size_t D)
{
    const size_t blocks = (T + NET_BLOCK - 1) / NET_BLOCK;

    /* Ten arrays of a row per position, rows in whole vectors. */
    return 10 * blocks * NET_BLOCK * ((D + 15) / 16 * 16);
}
