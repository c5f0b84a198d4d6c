/*
 * rounds.h - chunks in the order of a stream, a few at a time, shared by all
 * ranks.
 *
 * Rank 0 has the stream.  In each round it hands every rank a contiguous part
 * of the chunks, and all learn what became of each.  How many chunks make a
 * round enters no result: few at first, so that small inputs use all threads
 * and an interrupted run loses little, then as many as take some seconds.
 */
#ifndef CMD_ROUNDS_H
#define CMD_ROUNDS_H

#include <stddef.h>
#include <stdint.h>

struct archive_chunk;
struct par;

/* Owned by the caller. */
struct rounds {
    struct par *par;
    size_t unit;     /* chunks that belong together: of a block */
    size_t n, n_max; /* chunks of the next round, and of any */
    double start_s;
};

/* For n_threads per rank and chunks of so many bytes. */
void rounds_init(struct rounds *rounds, struct par *par, int n_threads,
    size_t chunk_bytes, size_t block_chunks);

/* A round begins, ends.  Collective: end. */
void rounds_begin(struct rounds *rounds);
void rounds_end(struct rounds *rounds);

/* Which chunks of a round of n are this rank's. */
struct rounds_part {
    size_t first, end;
};
struct rounds_part rounds_part(const struct par *par, size_t n);

/*
 * Hand out the bytes of n chunks (coded_bytes of each) that rank 0 has back
 * to back in data.  *mine receives those of this rank's part.
 *
 * Owner: the caller frees *mine with mem_free().
 * Collective: yes.
 */
int rounds_share(struct par *par, uint8_t **mine, const uint8_t *data,
    const struct archive_chunk *chunks, size_t n);

/* Every rank has filled in its part of n chunks: now all have all. */
int rounds_gather(struct par *par, struct archive_chunk *chunks, size_t n);

#endif /* CMD_ROUNDS_H */
