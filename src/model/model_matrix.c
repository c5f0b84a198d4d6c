/*
 * model_matrix.c
 *
 * Matrices are widened and packed in slices of GEMM_ROWS_STEP rows, so that
 * besides the packed weights only one slice per thread exists as floats.
 * Processes that share the packed weights divide the slices of all matrices
 * by the floats in them; inside a process threads divide each matrix.
 */
#include "model/model_matrix.h"

#include <omp.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "format/tensor.h"
#include "math/gemm.h"
#include "model/model.h"

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

/* Widen, check and pack slice s of a matrix; as widen_rows(). */
static size_t
pack_slice(float *slice, const struct model_matrix *matrix, size_t s)
{
    size_t first = s * GEMM_ROWS_STEP, n = matrix->n_rows - first;

    n = n > GEMM_ROWS_STEP ? GEMM_ROWS_STEP : n;
    size_t bad = widen_rows(slice, matrix, first, n);
    if (matrix->packed != NULL) {
        gemm_pack(matrix->packed, slice, first, n);
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

/* Pack a range of the slices of a matrix; slices: one per thread. */
static int
pack_range(const struct model_matrix *matrix, const struct range *range,
    float *slices, int n_threads, const char *path)
{
    size_t floats = slice_floats(matrix), bad_row = SIZE_MAX;

#pragma omp parallel num_threads(n_threads) reduction(min : bad_row)
    {
        float *slice = slices + (size_t)omp_get_thread_num() * floats;
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
    float *slices = mem_alloc((size_t)n_threads * floats_max, sizeof(float));
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
