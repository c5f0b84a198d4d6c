/*
 * curriculum.h - the length of training sequences over a run.
 *
 * "512" is one length; "512,2048@0.8" is 512 for the first 0.8 of the run,
 * then 2048.  The tokens of a step stay the same.
 */
#ifndef LEARN_CURRICULUM_H
#define LEARN_CURRICULUM_H

#include <stddef.h>
#include <stdint.h>

#define CURRICULUM_STAGES_MAX 8

struct curriculum {
    size_t n;
    size_t context[CURRICULUM_STAGES_MAX]; /* tokens of a sequence */
    double first[CURRICULUM_STAGES_MAX];   /* share of the run before it */
};

/* Errors: -1, reported: not such a list, or lengths that do not divide
   batch_tokens. */
int curriculum_parse(
    struct curriculum *curriculum, const char *text, uint64_t batch_tokens);

/* The length in step of n_steps; n_steps 0, an open end: the first. */
size_t curriculum_context(
    const struct curriculum *curriculum, uint64_t step, uint64_t n_steps);

size_t curriculum_longest(const struct curriculum *curriculum);

#endif /* LEARN_CURRICULUM_H */
