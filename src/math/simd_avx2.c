/*
 * simd_avx2.c
 *
 * The kernels of simd.h compiled for one instruction set.
 */
#define SIMD_AVX2
#include "simd.h"

#include "simd_activation.h"
#include "simd_attention.h"
#include "simd_attention_many.h"
#include "simd_softmax.h"
#include "simd_vector.h"

const struct simd_kernel simd_avx2 = {
    .rms_norm = simd_rms_norm,
    .layer_norm = simd_layer_norm,
    .add = simd_add,
    .add_bias = simd_add_bias,
    .swiglu = simd_swiglu,
    .activate = SIMD_ACTIVATIONS,
    .cap = simd_cap,
    .rotate = simd_rotate,
    .exp = simd_exp,
    .softmax_top = simd_softmax_top,
    .softmax_code = simd_softmax_code,
    .softmax_frequencies = simd_softmax_frequencies,
    .attention = simd_attention,
    .attention_many = simd_attention_many,
};
