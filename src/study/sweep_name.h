/*
 * sweep_name.h - the names of outputs from a pattern.
 */
#ifndef STUDY_SWEEP_NAME_H
#define STUDY_SWEEP_NAME_H

/* The value of a key; NULL: there is none, reported. */
typedef const char *sweep_look(void *user, const char *key);

/*
 * pattern with every {KEY} replaced by what look() says, made fit for a file
 * name: only what follows its last slash, and - for each character that is not
 * a letter, a digit or one of . _ + -.  So model:out/byte-200k becomes
 * byte-200k and ngram:5 becomes ngram-5.
 *
 * Owner: the caller frees with mem_free().
 * Errors: NULL: an unknown key, a brace alone; reported after where.
 */
char *sweep_name(
    const char *pattern, const char *where, sweep_look *look, void *user);

#endif /* STUDY_SWEEP_NAME_H */
