/*
 * model_chunk.h - a chunk for a model: its tokens, cut into windows; private
 * to this folder.
 *
 * A window is the start token, if there is one, and up to capacity tokens of
 * the chunk.  Window w holds the tokens from w * step on; of all windows but
 * the first only the last step tokens are new, the others are their context.
 */
#ifndef PREDICT_MODEL_CHUNK_H
#define PREDICT_MODEL_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "predict/predict.h"

struct model_chunk;
struct model_predictor;
struct softmax_symbol;

/* n tokens, of which the last n_new are to be coded. */
struct model_window {
    const uint32_t *tokens;
    size_t n, n_new;
    struct softmax_symbol *codes; /* (n_new): intervals in the vocabulary;
                                     of no meaning for escaped bytes but
                                     for the total */
};

/* Inputs that the model is given for a window. */
size_t model_window_rows(
    const struct model_predictor *predictor, const struct model_window *window);

/* At most n_open_max windows are between having codes and being emitted. */
struct model_chunk *model_chunk_new(const struct model_predictor *predictor,
    size_t chunk_bytes_max, size_t n_open_max);
void model_chunk_free(struct model_chunk *chunk);

/*
 * Turn bytes, which are kept, into tokens, and prove that these stand for
 * them.  Sets *n_windows.
 */
int model_chunk_begin(struct model_chunk *chunk, size_t *n_windows,
    const uint8_t *bytes, size_t n_bytes);

/* Window w, at most n_open_max above those emitted. */
struct model_window model_chunk_window(
    const struct model_chunk *chunk, size_t w);

/* Floating-point operations of window w. */
double model_chunk_flops(const struct model_chunk *chunk, size_t w);

/* Emit the next window, which has codes. */
int model_chunk_emit(struct model_chunk *chunk, predict_emit *emit, void *user);

#endif /* PREDICT_MODEL_CHUNK_H */
