/*
 * batch.h - many independent contexts that go on one token at a time,
 * together: what a decoder of many blocks has, or batched generation.
 *
 * A stream is a context of its own.  One step appends a token to each of some
 * streams, so that the weights are read once for all of them.  Streams may be
 * at different positions, be left out of a step, and start again at any time.
 * In exact mode the logits are the bits of model_extend() and model_logits()
 * with the stream alone, whichever streams step together and in which order.
 *
 * Threads: a model is shared; each thread has its own batch.
 */
#ifndef MODEL_BATCH_H
#define MODEL_BATCH_H

#include <stddef.h>
#include <stdint.h>

struct model;
struct model_batch;

/*
 * Streams 0 to n_streams_max - 1, each empty and with room for positions_max
 * tokens.  n_threads work on a step.  Owner: model_batch_free().
 *
 * Cost: the keys and values of n_streams_max * positions_max tokens.
 */
struct model_batch *model_batch_new(const struct model *model,
    size_t n_streams_max, size_t positions_max, int n_threads);
void model_batch_free(struct model_batch *batch);

/* Keys and values that a step reads of a stream with so many tokens. */
size_t model_batch_stream_bytes(const struct model *model, size_t positions);

/* Forget the tokens of a stream. */
void model_batch_clear(struct model_batch *batch, size_t stream);
size_t model_batch_position(const struct model_batch *batch, size_t stream);

/*
 * Append tokens[i] to stream streams[i], i < n; streams NULL: to stream i.
 *
 * Requires: no stream twice, room in each, each token < vocabulary.
 */
void model_batch_step(struct model_batch *batch, const size_t *streams,
    const uint32_t *tokens, size_t n);

/*
 * Logits (n, vocabulary) of rows [first, first + n) of the last step: what
 * stream streams[first + i] predicts next.  A large vocabulary may be taken
 * a few rows at a time.
 */
void model_batch_logits(
    struct model_batch *batch, float *out, size_t first, size_t n);

#endif /* MODEL_BATCH_H */
