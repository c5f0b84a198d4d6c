/*
 * archive_decode.c
 *
 * Each thread has a walk of its own with several chunks on the way, and takes
 * the next chunk whenever one of them ends.
 */
#include "archive/archive_decode.h"

#include <stdatomic.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "coder/range.h"
#include "predict/walk.h"

struct worker {
    struct predictor_walk *walk; /* made when it is first needed */
};

struct archive_decoder {
    struct archive_work work;
    int n_workers, n_inner; /* threads inside each */
    size_t n_paths;
    struct worker *workers;
};

/* A chunk being decoded. */
struct lane {
    struct range_decoder decoder;
    struct predict_path path;
};

/* What is to do in one call. */
struct job {
    const struct archive_chunk *chunks;
    struct lane *lanes; /* (n) */
    size_t n;
    atomic_size_t next;
};

struct archive_decoder *
archive_decoder_new(const struct archive_work *work)
{
    struct archive_decoder *decoder = mem_alloc(1, sizeof(*decoder));
    size_t n_threads = (size_t)work->n_threads;

    if (decoder == NULL) {
        return NULL;
    }
    decoder->work = *work;
    decoder->n_workers = work->n_threads;
    decoder->n_inner = 1;
    if (work->n_chunks < n_threads) {
        decoder->n_workers = 1;
        decoder->n_inner = work->n_threads;
    }
    /* No more than make every thread busy. */
    size_t n_workers = (size_t)decoder->n_workers;
    size_t n_each = (work->n_chunks + n_workers - 1) / n_workers;
    decoder->n_paths = predictor_walk_paths(work->predictor, work->chunk_bytes);
    if (n_each < decoder->n_paths) {
        decoder->n_paths = n_each < 1 ? 1 : n_each;
    }
    decoder->workers = mem_alloc(n_workers, sizeof(*decoder->workers));
    if (decoder->workers == NULL) {
        mem_free(decoder);
        return NULL;
    }
    return decoder;
}

void
archive_decoder_free(struct archive_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    for (int i = 0; i < decoder->n_workers; i++) {
        predictor_walk_free(decoder->workers[i].walk);
    }
    mem_free(decoder->workers);
    mem_free(decoder);
}

static uint32_t
decode_symbol(
    void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    return range_decode_symbol(chooser, frequency, n, total);
}

/* The next chunk that is not stored. */
static struct predict_path *
next_path(void *user)
{
    struct job *job = user;

    for (;;) {
        size_t c = job->next++;
        if (c >= job->n) {
            return NULL;
        }
        if (job->chunks[c].coded_bytes < job->chunks[c].raw_bytes) {
            return &job->lanes[c].path;
        }
    }
}

/* Where each chunk comes from and goes to. */
static void
set_lanes(struct job *job, uint8_t *raw, const uint8_t *coded)
{
    for (size_t i = 0; i < job->n; i++) {
        const struct archive_chunk *chunk = &job->chunks[i];
        struct lane *lane = &job->lanes[i];
        range_decoder_init(&lane->decoder, coded, chunk->coded_bytes);
        lane->path = (struct predict_path){
            .out = raw,
            .n_bytes = chunk->raw_bytes,
            .chooser = &lane->decoder,
        };
        if (chunk->coded_bytes == chunk->raw_bytes) {
            memcpy(raw, coded, chunk->raw_bytes);
        }
        raw += chunk->raw_bytes;
        coded += chunk->coded_bytes;
    }
}

/* Chunks on the way such that all rounds of them are equally full. */
static size_t
count_paths(const struct archive_decoder *decoder, size_t n)
{
    size_t n_workers = (size_t)decoder->n_workers;
    size_t n_each = (n + n_workers - 1) / n_workers;
    size_t n_rounds = (n_each + decoder->n_paths - 1) / decoder->n_paths;

    return n_rounds == 0 ? 1 : (n_each + n_rounds - 1) / n_rounds;
}

static int
work_through(const struct archive_decoder *decoder, struct worker *worker,
    struct job *job)
{
    struct predict_walk walk = {
        .choose = decode_symbol,
        .next = next_path,
        .user = job,
        .n_paths = count_paths(decoder, job->n),
    };

    if (job->next >= job->n) {
        return 0;
    }
    if (worker->walk == NULL) {
        worker->walk = predictor_walk_new(decoder->work.predictor,
            decoder->work.chunk_bytes, decoder->n_paths, decoder->n_inner);
    }
    return worker->walk == NULL ? -1 : predictor_walk(worker->walk, &walk);
}

int
archive_decode(struct archive_decoder *decoder, uint8_t *raw,
    struct archive_chunk *chunks, size_t n, const uint8_t *coded)
{
    struct job job = {
        .chunks = chunks, .lanes = mem_alloc(n, sizeof(*job.lanes)), .n = n};
    atomic_int rc = 0;

    if (job.lanes == NULL) {
        return -1;
    }
    set_lanes(&job, raw, coded);
#pragma omp parallel for num_threads(decoder->n_workers) schedule(static, 1)
    for (int i = 0; i < decoder->n_workers; i++) {
        if (work_through(decoder, &decoder->workers[i], &job) != 0) {
            rc = -1;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct predict_path *path = &job.lanes[i].path;
        chunks[i].raw_hash = hash_xxh64(path->out, path->n_bytes);
        if (path->is_refused) {
            chunks[i].raw_hash++;
        }
    }
    mem_free(job.lanes);
    return rc;
}
