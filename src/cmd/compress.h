/*
 * compress.h - what the files compress*.c share.
 */
#ifndef CMD_COMPRESS_H
#define CMD_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "archive/archive_header.h"
#include "archive/archive_index.h"
#include "cmd/progress.h"
#include "cmd/rounds.h"

struct archive_chunk;
struct archive_decoder;
struct archive_encoder;
struct par;
struct shared_output;

struct compress {
    struct par *par;
    const char *input_name;
    struct archive_header header;
    size_t block_bytes;
    struct archive_encoder *encoder;
    struct archive_decoder *decoder; /* NULL: the result is not verified */
    struct shared_output *output;
    struct rounds rounds;
    struct progress progress;

    /* Rank 0. */
    FILE *input;
    uint8_t *raw; /* of a round */
    size_t raw_max;
    size_t n_pending;    /* bytes in raw that were read and not used */
    uint64_t size;       /* of the input; 0: not known */
    uint64_t resumed_at; /* bytes of input that were done before */

    /* All ranks. */
    struct archive_index index;
    uint8_t *coded; /* of this rank's part of a round */
    struct archive_chunk *chunks;
    bool is_end; /* nothing is left to read */
};

/*
 * Take over what the partial output has: blocks that are sound and were made
 * of these bytes with this header.
 *
 * Collective: yes.
 */
int compress_resume(struct compress *c);

/* Fill raw with up to max bytes; fewer only at the end.  Rank 0. */
int compress_read(struct compress *c, size_t *bytes, size_t max);

/*
 * Read, code and write one round; sets is_end.
 *
 * Collective: yes.
 */
int compress_round(struct compress *c);

/* Write what ends an archive; it has so many bytes then.  Collective. */
int compress_end(struct compress *c, uint64_t *bytes);

#endif /* CMD_COMPRESS_H */
