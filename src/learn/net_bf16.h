/*
 * net_bf16.h - products of learning on the matrix unit (AMX) of x86: factors
 * rounded to bf16, sums in float.
 *
 * Some ten times as fast as products of floats, so that what is around them
 * counts.  Gradients differ from those of floats by some thousandths, much
 * less than those of one batch from those of another.
 */
#ifndef LEARN_NET_BF16_H
#define LEARN_NET_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_outer;

/* Whether program, processor and system have it. */
bool net_bf16_exists(void);

/* Numbers of packed weights (N, K). */
size_t net_bf16_size(size_t N, size_t K);

/* packed (aligned) = rows (N, K). */
void net_bf16_pack(uint16_t *packed, const float *rows, size_t N, size_t K);

/*
 * out (R, N) = in (R, K) times packed weights (N, K); both without gaps.
 */
void net_bf16_multiply(float *out, const float *in, const uint16_t *packed,
    size_t R, size_t N, size_t K);

/* Floats of scratch of a product of gradients, whatever its shape. */
#define NET_BF16_SCRATCH ((size_t)128 * 1024)

/* As the outer of net_kernel.h, with that scratch. */
void net_bf16_outer(const struct net_outer *o);

struct net_head;

/* Floats of scratch that a head needs. */
size_t net_bf16_head_scratch(size_t T, size_t D);

/* As in net_kernel.h, with that scratch. */
void net_bf16_attention(const struct net_head *head);
void net_bf16_attention_back(const struct net_head *head);

#endif /* LEARN_NET_BF16_H */
