/*
 * decompress.h - what the files decompress*.c share.
 */
#ifndef CMD_DECOMPRESS_H
#define CMD_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "archive/archive_header.h"
#include "cmd/progress.h"
#include "cmd/rounds.h"

struct archive_chunk;
struct archive_decoder;
struct archive_reader;
struct par;
struct shared_output;

struct decompress {
    struct par *par;
    const char *archive_name;
    struct archive_header header;
    struct archive_decoder *decoder;
    struct shared_output *output; /* NULL: only test */
    uint64_t first, end;          /* raw bytes that are wanted */
    struct rounds rounds;
    struct progress progress;

    /* Rank 0. */
    FILE *archive;
    struct archive_reader *reader;
    void *codes; /* of all chunks of a round */
    size_t codes_bytes, codes_max;
    void *checks; /* of the blocks of a round: raw checks */
    size_t n_checks, checks_max;
    uint64_t raw_total; /* 0: not known */

    /* All ranks. */
    void *chunks; /* of a round */
    size_t n_chunks, chunks_max;
    uint64_t round_first; /* its first byte */
    uint64_t n_done;      /* raw bytes so far */
    bool is_end;
};

/*
 * Go to the block that has byte first, by the index at the end; the archive
 * must hold all bytes that are wanted.  Rank 0.
 */
int decompress_seek(struct decompress *d);

/*
 * Read, decode, check and write one round; sets is_end.
 *
 * Collective: yes.
 */
int decompress_round(struct decompress *d);

#endif /* CMD_DECOMPRESS_H */
