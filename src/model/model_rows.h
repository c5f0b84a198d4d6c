/*
 * model_rows.h - the forward pass of some rows, but for attention.
 *
 * A row is one token at a position of some context.  Rows are independent
 * everywhere but in attention, so whoever owns the caches decides which rows
 * go together: positions of one context (model_forward.c) or one position
 * each of many (model_batch.c).  Either gives the same bits.
 */
#ifndef MODEL_MODEL_ROWS_H
#define MODEL_MODEL_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct model;

/* Axes as in model_parts.h; T rows, rows_max at most. */
struct model_rows {
    const struct model *model;
    size_t positions_max, rows_max;
    int n_threads;
    /* (positions_max, n_rotary / 2): of all layers, of local ones */
    float *cosine[2], *sine[2];
    float *sinusoids;  /* (positions_max, C), or NULL */
    size_t *positions; /* (rows_max): of the rows, set by the owner */
    float *hidden;     /* (rows_max, C), also after the last layer */
    float *normed;     /* (rows_max, C) */
    float *qkv;        /* (rows_max, (H + 2 G) D) */
    float *queries;    /* (rows_max, H D) */
    float *attended;   /* (rows_max, H D) */
    float *gate_up;    /* (rows_max, 2 F or F) */
    float *memory;     /* of hidden to gate_up */
    size_t memory_bytes;
};

/* Errors: -1; rows can be released. */
int model_rows_init(struct model_rows *rows, const struct model *model,
    size_t positions_max, size_t rows_max, int n_threads);
void model_rows_release(struct model_rows *rows);

/* hidden = embedding of T tokens. */
void model_rows_embed(
    struct model_rows *rows, const uint32_t *tokens, size_t T);

/* qkv of layer l from hidden, q and k rotated; queries. */
void model_rows_project(struct model_rows *rows, size_t l, size_t T);

/* Keys and values (G, D) of row t, after model_rows_project(). */
const float *model_rows_keys(const struct model_rows *rows, size_t t);
const float *model_rows_values(const struct model_rows *rows, size_t t);

/* What scores are multiplied by. */
float model_rows_scale(const struct model_rows *rows);

/* The rest of layer l: hidden from hidden and attended. */
void model_rows_finish(struct model_rows *rows, size_t l, size_t T);

/* Logits (n, V) of rows [first, first + n), tops (n) as in model.h or NULL. */
void model_rows_logits(
    struct model_rows *rows, float *out, float *tops, size_t first, size_t n);

#endif /* MODEL_MODEL_ROWS_H */
