/*
 * gemm_stored.c
 *
 * Packing stored rows, and products with them.  Few rows are computed while
 * the panel is widened in registers.  For more rows a range of a panel is
 * widened into memory that stays in L1, and used by all rows of the block
 * as if it were a panel of floats; the chains go on from the output.
 */
#include "gemm_stored.h"

#include <assert.h>
#include <string.h>

#include "base/half.h"
#include "base/mem.h"
#include "gemm_block.h"
#include "gemm_kernel.h"
#include "gemm_stored_kernel.h"
#include "kernels_table.h"

/*
 * Floats of widened weights, on the stack: 32 KiB of an L1 of 48 KiB.  Fewer
 * make shorter ranges of k, more of them spill to L2.
 */
#define SCRATCH_FLOATS 8192

/* Input of a block of rows that stays in L2, as in gemm_exact.c. */
#define INPUT_FLOATS (128 * 1024)
#define ROWS_MIN     48

/* Up to so many rows take several panels at once, to have enough chains. */
#define FEW_ROWS   6
#define FEW_PANELS 4

/* Bytes of scales in a block; of the numbers of one k of a panel. */
struct layout {
    size_t scale_bytes; /* of a row of a block */
    size_t step_bytes;
};

static const struct layout layouts[GEMM_FORMATS] = {
    [GEMM_BF16] = {0, 2 * GEMM_PANEL},
    [GEMM_F16] = {0, 2 * GEMM_PANEL},
    [GEMM_Q8_0] = {2, GEMM_PANEL},
    [GEMM_Q4_0] = {2, GEMM_PANEL / 2},
    [GEMM_Q4_1] = {4, GEMM_PANEL / 2},
};

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t
stored_row_bytes(enum gemm_format format, size_t K)
{
    const struct layout *layout = &layouts[format];

    assert(layout->step_bytes > 0);
    assert(layout->scale_bytes == 0 || K % STORED_BLOCK == 0);
    return K * layout->step_bytes / GEMM_PANEL +
           K / STORED_BLOCK * layout->scale_bytes;
}

/* A block of row n of a Q type; at: the block in the panel. */
static void
pack_block(
    uint8_t *at, const uint8_t *block, const struct layout *layout, size_t n)
{
    const uint8_t *q = block + layout->scale_bytes;
    uint8_t *out = at + layout->scale_bytes * GEMM_PANEL;

    for (size_t i = 0; i < layout->scale_bytes / 2; i++) {
        memcpy(at + 2 * (i * GEMM_PANEL + n), block + 2 * i, 2);
    }
    if (layout->step_bytes == GEMM_PANEL) {
        for (size_t k = 0; k < STORED_BLOCK; k++) {
            out[k * GEMM_PANEL + n] = q[k];
        }
        return;
    }
    /* The file has k and k + 16 in a byte, the panel columns j and j + 16. */
    for (size_t k = 0; k < STORED_BLOCK; k++) {
        uint8_t number = k < 16 ? q[k] & 15 : q[k - 16] >> 4;

        out[k * GEMM_PANEL / 2 + n % 16] |=
            (uint8_t)(n < 16 ? number : number << 4);
    }
}

void
stored_pack_panel(uint8_t *panel, const uint8_t *rows, enum gemm_format format,
    size_t n_rows, size_t K)
{
    const struct layout *layout = &layouts[format];
    size_t row_bytes = stored_row_bytes(format, K);
    size_t block_bytes = stored_row_bytes(format, STORED_BLOCK);

    if (layout->scale_bytes == 0) {
        for (size_t k = 0; k < K; k++) {
            for (size_t n = 0; n < n_rows; n++) {
                memcpy(panel + 2 * (k * GEMM_PANEL + n),
                    rows + n * row_bytes + 2 * k, 2);
            }
        }
        return;
    }
    for (size_t b = 0; b < K / STORED_BLOCK; b++) {
        for (size_t n = 0; n < n_rows; n++) {
            pack_block(panel + b * block_bytes * GEMM_PANEL,
                rows + n * row_bytes + b * block_bytes, layout, n);
        }
    }
}

static float
f16_at(const uint8_t *p)
{
    uint16_t h;

    memcpy(&h, p, sizeof(h));
    return half_from_f16(h);
}

/* Number k of column n of a block. */
static float
block_number(const uint8_t *at, enum gemm_format format, size_t n, size_t k)
{
    const struct layout *layout = &layouts[format];
    const uint8_t *q =
        at + layout->scale_bytes * GEMM_PANEL + k * layout->step_bytes;
    float d = f16_at(at + 2 * n);
    int number;

    if (format == GEMM_Q8_0) {
        return d * (float)(int8_t)q[n];
    }
    number = n < 16 ? q[n] & 15 : q[n - 16] >> 4;
    return format == GEMM_Q4_0
               ? d * (float)(number - 8)
               : d * (float)number + f16_at(at + 2 * (GEMM_PANEL + n));
}

void
stored_unpack_row(float *out, const uint8_t *panel, enum gemm_format format,
    size_t n, size_t K)
{
    if (layouts[format].scale_bytes > 0) {
        size_t bytes = stored_row_bytes(format, STORED_BLOCK) * GEMM_PANEL;

        for (size_t k = 0; k < K; k++) {
            out[k] = block_number(
                panel + k / STORED_BLOCK * bytes, format, n, k % STORED_BLOCK);
        }
        return;
    }
    for (size_t k = 0; k < K; k++) {
        uint16_t h;

        memcpy(&h, panel + 2 * (k * GEMM_PANEL + n), sizeof(h));
        out[k] = format == GEMM_BF16 ? half_from_bf16(h) : half_from_f16(h);
    }
}

/* A product, and what it is computed with. */
struct stored_product {
    const struct kernels *kernels;
    const struct gemm_block *block;
    const uint8_t *panels;
    size_t panel_bytes;
    enum gemm_format format;
};

/* As few rows as the kernel computes in registers. */
static void
compute_few(const struct stored_product *p)
{
    const struct gemm_block *b = p->block;
    stored_rows_function *rows =
        p->kernels->stored->formats[p->format].rows[b->M];
    const uint8_t *panel = p->panels;
    _Alignas(MEM_ALIGN) float sums[STORED_ROWS_MAX * GEMM_PANEL];

    for (size_t n = 0; n < b->N; n += GEMM_PANEL, panel += p->panel_bytes) {
        size_t columns = smaller(b->N - n, GEMM_PANEL);

        rows(sums, b->in, b->in_stride, panel, b->K);
        for (size_t m = 0; m < b->M; m++) {
            memcpy(b->out + m * b->out_stride + n, sums + m * GEMM_PANEL,
                columns * sizeof(float));
        }
    }
}

/* Length of nearly equal ranges of at most k_max, in whole blocks. */
static size_t
range_length(size_t K, size_t k_max)
{
    size_t n_ranges = (K + k_max - 1) / k_max;
    size_t length = (K + n_ranges - 1) / n_ranges;

    return (length + STORED_BLOCK - 1) / STORED_BLOCK * STORED_BLOCK;
}

/* Rows [first, first + M) of the block, whose input stays in L2. */
static void
compute_many(const struct stored_product *p, size_t first, size_t M)
{
    const struct gemm_block *b = p->block;
    stored_widen_function *widen = p->kernels->stored->formats[p->format].widen;
    size_t n_step = GEMM_PANEL * (M <= FEW_ROWS ? FEW_PANELS : 1);
    size_t k_step = range_length(b->K, SCRATCH_FLOATS / n_step);
    _Alignas(MEM_ALIGN) float scratch[SCRATCH_FLOATS];

    for (size_t n = 0; n < b->N; n += n_step) {
        size_t columns = smaller(b->N - n, n_step);

        for (size_t k = 0; k < b->K; k += k_step) {
            size_t n_k = smaller(b->K - k, k_step);
            size_t offset = GEMM_PANEL * stored_row_bytes(p->format, k);
            struct gemm_block range = {
                .out = b->out + first * b->out_stride + n,
                .out_stride = b->out_stride,
                .in = b->in + first * b->in_stride + k,
                .in_stride = b->in_stride,
                .weights = scratch,
                .M = M,
                .N = columns,
                .K = n_k,
                .is_continued = b->is_continued || k > 0,
            };

            for (size_t j = 0; j < columns; j += GEMM_PANEL) {
                widen(scratch + j * n_k,
                    p->panels + (n + j) / GEMM_PANEL * p->panel_bytes + offset,
                    n_k);
            }
            gemm_exact(p->kernels->gemm, &range);
        }
    }
}

void
gemm_stored(const struct kernels *kernels, const struct gemm_block *block,
    const uint8_t *panels, enum gemm_format format)
{
    struct stored_product product = {
        .kernels = kernels,
        .block = block,
        .panels = panels,
        .panel_bytes = GEMM_PANEL * stored_row_bytes(format, block->K),
        .format = format,
    };
    size_t n_rows = INPUT_FLOATS / block->K;
    size_t n_parts;

    if (block->M <= STORED_ROWS_MAX &&
        kernels->stored->formats[format].rows[block->M] != NULL) {
        compute_few(&product);
        return;
    }
    if (n_rows < ROWS_MIN) {
        n_rows = ROWS_MIN;
    }
    n_parts = (block->M + n_rows - 1) / n_rows;
    for (size_t part = 0; part < n_parts; part++) {
        size_t begin = block->M * part / n_parts;
        size_t end = block->M * (part + 1) / n_parts;

        compute_many(&product, begin, end - begin);
    }
}
