/*
 * kind.h - what an HDF5 file of ours is.
 */
#ifndef RESULTS_KIND_H
#define RESULTS_KIND_H

enum results_kind {
    RESULTS_KIND_NONE,     /* not a file of codelen */
    RESULTS_KIND_RUN,      /* of measure or baseline: results_file.h */
    RESULTS_KIND_TRAINING, /* a log of train: columns_file.h */
};

/* By the attribute "format" of its root.  Reports nothing. */
enum results_kind results_kind_of(const char *path);

#endif /* RESULTS_KIND_H */
