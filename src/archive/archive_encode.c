/*
 * archive_encode.c
 *
 * Threads take one chunk after the other, each with a session of its own.
 */
#include "archive/archive_encode.h"

#include <stdatomic.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "coder/range.h"
#include "predict/predict.h"

struct worker {
    struct predictor_session *session; /* made when it is first needed */
    struct range_encoder encoder;
};

struct archive_encoder {
    struct archive_work work;
    int n_workers, n_inner; /* threads inside each */
    struct worker *workers;
};

struct archive_encoder *
archive_encoder_new(const struct archive_work *work)
{
    struct archive_encoder *encoder = mem_alloc(1, sizeof(*encoder));

    if (encoder == NULL) {
        return NULL;
    }
    encoder->work = *work;
    encoder->n_workers = work->n_threads;
    encoder->n_inner = 1;
    if (work->n_chunks < (size_t)work->n_threads) {
        encoder->n_workers = 1;
        encoder->n_inner = work->n_threads;
    }
    encoder->workers =
        mem_alloc((size_t)encoder->n_workers, sizeof(*encoder->workers));
    if (encoder->workers == NULL) {
        mem_free(encoder);
        return NULL;
    }
    for (int i = 0; i < encoder->n_workers; i++) {
        range_encoder_init(&encoder->workers[i].encoder);
    }
    return encoder;
}

void
archive_encoder_free(struct archive_encoder *encoder)
{
    if (encoder == NULL) {
        return;
    }
    for (int i = 0; i < encoder->n_workers; i++) {
        predictor_session_free(encoder->workers[i].session);
        range_encoder_release(&encoder->workers[i].encoder);
    }
    mem_free(encoder->workers);
    mem_free(encoder);
}

static int
encode_symbol(void *user, const struct predict_symbol *symbol)
{
    range_encode(user, symbol->cumulative, symbol->frequency, symbol->total);
    return 0;
}

static int
encode_chunk(const struct archive_encoder *encoder, struct worker *worker,
    struct archive_chunk *chunk, uint8_t *coded, const uint8_t *raw,
    size_t bytes)
{
    const uint8_t *code;
    size_t code_bytes;

    if (worker->session == NULL) {
        worker->session = predictor_session_new(encoder->work.predictor,
            encoder->work.chunk_bytes, encoder->n_inner);
    }
    range_encoder_reset(&worker->encoder);
    if (worker->session == NULL ||
        predictor_score(worker->session, raw, bytes, encode_symbol,
            &worker->encoder) != 0 ||
        range_encoder_finish(&worker->encoder, &code, &code_bytes) != 0) {
        return -1;
    }
    *chunk = (struct archive_chunk){
        .raw_bytes = (uint32_t)bytes,
        .coded_bytes = (uint32_t)bytes,
        .raw_hash = hash_xxh64(raw, bytes),
    };
    if (code_bytes < bytes) {
        chunk->coded_bytes = (uint32_t)code_bytes;
        raw = code;
    }
    if (chunk->coded_bytes > 0) {
        memcpy(coded, raw, chunk->coded_bytes);
    }
    chunk->coded_hash = hash_xxh64(coded, chunk->coded_bytes);
    return 0;
}

int
archive_encode(struct archive_encoder *encoder, struct archive_chunk *chunks,
    uint8_t *coded, const uint8_t *raw, size_t raw_bytes)
{
    size_t step = encoder->work.chunk_bytes;
    size_t n = (raw_bytes + step - 1) / step;
    atomic_size_t next = 0;
    atomic_int rc = 0;

#pragma omp parallel for num_threads(encoder->n_workers) schedule(static, 1)
    for (int i = 0; i < encoder->n_workers; i++) {
        for (size_t c = next++; c < n && rc == 0; c = next++) {
            size_t at = c * step;
            size_t bytes = raw_bytes - at < step ? raw_bytes - at : step;
            if (encode_chunk(encoder, &encoder->workers[i], &chunks[c],
                    coded + at, raw + at, bytes) != 0) {
                rc = -1;
            }
        }
    }
    return rc;
}
