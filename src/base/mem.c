/*
 * mem.c
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/report.h"

void *
mem_alloc(size_t n, size_t item_bytes)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, item_bytes, &bytes) ||
        bytes > SIZE_MAX - MEM_ALIGN) {
        report_error("cannot allocate %zu items of %zu bytes", n, item_bytes);
        return NULL;
    }
    bytes = (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    if (bytes == 0) {
        bytes = MEM_ALIGN;
    }
    void *block = aligned_alloc(MEM_ALIGN, bytes);
    if (block == NULL) {
        report_error("out of memory: %zu bytes", bytes);
        return NULL;
    }
    return memset(block, 0, bytes);
}

int
mem_grow(void **block, size_t *n_max, size_t n_used, size_t n_needed,
    size_t item_bytes)
{
    if (n_needed <= *n_max && *block != NULL) {
        return 0;
    }
    size_t n = *n_max < 16 ? 16 : *n_max;
    while (n < n_needed) {
        n = n > SIZE_MAX / 2 ? n_needed : 2 * n;
    }
    void *bigger = mem_alloc(n, item_bytes);
    if (bigger == NULL) {
        return -1;
    }
    if (*block != NULL) {
        memcpy(bigger, *block, n_used * item_bytes);
    }
    mem_free(*block);
    *block = bigger;
    *n_max = n;
    return 0;
}

/* What a block of no bytes maps. */
static size_t
map_bytes(size_t bytes)
{
    return bytes == 0 ? MEM_ALIGN : bytes;
}

void *
mem_map(size_t bytes)
{
    void *block = mmap(NULL, map_bytes(bytes), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED) {
        report_error("out of memory: %zu bytes", bytes);
        return NULL;
    }
    /* A wish: fewer page faults, fewer misses of the TLB. */
    madvise(block, map_bytes(bytes), MADV_HUGEPAGE);
    return block;
}

void
mem_unmap(void *block, size_t bytes)
{
    if (block != NULL) {
        munmap(block, map_bytes(bytes));
    }
}

char *
mem_strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = mem_alloc(bytes, 1);

    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

char *
mem_printf(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : mem_alloc((size_t)n + 1, 1);
    if (text == NULL) {
        return NULL;
    }
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

void
mem_free(void *block)
{
    free(block);
}
