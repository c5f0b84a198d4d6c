/*
 * sampler.c
 *
 * The order of an epoch is a Feistel network on the numbers of the chunks
 * (Black and Rogaway, CT-RSA 2002): a bijection of 2^(2 h) numbers, walked
 * until it is below n, which takes less than 4 steps on average.  It needs no
 * table and no state.
 */
#include "learn/sampler.h"

#include "base/rng.h"

#define ROUNDS 4

__extension__ typedef unsigned __int128 uint128;

/* Uniform in [0, n) from 64 uniform bits; the bias is below n / 2^64. */
static uint64_t
scale(uint64_t bits, uint64_t n)
{
    return (uint64_t)((uint128)bits * n >> 64);
}

/* Where the i-th of n items comes in the order named by key. */
static uint64_t
permute(uint64_t key, uint64_t i, uint64_t n)
{
    unsigned half = 1;

    while (half < 32 && (UINT64_C(1) << 2 * half) < n) {
        half++;
    }
    uint64_t mask = (UINT64_C(1) << half) - 1;
    do {
        uint64_t left = i >> half, right = i & mask;
        for (uint64_t round = 0; round < ROUNDS; round++) {
            uint64_t next = left ^ (rng_at(rng_mix(key + round), right) & mask);
            left = right;
            right = next;
        }
        i = left << half | right;
    } while (i >= n);
    return i;
}

uint64_t
sampler_at(const struct sampler *s, uint64_t place, uint64_t length)
{
    if (!s->is_aligned) {
        return scale(rng_at(s->seed, place), s->n_tokens - length + 1);
    }
    uint64_t n = s->n_tokens / length;
    uint64_t i = place / length;
    return length * permute(rng_at(s->seed, i / n), i % n, n);
}
