/*
 * bits.h - digests of the bits that contract C1 promises.
 */
#ifndef TESTS_BITS_H
#define TESTS_BITS_H

#include <stddef.h>
#include <stdint.h>

struct kernels;

/* FNV-1a of n_bytes more bytes; start with DIGEST_START. */
#define DIGEST_START UINT64_C(0xcbf29ce484222325)
uint64_t digest_bytes(uint64_t hash, const void *bytes, size_t n_bytes);

/* The same of numbers; every NaN counts as the same. */
uint64_t digest_floats(uint64_t hash, const float *x, size_t n);
uint64_t digest_double(uint64_t hash, double x);

/* n numbers in [-scale, scale), named by seed.  Owner: mem_free(). */
float *random_floats(uint64_t seed, size_t n, float scale);

/* The logits of a small Transformer, and the bytes coded with them. */
void bits_model(
    const struct kernels *kernels, uint64_t *logits, uint64_t *archive);

/* The logits of models of other parts than llama's. */
uint64_t bits_parts(const struct kernels *kernels);

/* Products with weights of every stored type. */
uint64_t bits_stored(const struct kernels *kernels);

/* Products of 8-bit integers by all kinds of that name. */
uint64_t bits_int8(const char *name);

/* Numbers of every stored type, widened. */
uint64_t bits_widen(void);

#endif /* TESTS_BITS_H */
