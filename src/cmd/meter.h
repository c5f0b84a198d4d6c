/*
 * meter.h - what the symbols of a chunk cost: the real encoder's bytes, the
 * ideal bits, and where in the chunk they were spent.
 */
#ifndef CMD_METER_H
#define CMD_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct meter;
struct predict_symbol;
struct result_row;
struct run;

/*
 * A meter for chunks of at most chunk_bytes_max bytes.  has_token_bits: keep
 * the bits of each token.  run (may be NULL) hears of progress.
 */
struct meter *meter_new(struct run *run, size_t chunk_bytes_max,
    size_t n_buckets, bool has_token_bits);
void meter_free(struct meter *meter);

/* Begin a chunk. */
void meter_start(struct meter *meter);

/* A predict_emit: user is the meter. */
int meter_take(void *user, const struct predict_symbol *symbol);

/*
 * End the chunk: fill in tokens, ideal_bits, coded_bytes and the arrays of
 * row, which are valid until the next start.
 */
int meter_finish(struct meter *meter, struct result_row *row);

#endif /* CMD_METER_H */
