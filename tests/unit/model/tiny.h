/*
 * tiny.h - a tiny model, right or wrong, written to a scratch directory.
 */
#ifndef TESTS_MODEL_TINY_H
#define TESTS_MODEL_TINY_H

/* A llama of 2 layers, width 8, 2 heads, 1 key head, MLP 12, 16 tokens. */
struct tiny {
    const char *config;   /* config.json; NULL: the right one */
    const char *missing;  /* name of a tensor to leave out */
    const char *wrong;    /* name of a tensor written with a row more */
    const char *poisoned; /* name of a tensor whose last number is poison */
    float poison;
    const char *extra; /* name of one more tensor of shape [2] */
};

/* Write it and return its directory; valid until the next call. */
const char *tiny_write(const struct tiny *tiny);
extern const char tiny_config[];

#endif /* TESTS_MODEL_TINY_H */
