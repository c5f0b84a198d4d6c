/*
 * archive_predictor.h - the predictor that an archive is made with, and the
 * one that an archive asks for.
 */
#ifndef CMD_ARCHIVE_PREDICTOR_H
#define CMD_ARCHIVE_PREDICTOR_H

#include <stdint.h>

#include "predict/predict.h"

struct archive_header;
struct par;
struct par_memory;

/* Owned by the caller. */
struct archive_predictor {
    struct predictor *predictor;
    struct par_memory *memory; /* that its tables lie in */
    char *name, *start;        /* that options were made of */
};

/*
 * Open a predictor to make an archive with, and describe it in the header,
 * which has sizes already.  options->name is "model:PATH", "ngram:K" or
 * "uniform".
 *
 * Collective: yes.  Owner: archive_predictor_close(), also after an error.
 */
int archive_predictor_choose(struct archive_predictor *predictor,
    struct archive_header *header, struct par *par,
    const struct predictor_options *options);

/* How an archive's predictor is to be found and run. */
struct archive_finding {
    const char *file;   /* of the archive, for messages */
    const char *model;  /* given by the user; NULL: find it by its name */
    const char *kernel; /* "auto" or of an instruction set */
    enum math_weights weights;
    int n_threads;
};

/*
 * Open the predictor that the header names and check that it is the one.
 *
 * Collective: yes, with the same header.  Owner: archive_predictor_close().
 */
int archive_predictor_find(struct archive_predictor *predictor,
    const struct archive_header *header, struct par *par,
    const struct archive_finding *finding);

/* Collective: yes. */
void archive_predictor_close(struct archive_predictor *predictor);

#endif /* CMD_ARCHIVE_PREDICTOR_H */
