/*
 * weights.h - the tensors of a model: safetensors, sharded safetensors, GGUF.
 *
 * Files are mapped; every offset, length and count in a header is checked
 * against the file before it is used.
 */
#ifndef FORMAT_WEIGHTS_H
#define FORMAT_WEIGHTS_H

#include <stddef.h>

#include "format/tensor.h"

struct gguf;
struct weights;

/*
 * Open the weights of a model: a directory with model.safetensors or
 * model.safetensors.index.json, a .safetensors file, or a GGUF file.
 *
 * Errors: NULL; reported with file and place.
 */
struct weights *weights_open(const char *path);
void weights_close(struct weights *weights);

/* Take the pages read so far out of this process; see file_map_rest(). */
void weights_rest(const struct weights *weights);

size_t weights_count(const struct weights *weights);
const struct tensor *weights_at(const struct weights *weights, size_t i);

/* The tensor of that name, or NULL (not reported). */
const struct tensor *weights_find(
    const struct weights *weights, const char *name);

/* The GGUF file behind the weights, or NULL for safetensors. */
const struct gguf *weights_gguf(const struct weights *weights);

/* The files the tensors lie in. */
size_t weights_file_count(const struct weights *weights);
const char *weights_file(const struct weights *weights, size_t i);

#endif /* FORMAT_WEIGHTS_H */
