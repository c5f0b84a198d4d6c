/*
 * gemm.c
 *
 * Packed weights, and the division of a product among threads.  Exact mode:
 * panels (gemm_kernel.h), N rounded up with zeros.  BLAS mode: rows as they
 * are, cut into slabs that depend on the shape only, because OpenBLAS rounds
 * differently for other shapes.
 */
#include "gemm.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "gemm_block.h"
#include "gemm_kernel.h"
#include "gemm_stored.h"
#include "int8.h"
#include "kernels_table.h"

_Static_assert(GEMM_ROWS_STEP == GEMM_PANEL, "parts are whole panels");

/* Rows of weights and of input per call of BLAS: parts for 16 threads or so. */
#define BLAS_SLAB_N 512
#define BLAS_SLAB_M 512

/*
 * Fused multiply-adds that make a thread worth its start: some 10 us.  Lower
 * loses on small models, higher leaves cores idle while generating.
 */
#define FMAS_PER_THREAD (512.0 * 1024)

/*
 * Weights of more floats than this do not stay in L2 (1 MiB): they are
 * fetched ahead.  Doing so for smaller ones costs 3 %, not doing so for
 * larger ones up to a third.
 */
#define RESIDENT_FLOATS (256 * 1024)

/*
 * Floats of the output that something is done with at a time (gemm_then()):
 * they and a few panels stay in L2.  Fewer split products of many rows into
 * narrow ones.
 */
#define THEN_FLOATS (64 * 1024)

/* Exact mode: with fewer panels than this, rows divide more evenly. */
#define PANELS_PER_THREAD 4

struct gemm_weights {
    const struct kernels *kernels;
    size_t N, K;
    enum gemm_format format;
    float *packed;   /* (panels, K, GEMM_PANEL); BLAS: (N, K) */
    uint8_t *stored; /* instead, if the format is not GEMM_F32 */
    void *own;       /* the same if it is to be freed, else NULL */
    size_t packed_bytes;
};

static size_t
ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes of a row, 0 if they are too many. */
static size_t
row_bytes(enum gemm_format format, size_t K)
{
    if (K > SIZE_MAX / sizeof(float)) {
        return 0;
    }
    if (format == GEMM_INT8) {
        return int8_row_bytes(K);
    }
    return format == GEMM_F32 ? K * sizeof(float) : stored_row_bytes(format, K);
}

struct gemm_weights *
gemm_weights_plan(const struct kernels *kernels, size_t N, size_t K)
{
    return gemm_weights_plan_stored(
        kernels, kernels->mode == MATH_INT8 ? GEMM_INT8 : GEMM_F32, N, K);
}

struct gemm_weights *
gemm_weights_plan_stored(
    const struct kernels *kernels, enum gemm_format format, size_t N, size_t K)
{
    struct gemm_weights *weights = mem_alloc(1, sizeof(*weights));
    size_t bytes = row_bytes(format, K);
    size_t N_padded = N;

    assert(N > 0 && K > 0);
    assert((format == GEMM_INT8) == (kernels->mode == MATH_INT8));
    assert(format == GEMM_F32 || kernels->mode != MATH_BLAS);
    if (!weights) {
        return NULL;
    }
    if (kernels->mode != MATH_BLAS) {
        N_padded = ceil_div(N, GEMM_PANEL) * GEMM_PANEL;
    }
    weights->kernels = kernels;
    weights->N = N;
    weights->K = K;
    weights->format = format;
    if (bytes == 0 ||
        __builtin_mul_overflow(N_padded, bytes, &weights->packed_bytes)) {
        report_error("cannot allocate weights of shape (%zu, %zu)", N, K);
        mem_free(weights);
        return NULL;
    }
    return weights;
}

void
gemm_weights_place(struct gemm_weights *weights, void *memory)
{
    assert((uintptr_t)memory % MEM_ALIGN == 0);
    if (weights->format == GEMM_F32) {
        weights->packed = memory;
    } else {
        weights->stored = memory;
    }
}

struct gemm_weights *
gemm_weights_new(const struct kernels *kernels, size_t N, size_t K)
{
    struct gemm_weights *weights = gemm_weights_plan(kernels, N, K);

    if (!weights) {
        return NULL;
    }
    weights->own = mem_alloc(weights->packed_bytes, 1);
    if (!weights->own) {
        mem_free(weights);
        return NULL;
    }
    gemm_weights_place(weights, weights->own);
    return weights;
}

void
gemm_weights_free(struct gemm_weights *weights)
{
    if (weights) {
        mem_free(weights->own);
        mem_free(weights);
    }
}

enum gemm_format
gemm_weights_format(const struct gemm_weights *weights)
{
    return weights->format;
}

size_t
gemm_weights_rows(const struct gemm_weights *weights)
{
    return weights->N;
}

size_t
gemm_weights_columns(const struct gemm_weights *weights)
{
    return weights->K;
}

size_t
gemm_weights_bytes(const struct gemm_weights *weights)
{
    return weights->packed_bytes;
}

/* The place of weight (n, 0) in the panels; weight (n, k) is k panels on. */
static float *
panel_row(const struct gemm_weights *weights, size_t n)
{
    return weights->packed + n / GEMM_PANEL * GEMM_PANEL * weights->K +
           n % GEMM_PANEL;
}

/* The panel with row n, if the format is not GEMM_F32. */
static uint8_t *
stored_panel(const struct gemm_weights *weights, size_t n)
{
    return weights->stored +
           n / GEMM_PANEL * GEMM_PANEL * row_bytes(weights->format, weights->K);
}

/*
 * Transpose rows (n_rows, K) into a panel.  It is written from front to end:
 * five times faster than row by row.
 */
static void
pack_panel(float *panel, const float *rows, size_t n_rows, size_t K)
{
    for (size_t k = 0; k < K; k++) {
        for (size_t n = 0; n < n_rows; n++) {
            panel[k * GEMM_PANEL + n] = rows[n * K + k];
        }
    }
}

void
gemm_pack(struct gemm_weights *weights, const float *rows, size_t first,
    size_t n_rows)
{
    size_t K = weights->K;

    assert(weights->format == GEMM_F32 || weights->format == GEMM_INT8);
    assert(first % GEMM_ROWS_STEP == 0 && n_rows <= weights->N - first);

    if (weights->kernels->mode == MATH_BLAS) {
        memcpy(weights->packed + first * K, rows, n_rows * K * sizeof(float));
        return;
    }
    for (size_t n = 0; n < n_rows; n += GEMM_PANEL) {
        size_t n_panel = smaller(n_rows - n, GEMM_PANEL);

        if (weights->format == GEMM_INT8) {
            int8_pack_panel(weights->kernels, stored_panel(weights, first + n),
                rows + n * K, n_panel, K);
        } else {
            pack_panel(panel_row(weights, first + n), rows + n * K, n_panel, K);
        }
    }
}

void
gemm_pack_stored(
    struct gemm_weights *weights, const void *rows, size_t first, size_t n_rows)
{
    size_t bytes = stored_row_bytes(weights->format, weights->K);

    assert(first % GEMM_ROWS_STEP == 0 && n_rows <= weights->N - first);

    for (size_t n = 0; n < n_rows; n += GEMM_PANEL) {
        stored_pack_panel(stored_panel(weights, first + n),
            (const uint8_t *)rows + n * bytes, weights->format,
            smaller(n_rows - n, GEMM_PANEL), weights->K);
    }
}

void
gemm_unpack_row(float *out, const struct gemm_weights *weights, size_t n)
{
    const float *panel;

    assert(n < weights->N);

    if (weights->format != GEMM_F32) {
        if (weights->format == GEMM_INT8) {
            int8_unpack_row(weights->kernels, out, stored_panel(weights, n),
                n % GEMM_PANEL, weights->K);
            return;
        }
        stored_unpack_row(out, stored_panel(weights, n), weights->format,
            n % GEMM_PANEL, weights->K);
        return;
    }
    if (weights->kernels->mode == MATH_BLAS) {
        memcpy(
            out, weights->packed + n * weights->K, weights->K * sizeof(float));
        return;
    }
    panel = panel_row(weights, n);
    for (size_t k = 0; k < weights->K; k++) {
        out[k] = panel[k * GEMM_PANEL];
    }
}

/*
 * A product and how it is cut: grid_m x grid_n nearly equal parts, one after
 * the other, each in blocks of n_columns.
 */
struct product {
    const struct gemm_weights *weights;
    float *out;
    size_t out_stride;
    const float *in;
    size_t in_stride;
    size_t M;
    size_t grid_m, grid_n;
    size_t n_columns;
    const struct gemm_then *then; /* NULL: nothing */
};

/* Rows [m, m_end) and columns [n, n_end); n is the first of a panel. */
static void
compute_block(
    const struct product *p, size_t m, size_t m_end, size_t n, size_t n_end)
{
    const struct gemm_weights *w = p->weights;
    struct gemm_block block = {
        .out = p->out + m * p->out_stride + n,
        .out_stride = p->out_stride,
        .in = p->in + m * p->in_stride,
        .in_stride = p->in_stride,
        .M = m_end - m,
        .N = n_end - n,
        .K = w->K,
    };

    if (w->format == GEMM_INT8) {
        gemm_int8(w->kernels, &block, stored_panel(w, n));
    } else if (w->format != GEMM_F32) {
        gemm_stored(w->kernels, &block, stored_panel(w, n), w->format);
    } else if (w->kernels->mode == MATH_BLAS) {
        block.weights = w->packed + n * w->K;
        gemm_blas(&block);
    } else {
        block.weights = w->packed + n * w->K;
        block.is_streamed = w->N / p->grid_n * w->K > RESIDENT_FLOATS;
        gemm_exact(w->kernels->gemm, &block);
    }
}

static void
compute_part(const struct product *p, size_t part)
{
    size_t i = part / p->grid_n, j = part % p->grid_n;
    size_t n_panels = ceil_div(p->weights->N, GEMM_PANEL);
    size_t m = p->M * i / p->grid_m;
    size_t m_end = p->M * (i + 1) / p->grid_m;
    size_t n = n_panels * j / p->grid_n * GEMM_PANEL;
    size_t n_end =
        smaller(n_panels * (j + 1) / p->grid_n * GEMM_PANEL, p->weights->N);
    size_t next;

    for (; n < n_end; n = next) {
        next = smaller(n_end, n + p->n_columns);
        compute_block(p, m, m_end, n, next);
        if (p->then) {
            p->then->work(p->then->context, m, m_end - m, n, next - n);
        }
    }
}

/* Exact mode: one part per thread, along N if the panels divide evenly. */
static void
cut_exact(struct product *p, int n_threads)
{
    size_t n_panels = ceil_div(p->weights->N, GEMM_PANEL);
    size_t n = (size_t)n_threads;

    if (n_panels >= PANELS_PER_THREAD * n || n_panels >= p->M) {
        p->grid_n = smaller(n, n_panels);
    } else {
        p->grid_m = smaller(n, p->M);
    }
}

/*
 * Columns of a block: all, or whole panels that what comes then finds in the
 * cache.  BLAS: the slab, whose width decides how it rounds.  int8 would
 * quantise its input once per block.
 */
static size_t
block_columns(const struct product *p)
{
    size_t n_rows = ceil_div(p->M, p->grid_m);
    size_t n_panels = THEN_FLOATS / (n_rows * GEMM_PANEL);

    if (!p->then || p->weights->kernels->mode != MATH_EXACT) {
        return p->weights->N;
    }
    return (n_panels < 1 ? 1 : n_panels) * GEMM_PANEL;
}

void
gemm(float *out, size_t out_stride, const float *in, size_t in_stride,
    const struct gemm_weights *weights, size_t M, int n_threads)
{
    gemm_then(out, out_stride, in, in_stride, weights, M, n_threads, NULL);
}

void
gemm_then(float *out, size_t out_stride, const float *in, size_t in_stride,
    const struct gemm_weights *weights, size_t M, int n_threads,
    const struct gemm_then *then)
{
    double fmas = (double)M * (double)weights->N * (double)weights->K;
    struct product product = {
        .weights = weights,
        .out = out,
        .out_stride = out_stride,
        .in = in,
        .in_stride = in_stride,
        .M = M,
        .grid_m = 1,
        .grid_n = 1,
        .then = then,
    };
    size_t n_parts;

    if (M == 0) {
        return;
    }
    if (n_threads > fmas / FMAS_PER_THREAD) {
        n_threads = (int)(fmas / FMAS_PER_THREAD);
    }
    if (weights->kernels->mode == MATH_BLAS) {
        product.grid_m = ceil_div(M, BLAS_SLAB_M);
        product.grid_n = ceil_div(weights->N, BLAS_SLAB_N);
    } else if (n_threads > 1) {
        cut_exact(&product, n_threads);
    }
    product.n_columns = block_columns(&product);
    n_parts = product.grid_m * product.grid_n;
    if (n_threads > 1) {
#pragma omp parallel for num_threads(n_threads) schedule(static)
        for (size_t i = 0; i < n_parts; i++) {
            compute_part(&product, i);
        }
        return;
    }
    for (size_t i = 0; i < n_parts; i++) {
        compute_part(&product, i);
    }
}
