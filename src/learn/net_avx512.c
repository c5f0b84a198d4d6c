/*
 * net_avx512.c
 *
 * The kernels of net_kernel.h compiled for one instruction set.
 */
#define SIMD_AVX512
#include "learn/net_kernel.h"

#include "learn/net_bf16.h"
#include "learn/net_kernel_attention.h"
#include "learn/net_kernel_back.h"
#include "learn/net_kernel_outer.h"
#include "learn/net_kernel_vector.h"

/* What does not depend on how products round. */
#define COMMON                                                                 \
    .sum_rows = net_sum_rows, .norm = net_norm_forward,                        \
    .norm_back = net_norm_backward, .add_scaled = net_add_scaled,              \
    .add_rows = net_add_rows, .gelu = net_gelu, .multiply = net_multiply,      \
    .swiglu = net_swiglu, .swiglu_back = net_swiglu_back,                      \
    .rotate = net_rotate, .rotate_back = net_rotate_back,                      \
    .cross_entropy = net_cross_entropy

const struct net_kernel net_avx512 = {
    COMMON,
    .outer = net_outer_product,
    .attention = net_attention,
    .attention_back = net_attention_back,
};

const struct net_kernel net_avx512_bf16 = {
    COMMON,
    .outer = net_bf16_outer,
    .attention = net_bf16_attention,
    .attention_back = net_bf16_attention_back,
};
