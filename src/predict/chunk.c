/*
 * chunk.c - what is the same for all kinds when chunks are scored by parts.
 */
#include "predict/chunk.h"

#include <assert.h>
#include <inttypes.h>

#include "base/mem.h"
#include "base/report.h"
#include "predict/predictor.h"

struct predictor_chunk *
predictor_chunk_new(const struct predictor *predictor, size_t chunk_bytes_max,
    size_t n_open_max, predict_emit *emit, void *user)
{
    struct predictor_chunk *chunk = mem_alloc(1, sizeof(*chunk));

    if (chunk == NULL) {
        return NULL;
    }
    chunk->predictor = predictor;
    chunk->chunk_bytes_max = chunk_bytes_max;
    chunk->emit = emit;
    chunk->user = user;
    if (predictor->kind->chunk_init != NULL &&
        predictor->kind->chunk_init(chunk, chunk_bytes_max, n_open_max)) {
        predictor_chunk_free(chunk);
        return NULL;
    }
    return chunk;
}

void
predictor_chunk_free(struct predictor_chunk *chunk)
{
    if (chunk != NULL) {
        if (chunk->predictor->kind->chunk_release != NULL) {
            chunk->predictor->kind->chunk_release(chunk);
        }
        mem_free(chunk);
    }
}

int
predictor_chunk_begin(
    struct predictor_chunk *chunk, const uint8_t *data, size_t bytes)
{
    const struct predict_kind *kind = chunk->predictor->kind;

    assert(bytes <= chunk->chunk_bytes_max);
    chunk->bytes = data;
    chunk->n_bytes = bytes;
    chunk->n_emitted_bytes = 0;
    chunk->n_parts = 1;
    return kind->chunk_begin == NULL ? 0
                                     : kind->chunk_begin(chunk, data, bytes);
}

size_t
predictor_chunk_parts(const struct predictor_chunk *chunk)
{
    return chunk->n_parts;
}

size_t
predictor_chunk_rows(const struct predictor_chunk *chunk, size_t part)
{
    const struct predict_kind *kind = chunk->predictor->kind;

    return kind->chunk_rows == NULL ? 0 : kind->chunk_rows(chunk, part);
}

double
predictor_chunk_flops(const struct predictor_chunk *chunk, size_t part)
{
    const struct predict_kind *kind = chunk->predictor->kind;

    return kind->chunk_flops == NULL ? 0.0 : kind->chunk_flops(chunk, part);
}

struct predictor_grain
predictor_grain(const struct predictor *predictor, size_t chunk_bytes_max)
{
    return predictor->kind->grain == NULL
               ? (struct predictor_grain){0}
               : predictor->kind->grain(predictor, chunk_bytes_max);
}

/* Pass a symbol on and count the bytes that it stands for. */
static int
count_and_emit(void *user, const struct predict_symbol *symbol)
{
    struct predictor_chunk *chunk = user;

    assert(symbol->frequency > 0 && symbol->frequency <= symbol->total &&
           symbol->cumulative <= symbol->total - symbol->frequency);
    chunk->n_emitted_bytes += symbol->n_bytes;
    return chunk->emit(chunk->user, symbol);
}

int
predictor_score_parts(struct predictor_session *session,
    const struct predictor_part *parts, size_t n)
{
    const struct predict_kind *kind = session->predictor->kind;

    if (kind->score_parts != NULL) {
        return kind->score_parts(session, parts, n);
    }
    for (size_t i = 0; i < n; i++) {
        struct predictor_chunk *chunk = parts[i].chunk;
        if (kind->score(
                session, chunk->bytes, chunk->n_bytes, count_and_emit, chunk)) {
            return -1;
        }
    }
    return 0;
}

int
predictor_chunk_emit(struct predictor_chunk *chunk)
{
    const struct predict_kind *kind = chunk->predictor->kind;

    return kind->emit_part == NULL
               ? 0
               : kind->emit_part(chunk, count_and_emit, chunk);
}

int
predictor_chunk_end(const struct predictor_chunk *chunk)
{
    if (chunk->n_emitted_bytes != chunk->n_bytes) {
        report_error("predictor %s: symbols stand for %" PRIu64
                     " bytes of a chunk of %zu",
            chunk->predictor->kind->name, chunk->n_emitted_bytes,
            chunk->n_bytes);
        return -1;
    }
    return 0;
}
