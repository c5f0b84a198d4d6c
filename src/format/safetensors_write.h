/*
 * safetensors_write.h - one safetensors file from float matrices.
 */
#ifndef FORMAT_SAFETENSORS_WRITE_H
#define FORMAT_SAFETENSORS_WRITE_H

#include <stddef.h>

#include "format/tensor.h"

/* Float numbers (rows, columns); rows 0: a vector of columns numbers. */
struct safetensors_item {
    const char *name;
    const float *data;
    size_t rows, columns;
};

/*
 * Write or replace path, atomically.  type is TENSOR_F32 or TENSOR_BF16, to
 * which numbers are rounded to nearest, ties to even.
 */
int safetensors_write(const char *path, const struct safetensors_item *items,
    size_t n_items, enum tensor_type type);

#endif /* FORMAT_SAFETENSORS_WRITE_H */
