/*
 * archive_decode.h - codes to chunks, by all threads of a process.
 */
#ifndef ARCHIVE_ARCHIVE_DECODE_H
#define ARCHIVE_ARCHIVE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "archive/archive_block.h"
#include "archive/archive_encode.h"

struct archive_decoder;

struct archive_decoder *archive_decoder_new(const struct archive_work *work);
void archive_decoder_free(struct archive_decoder *decoder);

/*
 * Decode n chunks, whose codes lie back to back, to raw, back to back too.
 * Sets their raw_hash, by which it is known whether they are what they were:
 * a code that means nothing gives a hash that is wrong.
 *
 * Errors: -1; reported.
 */
int archive_decode(struct archive_decoder *decoder, uint8_t *raw,
    struct archive_chunk *chunks, size_t n, const uint8_t *coded);

#endif /* ARCHIVE_ARCHIVE_DECODE_H */
