/*
 * archive_encode.h - chunks to their codes, by all threads of a process.
 */
#ifndef ARCHIVE_ARCHIVE_ENCODE_H
#define ARCHIVE_ARCHIVE_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "archive/archive_block.h"

struct archive_encoder;
struct predictor;

/* What encoders and decoders are made for. */
struct archive_work {
    const struct predictor *predictor; /* kept */
    size_t chunk_bytes;
    int n_threads;
    size_t n_chunks; /* that come at once, as a rule: fewer than threads share
                        them inside products */
};

struct archive_encoder *archive_encoder_new(const struct archive_work *work);
void archive_encoder_free(struct archive_encoder *encoder);

/*
 * Code raw_bytes: chunk i begins at i * chunk_bytes, and so does its code,
 * which is never longer: a chunk that does not get shorter is stored.  Fills
 * in the chunks.
 *
 * Errors: -1; reported.
 */
int archive_encode(struct archive_encoder *encoder,
    struct archive_chunk *chunks, uint8_t *coded, const uint8_t *raw,
    size_t raw_bytes);

#endif /* ARCHIVE_ARCHIVE_ENCODE_H */
