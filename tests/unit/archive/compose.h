/*
 * compose.h - whole archives in memory, made and opened by one thread.
 */
#ifndef TESTS_ARCHIVE_COMPOSE_H
#define TESTS_ARCHIVE_COMPOSE_H

#include <stddef.h>
#include <stdint.h>

#include "archive/archive_header.h"

struct predictor;

/* Owner: the caller frees with mem_free().  NULL: reported. */
uint8_t *compose_archive(size_t *bytes, const struct archive_header *header,
    const struct predictor *predictor, const uint8_t *raw, size_t raw_bytes);

/*
 * The raw bytes of an archive.  Owner: the caller frees with mem_free().
 * NULL: it is not sound; reported.
 */
uint8_t *open_archive(size_t *raw_bytes, const struct predictor *predictor,
    const uint8_t *archive, size_t bytes);

/* Bytes that the predictor finds likely: chosen at random as it says, each
   chunk on its own. */
void compose_sample(uint8_t *out, size_t bytes,
    const struct predictor *predictor, size_t chunk_bytes);

/* A header for chunks of so many bytes, by "ngram:2" or alike. */
struct archive_header compose_header(const char *predictor, size_t chunk_bytes);

#endif /* TESTS_ARCHIVE_COMPOSE_H */
