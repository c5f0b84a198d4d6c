/*
 * net_bf16_attention.c
 *
 * Attention of one head in blocks of 32 queries and 32 keys, with factors
 * rounded to bf16.  Forward, the weights of a block of queries with all keys
 * they see; backward, as in net_kernel_back.h: key blocks outside, queries
 * inside, gradients of keys and values turned, so that weights are right
 * factors, in the order in which they are computed.
 */
#include "learn/net_bf16.h"

#include <assert.h>

#include "learn/net_kernel.h"

#if defined(__AMX_BF16__)

#include <math.h>
#include <string.h>

#include "learn/net_kernel_bf16.h"

#define LOG2_E 1.4426950408889634f

/* Blocks of queries whose weights with a block of keys are at hand: 32 KiB. */
#define BACK_BLOCKS 8

/* Where the operands of a head lie in its scratch; Tp, Dp: whole blocks. */
struct operands {
    size_t Tp, Dp;
    uint16_t *k;      /* right factor of scores */
    uint16_t *v;      /* backward: the same of its products with d_out */
    uint16_t *k_rows; /* right factor of d_q; forward: of v, for the output */
    uint16_t *q, *d_out; /* backward: left factors (Tp / 32, Dp, 32) */
    uint16_t *q_turned;  /* backward: left factors of d_k and d_v */
    uint16_t *d_out_turned;
    float *d_q;    /* backward (Tp, Dp) */
    float *delta;  /* backward (Tp) */
    float *scores; /* forward (32, stride) */
    size_t stride;
    uint16_t *weights; /* forward (Tp / 32, 32, 32): a left factor */
};

static struct operands
operands_of(const struct net_head *h)
{
    const size_t Tp = round_up(h->T, BLOCK), Dp = round_up(h->D, BLOCK);
    struct operands o = {.Tp = Tp, .Dp = Dp, .stride = Tp + SIDE};
    uint16_t *at = (uint16_t *)h->scratch;

    o.k = at;
    o.k_rows = at += Tp * Dp;
    o.v = at += Tp * Dp;
    o.weights = o.v;
    o.q = at += Tp * Dp;
    o.scores = (float *)o.q;
    o.d_out = at += Tp * Dp;
    o.q_turned = at += Tp * Dp;
    o.d_out_turned = at += Tp * Dp;
    o.d_q = (float *)(at += Tp * Dp);
    o.delta = o.d_q + Tp * Dp;
    return o;
}

size_t
net_bf16_head_scratch(size_t T, size_t D)
{
    const size_t Tp = round_up(T, BLOCK), Dp = round_up(D, BLOCK);

    /* Weights and scores of a forward pass are larger with a narrow head. */
    return Tp * (7 * Dp / 2 + Dp + 1) + BLOCK * (Tp + SIDE);
}

/* The first key that query t sees. */
static size_t
first_key(const struct net_head *h, size_t t)
{
    return h->window && t >= h->window ? t + 1 - h->window : 0;
}

/* Which of keys [j, j + 32) query t sees: bits. */
static inline uint32_t
seen_keys(const struct net_head *h, size_t t, size_t j)
{
    const size_t first = left_of(first_key(h, t), j);
    const size_t end = smaller(left_of(t + 1, j), BLOCK);

    return first >= end
               ? 0
               : (uint32_t)(((uint64_t)1 << end) - ((uint64_t)1 << first));
}

/* Whether all of 32 queries from t on see all of 32 keys from j on. */
static bool
sees_all(const struct net_head *h, size_t t, size_t j)
{
    return j + BLOCK <= t && first_key(h, t + BLOCK - 1) <= j;
}

/* 2^x for the lanes of mask, 0 for the others. */
static inline __m512
power(__m512 x, __mmask16 mask)
{
    const struct lanes y = power_of_2((struct lanes){x}, false);

    return _mm512_maskz_mov_ps(mask, y.v);
}

/* Block t / 32 of rows (T, D), times factor: registers of a left factor. */
static void
round_scaled(uint16_t *out, const float *in, size_t stride, float factor,
    size_t n_rows, size_t D)
{
    const __m512 f = _mm512_set1_ps(factor);

    for (size_t r = 0; r < BLOCK; r++) {
        const float *row = in + r * stride;

        for (size_t d = 0; d < D; d += DEPTH) {
            const size_t n = r < n_rows ? D - d : 0;
            const __m512 low = load(row + d, n);
            const __m512 high = load(row + d + SIDE, left_of(n, SIDE));

            _mm512_store_si512(out + d * BLOCK + r * DEPTH,
                rounded(_mm512_mul_ps(low, f), _mm512_mul_ps(high, f)));
        }
    }
}

/*
 * Scores of query t, keys [start, end), to weights: a row of a left factor.
 * Sets stats.
 */
static inline void
weigh_row(const struct net_head *h, uint16_t *out, const float *scores,
    size_t t, size_t start, size_t end, float *stats)
{
    __m512 top = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps();
    __m512 more = sum;

    for (size_t j = start; j < end; j += BLOCK) {
        const uint32_t seen = seen_keys(h, t, j);
        const float *s = scores + j - start;

        top = _mm512_mask_max_ps(top, (__mmask16)seen, top, _mm512_loadu_ps(s));
        top = _mm512_mask_max_ps(
            top, (__mmask16)(seen >> SIDE), top, _mm512_loadu_ps(s + SIDE));
    }
    stats[0] = _mm512_reduce_max_ps(top);
    top = _mm512_set1_ps(stats[0]);
    for (size_t j = start; j < end; j += BLOCK) {
        const uint32_t seen = seen_keys(h, t, j);
        const float *s = scores + j - start;
        const __m512 low =
            power(_mm512_sub_ps(_mm512_loadu_ps(s), top), (__mmask16)seen);
        const __m512 high = power(_mm512_sub_ps(_mm512_loadu_ps(s + SIDE), top),
            (__mmask16)(seen >> SIDE));

        sum = _mm512_add_ps(sum, low);
        more = _mm512_add_ps(more, high);
        _mm512_store_si512(out, rounded(low, high));
        out += BLOCK * DEPTH;
    }
    stats[1] = 1.0f / _mm512_reduce_add_ps(_mm512_add_ps(sum, more));
}

/* 32 queries from t on. */
static void
forward_block(const struct net_head *h, const struct operands *o, size_t t)
{
    const size_t n = smaller(h->T - t, BLOCK),
                 start = first_key(h, t) / BLOCK * BLOCK;
    const size_t end = t + BLOCK, n_steps = o->Dp / DEPTH;
    _Alignas(64) uint16_t q[BLOCK * (NET_HEAD_MAX + DEPTH)];
    _Alignas(64) float part[BLOCK * BLOCK];

    round_scaled(
        q, h->q + t * h->stride, h->stride, h->scale * LOG2_E, n, h->D);
    for (size_t j = start; j < end; j += BLOCK) {
        multiply_block(o->scores + j - start, o->stride, true, q, REGISTER,
            o->k + j * o->Dp, SIDE * o->Dp, n_steps, BLOCK * DEPTH);
    }
    for (size_t r = 0; r < n; r++) {
        weigh_row(h, o->weights + r * DEPTH, o->scores + r * o->stride, t + r,
            start, end, h->stats + 2 * (t + r));
    }
    for (size_t d = 0; d < h->D; d += BLOCK) {
        multiply_block(part, BLOCK, true, o->weights, REGISTER,
            o->k_rows + d * o->Tp + start * SIDE, SIDE * o->Tp,
            (end - start) / DEPTH, BLOCK * DEPTH);
        for (size_t r = 0; r < n; r++) {
            const __m512 factor = _mm512_set1_ps(h->stats[2 * (t + r) + 1]);

            for (size_t i = d; i < smaller(h->D, d + BLOCK); i += SIDE) {
                store(h->out + (t + r) * h->out_stride + i,
                    _mm512_mul_ps(
                        factor, _mm512_load_ps(part + r * BLOCK + i - d)),
                    h->D - i);
            }
        }
    }
}

void
net_bf16_attention(const struct net_head *h)
{
    const struct operands o = operands_of(h);

    configure();
    round_weights(o.k, h->k, h->stride, h->T, h->D);
    round_columns(o.k_rows, h->v, h->stride, h->T, h->D, false);
    for (size_t t = 0; t < h->T; t += BLOCK) {
        forward_block(h, &o, t);
    }
    _tile_release();
}

/* Some blocks of queries with a block of keys, 32 x 32 each. */
struct back {
    const struct net_head *head;
    struct operands o;
    _Alignas(64) uint16_t p[BACK_BLOCKS * BLOCK * BLOCK];  /* right factor */
    _Alignas(64) uint16_t ds[BACK_BLOCKS * BLOCK * BLOCK]; /* right factor */
    /* Of every second block. */
    _Alignas(64) uint16_t ds_rows[2][BLOCK * BLOCK]; /* left factor */
    _Alignas(64) float scores[2][BLOCK * BLOCK];
    _Alignas(64) float dp[2][BLOCK * BLOCK];
    _Alignas(64) float d_k[NET_HEAD_MAX * BLOCK]; /* (D, 32) */
    _Alignas(64) float d_v[NET_HEAD_MAX * BLOCK];
};

/* Weights of 16 keys of a row and the gradient of their scores. */
static inline void
back_row(__m512 *p, __m512 *ds, const float *scores, const float *dp,
    const float *stats, float delta, __mmask16 seen)
{
    *p = power(
        _mm512_sub_ps(_mm512_load_ps(scores), _mm512_set1_ps(stats[0])), seen);
    *p = _mm512_mul_ps(*p, _mm512_set1_ps(stats[1]));
    *ds = _mm512_mul_ps(
        *p, _mm512_sub_ps(_mm512_load_ps(dp), _mm512_set1_ps(delta)));
}

/* p, ds and ds_rows of block number block: queries from t, keys from j on. */
static inline void
back_weights(struct back *b, size_t block, size_t t, size_t j)
{
    const struct net_head *h = b->head;
    const bool is_whole = sees_all(h, t, j) && t + BLOCK <= h->T;
    const size_t column = BACK_BLOCKS * REGISTER;
    uint16_t *p = b->p + block * REGISTER, *ds = b->ds + block * REGISTER;
    uint16_t *ds_rows = b->ds_rows[block % 2];

    for (size_t r = 0; r < BLOCK; r += 2) {
        __m512 w[2][2], d[2][2];

        for (size_t i = 0; i < 2; i++) {
            const size_t at = t + r + i;
            const uint32_t seen = is_whole    ? UINT32_MAX
                                  : at < h->T ? seen_keys(h, at, j)
                                              : 0;
            const float *stats = h->stats + 2 * smaller(at, h->T - 1);
            const float *scores = b->scores[block % 2] + (r + i) * BLOCK;
            const float *dp = b->dp[block % 2] + (r + i) * BLOCK;

            back_row(&w[i][0], &d[i][0], scores, dp, stats, b->o.delta[at],
                (__mmask16)seen);
            back_row(&w[i][1], &d[i][1], scores + SIDE, dp + SIDE, stats,
                b->o.delta[at], (__mmask16)(seen >> SIDE));
            _mm512_store_si512(
                ds_rows + (r + i) * DEPTH, rounded(d[i][0], d[i][1]));
        }
        for (size_t i = 0; i < 2; i++) {
            _mm512_store_si512(
                p + i * column + r * SIDE, paired(w[0][i], w[1][i]));
            _mm512_store_si512(
                ds + i * column + r * SIDE, paired(d[0][i], d[1][i]));
        }
    }
}

/* Scores and dp of block number block: queries from t, keys from j on. */
static inline void
back_scores(struct back *b, size_t block, size_t t, size_t j)
{
    const struct operands *o = &b->o;
    const size_t Dp = o->Dp, n_steps = Dp / DEPTH;

    multiply_block(b->scores[block % 2], BLOCK, true, o->q + t * Dp, REGISTER,
        o->k + j * Dp, SIDE * Dp, n_steps, BLOCK * DEPTH);
    multiply_block(b->dp[block % 2], BLOCK, true, o->d_out + t * Dp, REGISTER,
        o->v + j * Dp, SIDE * Dp, n_steps, BLOCK * DEPTH);
}

/* d_q += that of block number block. */
static inline void
back_queries(struct back *b, size_t block, size_t t, size_t j)
{
    const struct operands *o = &b->o;

    for (size_t d = 0; d < o->Dp; d += BLOCK) {
        multiply_block(o->d_q + t * o->Dp + d, o->Dp, false,
            b->ds_rows[block % 2], REGISTER, o->k_rows + d * o->Tp + j * SIDE,
            SIDE * o->Tp, 1, 0);
    }
}

/*
 * Queries [t, end), at most BACK_BLOCKS blocks, with keys from j on.  What
 * goes between registers and vectors through memory waits for a block, so
 * that neither waits for the other's stores.
 */
static void
back_step(struct back *b, size_t t, size_t end, size_t j)
{
    const struct operands *o = &b->o;
    const size_t n_blocks = (end - t + BLOCK - 1) / BLOCK;

    back_scores(b, 0, t, j);
    for (size_t i = 0; i < n_blocks; i++) {
        const size_t at = t + i * BLOCK;

        if (i + 1 < n_blocks) {
            back_scores(b, i + 1, at + BLOCK, j);
        }
        back_weights(b, i, at, j);
        if (i > 0) {
            back_queries(b, i - 1, at - BLOCK, j);
        }
    }
    back_queries(b, n_blocks - 1, t + (n_blocks - 1) * BLOCK, j);
    for (size_t d = 0; d < o->Dp; d += BLOCK) {
        const size_t at = d * o->Tp + t * SIDE;

        multiply_block(b->d_v + d * BLOCK, BLOCK, false, o->d_out_turned + at,
            SIDE * o->Tp, b->p, BACK_BLOCKS * REGISTER, n_blocks, REGISTER);
        multiply_block(b->d_k + d * BLOCK, BLOCK, false, o->q_turned + at,
            SIDE * o->Tp, b->ds, BACK_BLOCKS * REGISTER, n_blocks, REGISTER);
    }
}

/* out (n, D) (+)= factor * block (D, 32), turned. */
static void
put_turned(float *out, size_t stride, const float *block, float factor,
    size_t n, size_t D, bool is_added)
{
    const __m512 f = _mm512_set1_ps(factor);

    for (size_t d = 0; d < D; d += SIDE) {
        for (size_t j = 0; j < n; j += SIDE) {
            struct lanes x[SIDE];

            for (size_t i = 0; i < SIDE; i++) {
                x[i] = lanes_load(block + (d + i) * BLOCK + j);
            }
            lanes_turn(x);
            for (size_t i = 0; i < SIDE && j + i < n; i++) {
                float *at = out + (j + i) * stride + d;
                const __m512 old =
                    is_added ? load(at, D - d) : _mm512_setzero_ps();

                store(at, _mm512_fmadd_ps(f, x[i].v, old), D - d);
            }
        }
    }
}

/* Keys [j, j + 32). */
static void
back_keys(struct back *b, size_t j)
{
    const struct net_head *h = b->head;
    const size_t n = smaller(h->T - j, BLOCK);
    const size_t end = h->window ? smaller(h->T, j + n - 1 + h->window) : h->T;

    memset(b->d_k, 0, b->o.Dp * BLOCK * sizeof(float));
    memset(b->d_v, 0, b->o.Dp * BLOCK * sizeof(float));
    for (size_t t = j; t < end; t += BACK_BLOCKS * BLOCK) {
        back_step(b, t, smaller(end, t + BACK_BLOCKS * BLOCK), j);
    }
    put_turned(h->d_k + j * h->stride, h->stride, b->d_k, h->scale, n, h->D,
        h->is_added);
    put_turned(
        h->d_v + j * h->stride, h->stride, b->d_v, 1.0f, n, h->D, h->is_added);
}

static void
back_start(const struct net_head *h, const struct operands *o)
{
    const size_t T = h->T, D = h->D;

    round_weights(o->k, h->k, h->stride, T, D);
    round_weights(o->v, h->v, h->stride, T, D);
    round_columns(o->k_rows, h->k, h->stride, T, D, false);
    round_columns(o->q_turned, h->q, h->stride, T, D, true);
    round_columns(o->d_out_turned, h->d_out, h->out_stride, T, D, true);
    for (size_t t = 0; t < T; t += BLOCK) {
        round_scaled(o->q + t * o->Dp, h->q + t * h->stride, h->stride,
            h->scale * LOG2_E, smaller(T - t, BLOCK), D);
        round_rows(o->d_out + t * o->Dp, h->d_out + t * h->out_stride,
            h->out_stride, smaller(T - t, BLOCK), o->Dp, D);
    }
    memset(o->d_q, 0, o->Tp * o->Dp * sizeof(float));
    for (size_t t = 0; t < o->Tp; t++) {
        __m512 sum = _mm512_setzero_ps();

        for (size_t d = 0; t < T && d < D; d += SIDE) {
            sum = _mm512_fmadd_ps(load(h->d_out + t * h->out_stride + d, D - d),
                load(h->out + t * h->out_stride + d, D - d), sum);
        }
        o->delta[t] = _mm512_reduce_add_ps(sum);
    }
}

void
net_bf16_attention_back(const struct net_head *h)
{
    const __m512 scale = _mm512_set1_ps(h->scale);
    struct back b;

    b.head = h;
    b.o = operands_of(h);
    configure();
    back_start(h, &b.o);
    for (size_t j = 0; j < h->T; j += BLOCK) {
        back_keys(&b, j);
    }
    _tile_release();
    for (size_t t = 0; t < h->T; t++) {
        for (size_t d = 0; d < h->D; d += SIDE) {
            store(h->d_q + t * h->stride + d,
                _mm512_mul_ps(scale, load(b.o.d_q + t * b.o.Dp + d, h->D - d)),
                h->D - d);
        }
    }
}

#else

size_t
net_bf16_head_scratch(size_t T, size_t D)
{
    (void)T, (void)D;
    return 0;
}

void
net_bf16_attention(const struct net_head *h)
{
    (void)h;
    assert(false);
}

void
net_bf16_attention_back(const struct net_head *h)
{
    (void)h;
    assert(false);
}

#endif
