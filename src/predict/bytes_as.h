/*
 * bytes_as.h - what a predictor is given in place of the bytes of a chunk.
 *
 * Models that learnt from text know few bytes above 127.  The reference study
 * takes a bit away from bytes and corrects the rate for it; another way is to
 * write each byte as a character.  "Described" is what the predictor is given.
 */
#ifndef PREDICT_BYTES_AS_H
#define PREDICT_BYTES_AS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The words of --bytes-as. */
#define BYTES_AS_CHOICES "exact|ascii-rescale|ascii-append|latin1"

enum bytes_as {
    BYTES_EXACT,         /* the bytes themselves */
    BYTES_ASCII_RESCALE, /* 7 bits; rates are scaled by the share that is left:
                            what the study's code does */
    BYTES_ASCII_APPEND,  /* 7 bits; each lost bit costs a bit: what its paper
                            says */
    BYTES_LATIN1,        /* characters U+0000 to U+00FF in UTF-8: nothing is
                            lost, bytes above 127 become two */
};

struct bytes_as_rule {
    enum bytes_as as;

    /* ASCII: the top bit of bytes above 127 is taken (text), or the lowest of
       every byte (images, sound, noise). */
    bool is_text;
};

/* text is one of BYTES_AS_CHOICES; corpus a name, "KIND:..." */
struct bytes_as_rule bytes_as_parse(const char *text, const char *corpus);

/* "ascii-rescale" */
const char *bytes_as_name(enum bytes_as as);

/* Bytes that are described for so many, at most. */
size_t bytes_as_bound(const struct bytes_as_rule *rule, size_t bytes);

/*
 * Write what is described in place of in.  *lost_bits: bits of in that it
 * does not tell.
 */
size_t bytes_as_apply(const struct bytes_as_rule *rule, uint8_t *described,
    uint64_t *lost_bits, const uint8_t *in, size_t bytes);

/*
 * Prove that described, with the lost bits of in, is in (contract C3).
 *
 * Errors: -1; reported.
 */
int bytes_as_check(const struct bytes_as_rule *rule, const uint8_t *described,
    size_t n_described, const uint8_t *in, size_t bytes);

/* Bytes of in that end in the n described bytes. */
uint32_t bytes_as_ends(
    const struct bytes_as_rule *rule, const uint8_t *described, uint32_t n);

#endif /* PREDICT_BYTES_AS_H */
