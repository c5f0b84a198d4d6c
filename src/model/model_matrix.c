/*
 * model_matrix.c
 *
 * Matrices are widened, checked and packed in slices of GEMM_ROWS_STEP rows,
 * so that besides the packed weights only one slice per thread exists, as
 * floats and, if that is what is packed, as the file has it.
 * Processes that share the packed weights divide the slices of all matrices
 * by the floats in them; inside a process threads divide each matrix.
 */
#include "model/model_matrix.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/half.h"
#include "base/mem.h"
#include "base/report.h"
#include "format/tensor.h"
#include "format/weights.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "model/model.h"

/*
 * Part of the machine's memory that weights may take as floats: other jobs,
 * caches and the ranks' activations need the rest.
 */
#define MEMORY_SHARE 0.25

/* Numbers in a block of the types with blocks that can be packed. */
#define BLOCK 32

/* The format of weights of a type, GEMM_F32 if there is none. */
static enum gemm_format
format_of(enum tensor_type type, size_t n_columns)
{
    static const enum gemm_format formats[TENSOR_TYPES] = {
        [TENSOR_BF16] = GEMM_BF16,
        [TENSOR_F16] = GEMM_F16,
        [TENSOR_Q8_0] = GEMM_Q8_0,
        [TENSOR_Q4_0] = GEMM_Q4_0,
        [TENSOR_Q4_1] = GEMM_Q4_1,
        [TENSOR_Q5_0] = GEMM_Q8_0,
    };

    if (formats[type] >= GEMM_Q8_0 && n_columns % BLOCK != 0) {
        return GEMM_F32;
    }
    return formats[type];
}

/*
 * A format in which all pieces are exact.  Q4_0 and Q5_0 are numbers of 4 and
 * 5 bits with the scale of Q8_0.
 */
static enum gemm_format
common_format(const struct model_matrix *matrix)
{
    enum gemm_format common =
        format_of(matrix->piece[0].weight->type, matrix->n_columns);

    if (matrix->piece[0].is_transposed) {
        return GEMM_F32; /* rows do not lie together in the file */
    }
    for (size_t i = 1; i < matrix->n_pieces; i++) {
        enum gemm_format format =
            format_of(matrix->piece[i].weight->type, matrix->n_columns);
        bool is_q8 = (format == GEMM_Q8_0 || format == GEMM_Q4_0) &&
                     (common == GEMM_Q8_0 || common == GEMM_Q4_0);

        if (format != common) {
            common = is_q8 ? GEMM_Q8_0 : GEMM_F32;
        }
    }
    return common;
}

enum math_weights
model_matrix_packing(const struct weights *weights)
{
    double memory =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    double bytes = 0;

    for (size_t i = 0; i < weights_count(weights); i++) {
        bytes += sizeof(float) * (double)tensor_count(weights_at(weights, i));
    }
    return bytes > MEMORY_SHARE * memory ? MATH_WEIGHTS_STORED
                                         : MATH_WEIGHTS_F32;
}

struct gemm_weights *
model_matrix_plan(const struct model_matrix *matrix,
    const struct kernels *kernels, enum math_weights packing)
{
    if (kernels_mode(kernels) == MATH_EXACT && packing != MATH_WEIGHTS_F32) {
        return gemm_weights_plan_stored(
            kernels, common_format(matrix), matrix->n_rows, matrix->n_columns);
    }
    return gemm_weights_plan(kernels, matrix->n_rows, matrix->n_columns);
}

/* Which row of the tensor is row r of the piece. */
static size_t
source_row(const struct model_piece *piece, size_t r)
{
    size_t width = piece->paired_width;

    if (piece->group_rows > 0) {
        return piece->first_row + r / piece->group_rows * piece->group_stride +
               r % piece->group_rows;
    }
    if (width == 0) {
        return r;
    }
    size_t i = r % width, half = width / 2;
    return r - i + (i < half ? 2 * i : 2 * (i - half) + 1);
}

/* Is there no infinity and no NaN? */
static bool
all_finite(const float *in, size_t n)
{
    uint32_t n_bad = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &in[i], sizeof(bits));
        n_bad += (bits & 0x7f800000u) == 0x7f800000u;
    }
    return n_bad == 0;
}

static int
report_not_finite(const char *path, const struct tensor *tensor, size_t row)
{
    report_error("%s: tensor %s: row %zu has an infinity or NaN", path,
        tensor->name, row);
    return -1;
}

int
model_matrix_vector(float *out, const struct tensor *tensor,
    const struct model_piece *piece, const char *path)
{
    size_t n_stored = (size_t)tensor_count(tensor);
    float *stored = mem_alloc(n_stored, sizeof(float));

    if (stored == NULL) {
        return -1;
    }
    tensor_widen(stored, tensor, 0, n_stored);
    for (size_t r = 0; r < piece->n_rows; r++) {
        out[r] = stored[source_row(piece, r)];
    }
    mem_free(stored);
    return all_finite(out, piece->n_rows) ? 0
                                          : report_not_finite(path, tensor, 0);
}

static size_t
place_bytes(const struct model_matrix *matrix)
{
    size_t bytes =
        matrix->packed == NULL ? 0 : gemm_weights_bytes(matrix->packed);

    return (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

size_t
model_matrices_bytes(const struct model_matrix *matrices, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        bytes += place_bytes(&matrices[i]);
    }
    return bytes;
}

/*
 * Columns [first, first + n) of a transposed tensor (K, N) as rows of out,
 * n <= GEMM_ROWS_STEP.
 */
static void
widen_transposed(
    float *out, const struct tensor *tensor, size_t first, size_t n)
{
    size_t K = tensor->shape[0], N = tensor->shape[1];
    float numbers[GEMM_ROWS_STEP];

    for (size_t k = 0; k < K; k++) {
        tensor_widen(numbers, tensor, (uint64_t)k * N + first, n);
        for (size_t i = 0; i < n; i++) {
            out[i * K + k] = numbers[i];
        }
    }
}

/*
 * Widen rows [first, first + n) of a matrix, n <= GEMM_ROWS_STEP.  Returns the
 * first row with a number that is not finite, SIZE_MAX if there is none.
 */
static size_t
widen_rows(
    float *out, const struct model_matrix *matrix, size_t first, size_t n)
{
    const struct model_piece *piece = matrix->piece;
    size_t columns = matrix->n_columns, base = 0, n_done = 0;

    for (size_t r = first; r < first + n; r++, out += columns) {
        while (r - base >= piece->n_rows) {
            base += piece->n_rows;
            piece++;
        }
        if (!piece->is_transposed) {
            tensor_widen(out, piece->weight,
                (uint64_t)source_row(piece, r - base) * columns, columns);
        } else if (r >= n_done) {
            size_t left = base + piece->n_rows - r, all = first + n - r;
            n_done = r + (left < all ? left : all);
            widen_transposed(out, piece->weight, r - base, n_done - r);
        }
        if (!all_finite(out, columns)) {
            return r;
        }
    }
    return SIZE_MAX;
}

/*
 * Blocks with a scale as blocks of Q8_0, which have the same scale; row: the
 * numbers as floats.  A zero keeps its sign where the scale is zero.
 */
static void
convert_to_q8(uint8_t *out, const uint8_t *blocks, size_t block_bytes,
    const float *row, size_t n_blocks)
{
    for (size_t b = 0; b < n_blocks; b++, row += BLOCK, blocks += block_bytes) {
        float d = half_from_f16(bytes_load_u16(blocks));

        memcpy(out, blocks, 2);
        out += 2;
        for (size_t i = 0; i < BLOCK; i++) {
            float sign = signbit(row[i]) == signbit(d) ? 1 : -1;
            *out++ = (uint8_t)(int8_t)(d == 0 ? sign : row[i] / d);
        }
    }
}

/* Rows [first, first + n) as they are packed; rows: the same as floats. */
static void
store_rows(uint8_t *out, const float *rows, const struct model_matrix *matrix,
    size_t first, size_t n)
{
    const struct model_piece *piece = matrix->piece;
    enum gemm_format format = gemm_weights_format(matrix->packed);
    size_t columns = matrix->n_columns, base = 0;

    for (size_t r = first; r < first + n; r++, rows += columns) {
        while (r - base >= piece->n_rows) {
            base += piece->n_rows;
            piece++;
        }
        enum tensor_type type = piece->weight->type;
        size_t block_bytes = tensor_block_bytes(type);
        size_t n_blocks = columns / tensor_block_count(type);
        const uint8_t *row = piece->weight->data + source_row(piece, r - base) *
                                                       n_blocks * block_bytes;

        if (format == GEMM_Q8_0 && type != TENSOR_Q8_0) {
            convert_to_q8(out, row, block_bytes, rows, n_blocks);
            out += n_blocks * tensor_block_bytes(TENSOR_Q8_0);
        } else {
            memcpy(out, row, n_blocks * block_bytes);
            out += n_blocks * block_bytes;
        }
    }
}

/*
 * Widen, check and pack slice s of a matrix; as widen_rows().  slice: room
 * for two slices of floats.
 */
static size_t
pack_slice(float *slice, const struct model_matrix *matrix, size_t s)
{
    size_t first = s * GEMM_ROWS_STEP, n = matrix->n_rows - first;

    n = n > GEMM_ROWS_STEP ? GEMM_ROWS_STEP : n;
    size_t bad = widen_rows(slice, matrix, first, n);
    if (matrix->packed == NULL || bad != SIZE_MAX) {
        return bad;
    }
    enum gemm_format format = gemm_weights_format(matrix->packed);
    if (format == GEMM_F32 || format == GEMM_INT8) {
        gemm_pack(matrix->packed, slice, first, n);
    } else {
        uint8_t *stored = (uint8_t *)(slice + n * matrix->n_columns);
        store_rows(stored, slice, matrix, first, n);
        gemm_pack_stored(matrix->packed, stored, first, n);
    }
    return bad;
}

static size_t
slice_count(const struct model_matrix *matrix)
{
    return (matrix->n_rows + GEMM_ROWS_STEP - 1) / GEMM_ROWS_STEP;
}

/* Floats in a slice; the last one counts as a whole one. */
static size_t
slice_floats(const struct model_matrix *matrix)
{
    return GEMM_ROWS_STEP * matrix->n_columns;
}

/* Slices of a matrix, or floats of all matrices one after the other. */
struct range {
    size_t first, end;
};

/*
 * The slices of a matrix that belong to a part of the work: those that begin
 * in its range of floats.  before: floats in the matrices before this one.
 */
static struct range
slices_of(
    const struct range *part, const struct model_matrix *matrix, size_t before)
{
    size_t floats = slice_floats(matrix), n = slice_count(matrix);
    size_t bound[2] = {part->first, part->end};

    for (int i = 0; i < 2; i++) {
        size_t inside = bound[i] < before ? 0 : bound[i] - before;
        bound[i] = inside / floats + (inside % floats != 0);
        bound[i] = bound[i] < n ? bound[i] : n;
    }
    return (struct range){bound[0], bound[1]};
}

/* The share of the place in the floats of all matrices. */
static struct range
part_of(const struct model_matrix *matrices, size_t n,
    const struct model_place *place)
{
    size_t part = (size_t)place->part, n_parts = (size_t)place->n_parts;
    size_t floats = 0;

    for (size_t i = 0; i < n; i++) {
        floats += slice_count(&matrices[i]) * slice_floats(&matrices[i]);
    }
    size_t each = floats / n_parts, rest = floats % n_parts;
    return (struct range){
        each * part + rest * part / n_parts,
        each * (part + 1) + rest * (part + 1) / n_parts,
    };
}

/* Report the first row of a matrix that is not finite. */
static int
report_bad_row(const char *path, const struct model_matrix *matrix, size_t row)
{
    const struct model_piece *piece = matrix->piece;

    while (row >= piece->n_rows) {
        row -= piece->n_rows;
        piece++;
    }
    return report_not_finite(path, piece->weight, source_row(piece, row));
}

/* Pack a range of the slices of a matrix; slices: two per thread. */
static int
pack_range(const struct model_matrix *matrix, const struct range *range,
    float *slices, int n_threads, const char *path)
{
    size_t floats = slice_floats(matrix), bad_row = SIZE_MAX;

#pragma omp parallel num_threads(n_threads) reduction(min : bad_row)
    {
        float *slice = slices + (size_t)omp_get_thread_num() * 2 * floats;
#pragma omp for schedule(static)
        for (size_t s = range->first; s < range->end; s++) {
            size_t bad = pack_slice(slice, matrix, s);
            bad_row = bad < bad_row ? bad : bad_row;
        }
    }
    return bad_row == SIZE_MAX ? 0 : report_bad_row(path, matrix, bad_row);
}

int
model_matrices_pack(const struct model_matrix *matrices, size_t n,
    const struct model_place *place, int n_threads, const char *path)
{
    struct range part = part_of(matrices, n, place);
    uint8_t *memory = place->memory;
    size_t floats_max = 0, before = 0;
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        size_t floats = slice_floats(&matrices[i]);
        floats_max = floats > floats_max ? floats : floats_max;
        if (matrices[i].packed != NULL) {
            gemm_weights_place(matrices[i].packed, memory);
            memory += place_bytes(&matrices[i]);
        }
    }
    float *slices =
        mem_alloc((size_t)n_threads * 2 * floats_max, sizeof(float));
    if (slices == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct range range = slices_of(&part, &matrices[i], before);
        before += slice_count(&matrices[i]) * slice_floats(&matrices[i]);
        if (range.first < range.end) {
            rc = pack_range(&matrices[i], &range, slices, n_threads, path);
        }
    }
    mem_free(slices);
    return rc;
}
