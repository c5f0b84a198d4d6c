/*
 * model.h - a language model: tokens in, logits out.
 *
 * model_extend() takes any number of tokens at once and appends them to the
 * context: all of a chunk (fast), or one (what a decoder has).  In exact mode
 * the logits are the same bits either way.
 *
 * Threads: a model is shared; each thread has its own state.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "math/kernels.h"

struct model;
struct model_state;

/* Facts about a model; lives as long as the model. */
struct model_info {
    const char *architecture; /* "llama", "qwen2" */
    const char *block;        /* "rms norm, silu gated, rotary, window 4096" */
    const char *weight_type;  /* "F32", "Q4_1 + Q8_0", ... as stored */
    size_t n_layers, width, n_heads, n_kv_heads, head_width, mlp_width;
    uint32_t vocabulary;          /* rows of the output layer */
    size_t positions_max;         /* context it was made for */
    int64_t start_token;          /* bos_token_id; -1: none */
    uint64_t n_parameters;        /* numbers in the weights, shared ones once */
    uint64_t n_matrix_parameters; /* that enter products at each token */
    const char *sha256;           /* of the weight files; "" until asked */
};

/*
 * Load a model from a directory in Hugging Face layout or a GGUF file.
 * kernels are kept; n_threads help to load.
 *
 * Errors: NULL; reported with file and tensor or key.
 */
struct model *model_open(
    const char *path, const struct kernels *kernels, int n_threads);
struct model *model_open_as(const char *path, const struct kernels *kernels,
    enum math_weights weights, int n_threads);
void model_close(struct model *model);

/*
 * The same in two steps, for processes that share memory.  model_plan() finds
 * and checks everything but the numbers of the matrices; model_fill() checks
 * and packs this process's part of them into the place, which is the same
 * memory (at any address) for all parts.  The model can be used when all
 * parts are filled.
 */
struct model_place {
    void *memory; /* zeros, aligned to MEM_ALIGN; kept */
    int part, n_parts;
};

struct model *model_plan(const char *path, const struct kernels *kernels);
struct model *model_plan_as(
    const char *path, const struct kernels *kernels, enum math_weights weights);
size_t model_place_bytes(const struct model *model);
int model_fill(
    struct model *model, const struct model_place *place, int n_threads);

const struct model_info *model_info(const struct model *model);

/*
 * Compute info->sha256, which reads all weight files: the hash of their bytes
 * one after the other, in the order in which the index or the directory gives
 * them, then of config.json.  For a GGUF file it is what sha256sum prints.
 */
int model_hash(struct model *model);

/*
 * Floating-point operations of one forward pass over positions [first, end)
 * with all logits: 2 per multiply-add, attention over what each position sees.
 */
double model_flops(const struct model *model, size_t first, size_t end);

/*
 * A context of at most positions_max tokens, of which at most extend_max come
 * in one call.  Owner: model_state_free().
 */
struct model_state *model_state_new(const struct model *model,
    size_t positions_max, size_t extend_max, int n_threads);
void model_state_free(struct model_state *state);

/* Forget all tokens. */
void model_state_clear(struct model_state *state);
size_t model_state_position(const struct model_state *state);

/*
 * Append n tokens.
 *
 * Requires: n <= extend_max, room for them, each token < vocabulary.
 */
void model_extend(struct model_state *state, const uint32_t *tokens, size_t n);

/*
 * The same for n contexts at once: each begins anew, has lengths[i] of the
 * tokens, and is forgotten at the end; the state is then empty.
 *
 * Requires: no length is 0, they sum to at most extend_max.
 */
void model_extend_each(struct model_state *state, const uint32_t *tokens,
    const size_t *lengths, size_t n);

/*
 * Logits (n, vocabulary) after tokens [first, first + n) of the last extend:
 * what each predicts for the token after it.
 */
void model_logits(
    struct model_state *state, float *out, size_t first, size_t n);

/*
 * The same, and the softmax_top() of each row in tops (n): found block by
 * block of columns, before a row of a large vocabulary has left the cache.
 */
void model_logits_tops(
    struct model_state *state, float *out, float *tops, size_t first, size_t n);

#endif /* MODEL_MODEL_H */
