/*
 * token_flat.c
 */
#include "token/token_flat.h"

#include <string.h>

#include "base/mem.h"

void *
token_flat_get(struct token_flat *flat, size_t bytes)
{
    void *place = flat->memory == NULL ? NULL : flat->memory + flat->bytes;

    flat->bytes += (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    return place;
}

void
token_flat_put(struct token_flat *flat, const void *data, size_t bytes)
{
    void *place = token_flat_get(flat, bytes);

    if (place != NULL && bytes > 0) {
        memcpy(place, data, bytes);
    }
}
