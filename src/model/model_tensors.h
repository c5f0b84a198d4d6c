/*
 * model_tensors.h - finding the tensors of a model by what they are for.
 *
 * The names of Hugging Face checkpoints and of GGUF files, the check of each
 * shape, and what was found: parameter counts, types, tensors left over.
 */
#ifndef MODEL_MODEL_TENSORS_H
#define MODEL_MODEL_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/tensor.h"
#include "model/model_names.h"

struct weights;

struct model_tensors {
    const struct weights *weights;
    const char *path; /* for messages */
    const struct model_names *names;
    bool *is_used; /* one per tensor of weights */
    uint64_t n_parameters;
    uint64_t n_by_type[TENSOR_TYPES]; /* of matrices */
};

/* Owner: model_tensors_release(). */
int model_tensors_init(struct model_tensors *tensors,
    const struct weights *weights, const struct model_names *names,
    const char *path);
void model_tensors_release(struct model_tensors *tensors);

/* Whether the file has the weight of a role. */
bool model_tensors_has(
    const struct model_tensors *tensors, enum model_role role, size_t layer);

/*
 * The weight of a role, for rows outputs and columns inputs, or a vector of
 * rows numbers if columns is 0; or the bias, a vector.  layer is ignored for
 * roles outside layers.
 *
 * Errors: NULL if it is missing, has another shape or a type that cannot be
 * widened; reported.
 */
const struct tensor *model_tensors_weight(struct model_tensors *tensors,
    enum model_role role, size_t layer, size_t rows, size_t columns);
const struct tensor *model_tensors_bias(struct model_tensors *tensors,
    enum model_role role, size_t layer, size_t rows);

/*
 * Set *out to the factors (n) that divide the rotary frequencies, NULL if the
 * file has none.
 */
int model_tensors_rope_factors(
    struct model_tensors *tensors, const struct tensor **out, size_t n);

/* "Q4_1 + Q8_0": types of the matrices, that of most numbers first. */
void model_tensors_types(
    const struct model_tensors *tensors, char *out, size_t out_bytes_max);

/* Warn about tensors that nothing used and that are not known buffers. */
void model_tensors_warn_unused(const struct model_tensors *tensors);

#endif /* MODEL_MODEL_TENSORS_H */
