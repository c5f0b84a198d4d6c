/*
 * gguf.h - GGUF files: metadata and tensors (versions 2 and 3).
 */
#ifndef FORMAT_GGUF_H
#define FORMAT_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/tensor.h"

struct gguf;

/* Errors: NULL for anything that is not a sound GGUF file; reported. */
struct gguf *gguf_open(const char *path);

/* The same for a file in memory; data is kept, messages say name. */
struct gguf *gguf_open_memory(
    const uint8_t *data, size_t bytes, const char *name);
void gguf_close(struct gguf *gguf);

/* Take the pages read so far out of this process; see file_map_rest(). */
void gguf_rest(const struct gguf *gguf);

const char *gguf_path(const struct gguf *gguf);
bool gguf_has(const struct gguf *gguf, const char *key);

/*
 * Metadata by key.  Any integer type, float type or bool is converted when it
 * fits.  Errors: -1 if missing or of another kind; not reported.
 */
int gguf_u64(const struct gguf *gguf, uint64_t *value, const char *key);
int gguf_f64(const struct gguf *gguf, double *value, const char *key);
int gguf_bool(const struct gguf *gguf, bool *value, const char *key);

/* Text is not ended by a zero byte: *bytes is its length. */
int gguf_text(
    const struct gguf *gguf, const char **text, size_t *bytes, const char *key);

/* Length of an array, 0 if missing.  Elements by index; strings in O(1). */
size_t gguf_array_count(const struct gguf *gguf, const char *key);
int gguf_array_text(const struct gguf *gguf, const char **text, size_t *bytes,
    const char *key, size_t i);
int gguf_array_u64(
    const struct gguf *gguf, uint64_t *value, const char *key, size_t i);
int gguf_array_f64(
    const struct gguf *gguf, double *value, const char *key, size_t i);

size_t gguf_tensor_count(const struct gguf *gguf);
const struct tensor *gguf_tensor(const struct gguf *gguf, size_t i);

#endif /* FORMAT_GGUF_H */
