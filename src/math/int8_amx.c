/*
 * int8_amx.c
 *
 * The matrix unit multiplies tiles of 16 rows x 64 k by 64 k x 16 columns.
 * Two by two of them cover up to 32 rows of a panel; after each block their
 * integers pass through memory to the sums in float, because tiles cannot be
 * read otherwise.  Few rows are left to int8_vnni.c's code.
 */
#include "int8_vnni.h"

#include "int8_tile.h"

/* Rows of a tile register. */
#define TILE_ROWS 16

/* What ldtilecfg reads. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t column_bytes[16];
    uint8_t rows[16];
};

/* Tiles: sums 0-3 (rows low, low, high, high), input 4 and 5, weights 6, 7. */
static void
configure(size_t n_rows)
{
    struct tile_config config = {.palette = 1};
    size_t low = n_rows < TILE_ROWS ? n_rows : TILE_ROWS;
    size_t high = n_rows - low;
    const size_t rows[8] = {low, low, high, high, low, high, 16, 16};

    for (size_t i = 0; i < 8; i++) {
        config.rows[i] = (uint8_t)rows[i];
        config.column_bytes[i] = rows[i] > 0 ? 64 : 0;
    }
    /* Compilers do not know all that the tile instructions read: no store
       before this may be dropped or come later. */
    __asm__ volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
}

/* Integer sums (rows, 32) of a block. */
static void
multiply_block(int32_t *sums, const int8_t *q, size_t q_stride,
    const uint8_t *panel, size_t n_rows)
{
    const int stride = GEMM_PANEL * (int)sizeof(int32_t);

    _tile_zero(0);
    _tile_zero(1);
    _tile_loadd(6, panel, 4 * GEMM_PANEL);
    _tile_loadd(7, panel + 64, 4 * GEMM_PANEL);
    _tile_loadd(4, q, q_stride);
    _tile_dpbsud(0, 4, 6);
    _tile_dpbsud(1, 4, 7);
    if (n_rows > TILE_ROWS) {
        _tile_zero(2);
        _tile_zero(3);
        _tile_loadd(5, q + TILE_ROWS * q_stride, q_stride);
        _tile_dpbsud(2, 5, 6);
        _tile_dpbsud(3, 5, 7);
    }
    _tile_stored(0, sums, stride);
    _tile_stored(1, sums + 16, stride);
    if (n_rows > TILE_ROWS) {
        _tile_stored(2, sums + TILE_ROWS * GEMM_PANEL, stride);
        _tile_stored(3, sums + TILE_ROWS * GEMM_PANEL + 16, stride);
    }
}

/* acc (rows, 32) += scaled sums of block b. */
static inline void
add_block(float *acc, const int32_t *sums, const struct int8_rows *in, size_t b,
    size_t n_rows)
{
    for (size_t r = 0; r < n_rows; r++) {
        vec scale = vec_set(in->scales[r * in->n_blocks + b]);
        ivec start = ivec_set(in->starts[r * in->n_blocks + b]);

        UNROLL
        for (size_t i = 0; i < GEMM_PANEL; i += LANES) {
            float *to = acc + r * GEMM_PANEL + i;
            ivec sum = ivec_load(sums + r * GEMM_PANEL + i);

            _mm512_store_ps(to,
                vec_fma(vec_from(ivec_add(sum, start)), scale, vec_load(to)));
        }
    }
}

/* While the unit multiplies a block, the one before it is added. */
static void
tile_amx(const struct int8_tile *tile, size_t n_rows)
{
    const struct int8_rows *in = &tile->in;
    size_t q_stride = in->n_blocks * INT8_BLOCK;
    _Alignas(64) int32_t sums[2][2 * TILE_ROWS * GEMM_PANEL];
    _Alignas(64) float acc[2 * TILE_ROWS * GEMM_PANEL];

    if (n_rows <= ROWS) {
        tile_function(tile, n_rows);
        return;
    }
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t v = 0; v < VECTORS; v++) {
            _mm512_store_ps(
                acc + r * GEMM_PANEL + v * LANES, tile_begin(tile, r, v));
        }
    }
    configure(n_rows);
    for (size_t b = 0; b <= in->n_blocks; b++) {
        if (b < in->n_blocks) {
            multiply_block(sums[b % 2], in->q + b * INT8_BLOCK, q_stride,
                tile->panel + b * INT8_BLOCK_BYTES, n_rows);
        }
        if (b > 0) {
            add_block(acc, sums[(b - 1) % 2], in, b - 1, n_rows);
        }
    }
    _tile_release();
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t v = 0; v < VECTORS; v++) {
            tile_end(tile, r, v, vec_load(acc + r * GEMM_PANEL + v * LANES));
        }
    }
}

const struct int8_kernel int8_amx = {
    .offset = OFFSET,
    .rows_max = 2 * TILE_ROWS,
    .tile = tile_amx,
    .quantise = quantise,
};
