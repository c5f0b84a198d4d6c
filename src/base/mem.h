/*
 * mem.h - allocation that checks sizes and reports failure.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Alignment of every block: a cache line, and a full AVX-512 register. */
#define MEM_ALIGN 64

/*
 * A zeroed block of n * item_bytes bytes, aligned to MEM_ALIGN; never NULL
 * for a size of zero.
 *
 * Owner: the caller frees with mem_free().
 * Errors: NULL if the product overflows or memory is short; reported.
 */
void *mem_alloc(size_t n, size_t item_bytes);

/*
 * Grow block, which holds n_used items, so that it has room for n_needed
 * (at least doubling).  Sets *block and *n_max.
 *
 * Errors: -1, *block unchanged; reported.
 */
int mem_grow(void **block, size_t *n_max, size_t n_used, size_t n_needed,
    size_t item_bytes);

/* A copy of text; freed with mem_free(). */
char *mem_strdup(const char *text);

/* sprintf into a new string; freed with mem_free(). */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A large block of zeros: each page gets its place in memory when it is first
 * written, so what is never used costs nothing.  Aligned to MEM_ALIGN, not NULL for a
 * size of zero.
 *
 * Owner: the caller frees with mem_unmap(), which accepts NULL.
 * Errors: NULL if memory is short; reported.
 */
void *mem_map(size_t bytes);
void mem_unmap(void *block, size_t bytes);

/* Accepts NULL, like free(). */
void mem_free(void *block);

#endif /* BASE_MEM_H */
