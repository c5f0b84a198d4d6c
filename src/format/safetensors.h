/*
 * safetensors.h - one safetensors file.
 *
 * Layout: the length of the header (8 bytes), the header (JSON: for each
 * tensor dtype, shape and the range of its bytes in the data), the data.
 * Private to this folder; callers use weights.h.
 */
#ifndef FORMAT_SAFETENSORS_H
#define FORMAT_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "format/tensor.h"

struct safetensors;

/* Errors: NULL for anything that is not a sound file; reported. */
struct safetensors *safetensors_open(const char *path);

/* The same for a file in memory; data is kept, messages say name. */
struct safetensors *safetensors_open_memory(
    const uint8_t *data, size_t bytes, const char *name);
void safetensors_close(struct safetensors *file);

/* Take the pages read so far out of this process; see file_map_rest(). */
void safetensors_rest(const struct safetensors *file);

const char *safetensors_path(const struct safetensors *file);
size_t safetensors_count(const struct safetensors *file);
const struct tensor *safetensors_at(const struct safetensors *file, size_t i);

/* The tensor of that name, or NULL (not reported). */
const struct tensor *safetensors_find(
    const struct safetensors *file, const char *name);

#endif /* FORMAT_SAFETENSORS_H */
