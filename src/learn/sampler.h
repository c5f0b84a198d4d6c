/*
 * sampler.h - which part of the text a training sequence is.
 *
 * A run is one stream of sequences; the place of a sequence in the stream is
 * the number of its first token.  Where it lies in the text is a function of
 * the seed and that place: any rank can find any part of any batch, and a
 * run that is continued goes on with the same sequences.
 */
#ifndef LEARN_SAMPLER_H
#define LEARN_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

struct sampler {
    uint64_t seed;
    uint64_t n_tokens; /* of the text */
    bool is_aligned;   /* chunks in a new order in each epoch, each once;
                          else windows anywhere, equally likely */
};

/*
 * First token in the text of the sequence of length tokens at place, a
 * multiple of length.
 *
 * Requires: 0 < length <= n_tokens.
 */
uint64_t sampler_at(
    const struct sampler *sampler, uint64_t place, uint64_t length);

#endif /* LEARN_SAMPLER_H */
