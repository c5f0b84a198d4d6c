/*
 * compose.c
 */
#include "compose.h"

#include <stdio.h>
#include <string.h>

#include "archive/archive_decode.h"
#include "archive/archive_encode.h"
#include "archive/archive_index.h"
#include "archive/archive_reader.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "predict/walk.h"

struct archive_header
compose_header(const char *predictor, size_t chunk_bytes)
{
    struct archive_header header = {
        .numerics = 1,
        .chunk_bytes = chunk_bytes,
        .block_chunks = archive_header_block_chunks(chunk_bytes),
        .start_token = -1,
    };

    archive_header_set_name(header.predictor, predictor);
    return header;
}

/* A chooser of random symbols. */
struct sampler {
    uint64_t seed, n;
};

static uint32_t
choose_random(
    void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    struct sampler *sampler = chooser;
    uint64_t left = rng_at(sampler->seed, sampler->n++) % total;
    size_t i = 0;

    while (i + 1 < n && left >= frequency[i]) {
        left -= frequency[i++];
    }
    return (uint32_t)i;
}

static struct predict_path *
next_once(void *user)
{
    struct predict_path **path = user, *now = *path;

    *path = NULL;
    return now;
}

void
compose_sample(uint8_t *out, size_t bytes, const struct predictor *predictor,
    size_t chunk_bytes)
{
    struct predictor_walk *walker =
        predictor_walk_new(predictor, chunk_bytes, 1, 1);

    for (size_t at = 0; walker != NULL && at < bytes; at += chunk_bytes) {
        struct sampler sampler = {.seed = at};
        struct predict_path path = {
            .out = out + at, .n_bytes = chunk_bytes, .chooser = &sampler};
        struct predict_path *next = &path;
        struct predict_walk walk = {choose_random, next_once, &next, 1};
        if (bytes - at < chunk_bytes) {
            path.n_bytes = bytes - at;
        }
        (void)predictor_walk(walker, &walk);
    }
    predictor_walk_free(walker);
}

struct buffer {
    void *data;
    size_t bytes, max;
};

static int
append(struct buffer *b, const void *data, size_t bytes)
{
    if (mem_grow(&b->data, &b->max, b->bytes, b->bytes + bytes, 1) != 0) {
        return -1;
    }
    if (bytes > 0) {
        memcpy((uint8_t *)b->data + b->bytes, data, bytes);
    }
    b->bytes += bytes;
    return 0;
}

static int
append_block(struct buffer *b, struct archive_index *index,
    struct archive_encoder *encoder, const struct archive_header *header,
    const uint8_t *raw, size_t bytes)
{
    size_t n = (bytes + header->chunk_bytes - 1) / header->chunk_bytes;
    struct archive_chunk *chunks = mem_alloc(n, sizeof(*chunks));
    uint8_t *coded = mem_alloc(bytes, 1);
    uint8_t *head = mem_alloc(ARCHIVE_HEAD_MAX(n), 1);
    struct archive_block block;
    size_t head_bytes, both;
    int rc = archive_encode(encoder, chunks, coded, raw, bytes);

    both = archive_block_write(head, &head_bytes, &block, chunks, n);
    rc |= append(b, head, both);
    rc |= archive_index_add(index, &block, head, head_bytes);
    for (size_t i = 0; i < n; i++) {
        size_t at = i * header->chunk_bytes;
        rc |= block.is_stored ? append(b, raw + at, chunks[i].raw_bytes)
                              : append(b, coded + at, chunks[i].coded_bytes);
    }
    mem_free(chunks);
    mem_free(coded);
    mem_free(head);
    return rc;
}

uint8_t *
compose_archive(size_t *bytes, const struct archive_header *header,
    const struct predictor *predictor, const uint8_t *raw, size_t raw_bytes)
{
    struct buffer b = {0};
    struct archive_index index;
    struct archive_work work = {.predictor = predictor,
        .chunk_bytes = (size_t)header->chunk_bytes,
        .n_threads = 1,
        .n_chunks = 100};
    struct archive_encoder *encoder = archive_encoder_new(&work);
    size_t block_bytes = (size_t)(header->chunk_bytes * header->block_chunks);
    uint8_t out[ARCHIVE_HEADER_MAX], *end;
    size_t n = archive_header_write(out, header), end_bytes;
    int rc = append(&b, out, n);

    archive_index_init(&index, out, n);
    for (size_t at = 0; at < raw_bytes; at += block_bytes) {
        size_t left = raw_bytes - at;
        rc |= append_block(&b, &index, encoder, header, raw + at,
            left < block_bytes ? left : block_bytes);
    }
    rc |= archive_index_write(&index, &end, &end_bytes);
    rc |= append(&b, end, end_bytes);
    mem_free(end);
    archive_index_release(&index);
    archive_encoder_free(encoder);
    *bytes = b.bytes;
    if (rc != 0) {
        mem_free(b.data);
        return NULL;
    }
    return b.data;
}

/* Decode a block and compare it with its check. */
static int
append_raw(struct buffer *b, struct archive_decoder *decoder,
    const struct archive_read_block *block)
{
    const struct archive_block *head = &block->block;
    uint8_t *raw = mem_alloc((size_t)head->raw_bytes, 1);
    struct archive_chunk *chunks = mem_alloc(head->n_chunks, sizeof(*chunks));
    int rc;

    memcpy(chunks, block->chunks, head->n_chunks * sizeof(*chunks));
    rc = archive_decode(decoder, raw, chunks, head->n_chunks, block->coded);
    if (archive_block_raw_check(chunks, head->n_chunks) != head->raw_check) {
        report_error("block %llu: wrong", (unsigned long long)block->number);
        rc = -1;
    }
    rc |= append(b, raw, (size_t)head->raw_bytes);
    mem_free(raw);
    mem_free(chunks);
    return rc;
}

uint8_t *
open_archive(size_t *raw_bytes, const struct predictor *predictor,
    const uint8_t *archive, size_t bytes)
{
    struct buffer b = {0};
    struct archive_read_block block;
    enum archive_outcome outcome = ARCHIVE_BAD;
    FILE *file = fmemopen((void *)(uintptr_t)archive, bytes, "rb");
    struct archive_reader *reader =
        file == NULL ? NULL : archive_reader_new(file, "archive");
    struct archive_decoder *decoder = NULL;

    if (reader != NULL) {
        const struct archive_header *header = archive_reader_header(reader);
        struct archive_work work = {.predictor = predictor,
            .chunk_bytes = (size_t)header->chunk_bytes,
            .n_threads = 1,
            .n_chunks = 100};
        decoder = archive_decoder_new(&work);
        while (
            (outcome = archive_reader_next(reader, &block)) == ARCHIVE_BLOCK) {
            if (append_raw(&b, decoder, &block) != 0) {
                outcome = ARCHIVE_BAD;
                break;
            }
        }
        *raw_bytes = b.bytes;
    }
    archive_decoder_free(decoder);
    archive_reader_free(reader);
    if (file != NULL) {
        fclose(file);
    }
    if (outcome == ARCHIVE_BAD || append(&b, "", 1) != 0) {
        mem_free(b.data);
        return NULL;
    }
    return b.data;
}
