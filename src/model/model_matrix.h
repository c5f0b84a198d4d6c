/*
 * model_matrix.h - the matrices of a model: where their rows come from, and
 * packing them.
 *
 * Matrices that take the same input are stacked into one (q, k and v; gate
 * and up): each output is its own chain of sums, so its bits do not change.
 */
#ifndef MODEL_MODEL_MATRIX_H
#define MODEL_MODEL_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "math/kernels.h"

struct gemm_weights;
struct model_place;
struct tensor;
struct weights;

/* Most tensors that are stacked into one matrix. */
#define MODEL_PIECES_MAX 3

/*
 * Rows of a matrix that come from one tensor.
 *
 * llama's GGUF files order the rows of a q or k head so that rotary pairs are
 * neighbours (2i, 2i + 1); here pairs are (i, i + D/2), as in Hugging Face
 * files, so such rows are put back in order while they are widened.  gpt_neox
 * has q, k and v of each head next to each other: of every group_stride rows
 * from first_row on, a piece has the first group_rows.
 */
struct model_piece {
    const struct tensor *weight;
    const struct tensor *bias; /* NULL: none */
    size_t n_rows;
    size_t paired_width; /* head width if rows are to be reordered, else 0 */
    size_t first_row, group_rows, group_stride; /* 0: all rows, in order */
    bool is_transposed; /* the tensor is (n_columns, n_rows); in order */
};

struct model_matrix {
    struct model_piece piece[MODEL_PIECES_MAX];
    size_t n_pieces;
    size_t n_rows; /* sum */
    size_t n_columns;
    struct gemm_weights *packed; /* NULL: stays in the file, only checked */
};

/*
 * Widen a tensor of one axis into out (n_rows), in the order of the piece.
 *
 * Errors: -1 for a number that is not finite; reported with path.
 */
int model_matrix_vector(float *out, const struct tensor *tensor,
    const struct model_piece *piece, const char *path);

/*
 * What MATH_WEIGHTS_AUTO is for a model: floats, which are faster where all
 * positions are computed at once, unless they would take more than a quarter
 * of the machine's memory.
 */
enum math_weights model_matrix_packing(const struct weights *weights);

/*
 * Plan the packed weights of a matrix whose pieces are known, in the format
 * that packing and the types of the pieces make right.
 */
struct gemm_weights *model_matrix_plan(const struct model_matrix *matrix,
    const struct kernels *kernels, enum math_weights packing);

/* Bytes of all packed matrices, each aligned to MEM_ALIGN. */
size_t model_matrices_bytes(const struct model_matrix *matrices, size_t n);

/*
 * Put n matrices into the place, one after the other, and do its part of the
 * work: widen, check and pack a share of the rows.
 *
 * Errors: -1 for a number that is not finite, in this part; reported.
 */
int model_matrices_pack(const struct model_matrix *matrices, size_t n,
    const struct model_place *place, int n_threads, const char *path);

#endif /* MODEL_MODEL_MATRIX_H */
