/*
 * corpus.h - the bytes to be described, and how they are cut.
 *
 * A corpus is named KIND:REST, e.g. "text:enwik8.xz", "image:photos",
 * "audio:speech", "random:4MB,seed=7", "markov:4MB,order=2,seed=1".  It is a sequence of bytes with random access;
 * a part of it may be taken; it is cut into chunks of equal length, of which
 * the last may be shorter.
 *
 * Threads: one object must not be used by two threads at once.
 */
#ifndef CORPUS_CORPUS_H
#define CORPUS_CORPUS_H

#include <stddef.h>
#include <stdint.h>

struct corpus;

/* The part of a corpus to take; zeros: all of it. */
struct corpus_part {
    uint64_t first_byte; /* bytes to leave out at the start */
    uint64_t n_bytes;    /* bytes to take at most; 0: to the end */

    /* Images only: "HEIGHTxWIDTH" of a patch, "mean" or "luma".  NULL or "":
       32x64, mean. */
    const char *patch, *grey;
};

/* What a corpus is, for provenance.  Strings live as long as the corpus. */
struct corpus_identity {
    const char *kind;      /* "text", "image", "random", ... */
    const char *name;      /* as given, after "KIND:" */
    uint64_t source_bytes; /* of the files as stored; 0: generated */
    const char *sha256;    /* of the files as stored; "" : generated */
    const char *format;    /* "plain", "xz", "png, jpeg", "generated", ... */

    /* Directories of images or sound; else "" and 0. */
    const char *reading;    /* how files became bytes: decides the numbers */
    const char *decoder;    /* libraries that decoded them */
    uint64_t n_files;       /* that were taken */
    uint64_t n_skipped;     /* files with other endings */
    uint64_t dropped_bytes; /* of files, after their last whole piece */
};

/*
 * Open a corpus.
 *
 * Cost: gzip files are decoded once to find their size; other formats state
 * theirs.
 * Errors: NULL for an unknown kind, a missing or corrupt file, a part that
 * begins after the end; reported.
 */
struct corpus *corpus_open(const char *name, const struct corpus_part *part);
void corpus_close(struct corpus *corpus);

/* Bytes of the part taken. */
uint64_t corpus_bytes(const struct corpus *corpus);

/*
 * Bytes [offset, offset + bytes) of the part taken.  Returns a pointer into
 * the mapped file, or scratch (room for bytes) filled with them.  Reading
 * forward is cheap for every format; going back may decode again.
 *
 * Requires: offset + bytes <= corpus_bytes().
 * Errors: NULL if the source is corrupt; reported with its place.
 */
const uint8_t *corpus_view(
    struct corpus *corpus, uint64_t offset, size_t bytes, uint8_t *scratch);

/*
 * Whether the file is still the one that was opened: size and time of its last
 * change.  A file that got another name or was replaced is left in peace.
 *
 * Errors: -1, reported: what was read since the last check may be wrong.
 * Threads: any number at once.
 */
int corpus_check(const struct corpus *corpus);

/*
 * What this corpus is.  hash: whether to compute sha256, which reads the
 * whole file; else it is "".
 */
int corpus_identify(
    struct corpus *corpus, struct corpus_identity *identity, int hash);

#endif /* CORPUS_CORPUS_H */
