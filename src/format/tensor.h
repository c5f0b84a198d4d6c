/*
 * tensor.h - a tensor as it lies in a weights file, and widening it to float.
 */
#ifndef FORMAT_TENSOR_H
#define FORMAT_TENSOR_H

#include <stddef.h>
#include <stdint.h>

/* How numbers are stored.  The Q types are those of GGUF, in blocks. */
enum tensor_type {
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_Q4_0,
    TENSOR_Q4_1,
    TENSOR_Q5_0,
    TENSOR_Q5_1,
    TENSOR_Q8_0,
    TENSOR_Q4_K,
    TENSOR_Q5_K,
    TENSOR_Q6_K,
    TENSOR_Q2_K,
    TENSOR_Q3_K,
    TENSOR_IQ4_NL,
    TENSOR_IQ4_XS,
    TENSOR_TYPES,
    TENSOR_OTHER = TENSOR_TYPES, /* known to exist, cannot be widened */
};

#define TENSOR_AXES_MAX 4

/*
 * data is borrowed from the mapped file; bytes is 0 if the type is unknown.
 * stored_as is the file's own word for the type, for messages: "Q2_K", "I64".
 * A tensor of more axes than fit is a TENSOR_OTHER whose first ones are one.
 */
struct tensor {
    const char *name;
    const char *stored_as;
    enum tensor_type type;
    unsigned n_axes;
    uint64_t shape[TENSOR_AXES_MAX]; /* slowest axis first: rows, columns */
    const uint8_t *data;
    uint64_t bytes;
};

const char *tensor_type_name(enum tensor_type type);

/*
 * Numbers in a block and bytes of a block; 1 and 2 or 4 for plain types, 0
 * for TENSOR_OTHER.
 */
size_t tensor_block_count(enum tensor_type type);
size_t tensor_block_bytes(enum tensor_type type);

/* Product of the axes: 1 if there are none, 0 if one of them is 0. */
uint64_t tensor_count(const struct tensor *tensor);

/*
 * Widen n numbers, beginning at number first, to float.  Each result needs at
 * most one rounding, so it is the same on every machine.
 *
 * Requires: first and n are multiples of the block count; a type below
 * TENSOR_TYPES.
 */
void tensor_widen(
    float *out, const struct tensor *tensor, uint64_t first, size_t n);

#endif /* FORMAT_TENSOR_H */
