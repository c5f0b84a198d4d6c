/*
 * bytes.h - little-endian integers at any address.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "codelen needs a little-endian machine"
#endif

static inline uint16_t
bytes_load_u16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint32_t
bytes_load_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t
bytes_load_u64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static inline float
bytes_load_f32(const void *p)
{
    float v;
    memcpy(&v, p, sizeof(v));
    return v;
}

#endif /* BASE_BYTES_H */
