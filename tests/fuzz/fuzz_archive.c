/*
 * fuzz_archive.c
 *
 * Any bytes are an archive that opens or an error, without harm; any codes
 * decode to bytes or are refused.  Data with the magic of an archive is one;
 * of other data the first byte chooses a predictor, the next two the raw bytes
 * of two chunks, and the rest are their codes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/archive/compose.h"
#include "archive/archive_decode.h"
#include "base/mem.h"
#include "base/report.h"
#include "math/kernels.h"
#include "predict/predict.h"

#define CHUNK_MAX ((size_t)64)

/* Archives that promise more would only take long. */
#define RAW_MAX ((uint64_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Run from the root of the repository. */
static const char *const names[] = {
    "uniform", "ngram:2", "model:tests/reference/models/small-Q4_0.gguf"};

static struct predictor *
open_predictor(const char *name)
{
    struct predictor_options options = {
        .name = name,
        .start = strncmp(name, "model", 5) == 0 ? "none" : NULL,
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
    struct predictor *predictor = predictor_open(&options);

    if (predictor == NULL) {
        abort();
    }
    return predictor;
}

/* Whether the header asks for more than is fun to decode. */
static bool
is_large(const uint8_t *data, size_t bytes)
{
    struct archive_header header;
    size_t n;

    if (bytes < ARCHIVE_HEADER_START ||
        archive_header_start(&n, data, "fuzz") != 0 || n > bytes ||
        archive_header_read(&header, data, n, "fuzz") != 0) {
        return false;
    }
    return header.chunk_bytes * header.block_chunks > RAW_MAX;
}

static void
open_any(const struct predictor *predictor, const uint8_t *data, size_t bytes)
{
    size_t raw_bytes;

    if (!is_large(data, bytes)) {
        mem_free(open_archive(&raw_bytes, predictor, data, bytes));
    }
}

static void
decode_any(const struct predictor *predictor, const uint8_t *data, size_t bytes)
{
    struct archive_work work = {.predictor = predictor,
        .chunk_bytes = CHUNK_MAX,
        .n_threads = 1,
        .n_chunks = 2};
    struct archive_decoder *decoder = archive_decoder_new(&work);
    struct archive_chunk chunks[2] = {0};
    uint8_t raw[2 * CHUNK_MAX];
    size_t left = bytes - 2;

    for (size_t i = 0; i < 2; i++) {
        chunks[i].raw_bytes = (uint32_t)(data[i] % CHUNK_MAX);
        chunks[i].coded_bytes =
            left < chunks[i].raw_bytes ? (uint32_t)left : chunks[i].raw_bytes;
        left -= chunks[i].coded_bytes;
    }
    if (archive_decode(decoder, raw, chunks, 2, data + 2) != 0) {
        abort();
    }
    archive_decoder_free(decoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct predictor *predictors[3]; /* opening takes long */

    for (size_t i = 0; i < 3 && predictors[i] == NULL; i++) {
        predictors[i] = open_predictor(names[i]);
    }
    report_hold(true, "");
    if (bytes >= ARCHIVE_MAGIC_BYTES &&
        memcmp(data, ARCHIVE_MAGIC, ARCHIVE_MAGIC_BYTES) == 0) {
        open_any(predictors[1], data, bytes);
    } else if (bytes > 3) {
        decode_any(predictors[data[0] % 3], data + 1, bytes - 1);
    }
    report_discard();
    return 0;
}
