/*
 * muon.c
 *
 * Kept both ways round, X (s, l) with s <= l and its transpose, so that every
 * product has the form that math/gemm computes: A = X X^T, A A = A A^T and
 * (B X)^T = X^T B^T, A and B being symmetric.
 */
#include "learn/muon.h"

#include <math.h>

#include "base/mem.h"
#include "math/gemm.h"

#define STEPS 5

/* The quintic of Jordan et al. */
#define QUINTIC_A 3.4445f
#define QUINTIC_B -4.7750f
#define QUINTIC_C 2.0315f

struct muon {
    size_t rows, columns;
    size_t s, l;               /* the shorter and the longer of them */
    float *x, *t, *product;    /* (s, l), (l, s), (l, s) */
    float *a, *aa;             /* (s, s) */
    struct gemm_weights *by_x; /* (s, l) */
    struct gemm_weights *by_a; /* (s, s) */
};

struct muon *
muon_new(const struct kernels *kernels, size_t rows, size_t columns)
{
    struct muon *m = mem_alloc(1, sizeof(*m));

    if (m == NULL) {
        return NULL;
    }
    m->rows = rows;
    m->columns = columns;
    m->s = rows < columns ? rows : columns;
    m->l = rows < columns ? columns : rows;
    m->x = mem_alloc(rows * columns, sizeof(float));
    m->t = mem_alloc(rows * columns, sizeof(float));
    m->product = mem_alloc(rows * columns, sizeof(float));
    m->a = mem_alloc(m->s * m->s, sizeof(float));
    m->aa = mem_alloc(m->s * m->s, sizeof(float));
    m->by_x = gemm_weights_new(kernels, m->s, m->l);
    m->by_a = gemm_weights_new(kernels, m->s, m->s);
    if (m->x == NULL || m->t == NULL || m->product == NULL || m->a == NULL ||
        m->aa == NULL || m->by_x == NULL || m->by_a == NULL) {
        muon_free(m);
        return NULL;
    }
    return m;
}

void
muon_free(struct muon *m)
{
    if (m != NULL) {
        gemm_weights_free(m->by_x);
        gemm_weights_free(m->by_a);
        mem_free(m->x);
        mem_free(m->t);
        mem_free(m->product);
        mem_free(m->a);
        mem_free(m->aa);
        mem_free(m);
    }
}

/* out (columns, rows) = in (rows, columns) transposed, in blocks that stay in
   the cache. */
static void
transpose(float *out, const float *in, size_t rows, size_t columns)
{
    const size_t block = 16;

    for (size_t i0 = 0; i0 < rows; i0 += block) {
        for (size_t j = 0; j < columns; j++) {
            for (size_t i = i0; i < i0 + block && i < rows; i++) {
                out[j * rows + i] = in[i * columns + j];
            }
        }
    }
}

/* Frobenius norm. */
static double
norm(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * x[i];
    }
    return sqrt(sum);
}

static void
step(struct muon *m)
{
    size_t s = m->s, l = m->l;

    gemm_pack(m->by_x, m->x, 0, s);
    gemm(m->a, s, m->x, l, m->by_x, s, 1);
    gemm_pack(m->by_a, m->a, 0, s);
    gemm(m->aa, s, m->a, s, m->by_a, s, 1);
    for (size_t i = 0; i < s * s; i++) {
        m->a[i] = QUINTIC_B * m->a[i] + QUINTIC_C * m->aa[i];
    }
    gemm_pack(m->by_a, m->a, 0, s);
    gemm(m->product, s, m->t, s, m->by_a, l, 1);
    for (size_t i = 0; i < s * l; i++) {
        m->t[i] = QUINTIC_A * m->t[i] + m->product[i];
    }
    transpose(m->x, m->t, l, s);
}

void
muon_orthogonalize(struct muon *m, float *x)
{
    size_t n = m->rows * m->columns;
    double size = norm(x, n);

    if (!(size > 0)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        m->product[i] = (float)(x[i] / size);
    }
    if (m->rows <= m->columns) {
        for (size_t i = 0; i < n; i++) {
            m->x[i] = m->product[i];
        }
        transpose(m->t, m->x, m->s, m->l);
    } else {
        for (size_t i = 0; i < n; i++) {
            m->t[i] = m->product[i];
        }
        transpose(m->x, m->t, m->l, m->s);
    }
    for (int i = 0; i < STEPS; i++) {
        step(m);
    }
    const float *result = m->rows <= m->columns ? m->x : m->t;
    for (size_t i = 0; i < n; i++) {
        x[i] = result[i];
    }
}
