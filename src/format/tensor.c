/*
 * tensor.c
 */
#include "format/tensor.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/half.h"

#include "format/quant.h"

/* The i-th entry belongs to enum tensor_type i. */
static const struct {
    const char *name;
    size_t block_count;
    size_t block_bytes;
    void (*widen)(float *out, const uint8_t *blocks, size_t n_blocks);
} types[TENSOR_TYPES + 1] = {
    [TENSOR_F32] = {"F32", 1, 4, NULL},
    [TENSOR_F16] = {"F16", 1, 2, NULL},
    [TENSOR_BF16] = {"BF16", 1, 2, NULL},
    [TENSOR_Q4_0] = {"Q4_0", 32, 18, quant_widen_q4_0},
    [TENSOR_Q4_1] = {"Q4_1", 32, 20, quant_widen_q4_1},
    [TENSOR_Q5_0] = {"Q5_0", 32, 22, quant_widen_q5_0},
    [TENSOR_Q5_1] = {"Q5_1", 32, 24, quant_widen_q5_1},
    [TENSOR_Q8_0] = {"Q8_0", 32, 34, quant_widen_q8_0},
    [TENSOR_Q4_K] = {"Q4_K", 256, 144, quant_widen_q4_k},
    [TENSOR_Q5_K] = {"Q5_K", 256, 176, quant_widen_q5_k},
    [TENSOR_Q6_K] = {"Q6_K", 256, 210, quant_widen_q6_k},
    [TENSOR_Q2_K] = {"Q2_K", 256, 84, quant_widen_q2_k},
    [TENSOR_Q3_K] = {"Q3_K", 256, 110, quant_widen_q3_k},
    [TENSOR_IQ4_NL] = {"IQ4_NL", 32, 18, quant_widen_iq4_nl},
    [TENSOR_IQ4_XS] = {"IQ4_XS", 256, 136, quant_widen_iq4_xs},
    [TENSOR_OTHER] = {"other", 0, 0, NULL},
};

const char *
tensor_type_name(enum tensor_type type)
{
    return types[type].name;
}

size_t
tensor_block_count(enum tensor_type type)
{
    return types[type].block_count;
}

size_t
tensor_block_bytes(enum tensor_type type)
{
    return types[type].block_bytes;
}

uint64_t
tensor_count(const struct tensor *tensor)
{
    uint64_t n = 1;

    for (unsigned i = 0; i < tensor->n_axes; i++) {
        n *= tensor->shape[i];
    }
    return n;
}

void
tensor_widen(float *out, const struct tensor *tensor, uint64_t first, size_t n)
{
    enum tensor_type type = tensor->type;
    size_t block_count = types[type].block_count;

    assert(type < TENSOR_TYPES);
    assert(first % block_count == 0 && n % block_count == 0);
    const uint8_t *in =
        tensor->data + first / block_count * types[type].block_bytes;

    switch (type) {
    case TENSOR_F32:
        memcpy(out, in, n * sizeof(float));
        break;
    case TENSOR_F16:
        for (size_t i = 0; i < n; i++) {
            out[i] = half_from_f16(bytes_load_u16(in + 2 * i));
        }
        break;
    case TENSOR_BF16:
        for (size_t i = 0; i < n; i++) {
            out[i] = half_from_bf16(bytes_load_u16(in + 2 * i));
        }
        break;
    default:
        types[type].widen(out, in, n / block_count);
        break;
    }
}
