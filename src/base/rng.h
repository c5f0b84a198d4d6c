/*
 * rng.h - random numbers by position.
 *
 * rng_at(seed, i) is a function of its arguments only, so any rank can make
 * any part of a sequence: the output of splitmix64 (Steele, Lea and Flood,
 * OOPSLA 2014) started at a hash of the seed, at step i.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

/* The finaliser of splitmix64: a bijection that mixes all 64 bits. */
static inline uint64_t
rng_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* The i-th number, uniform over 64 bits, of the sequence named by seed. */
static inline uint64_t
rng_at(uint64_t seed, uint64_t i)
{
    return rng_mix(
        rng_mix(seed + 0x9e3779b97f4a7c15u) + (i + 1) * 0x9e3779b97f4a7c15u);
}

#endif /* BASE_RNG_H */
