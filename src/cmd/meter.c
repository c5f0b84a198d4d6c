/*
 * meter.c
 *
 * A token of several bytes spends its bits evenly over them, so that every
 * byte of a chunk belongs to exactly one position bucket and rates by
 * position have honest denominators.
 */
#include "cmd/meter.h"

#include "base/mem.h"
#include "cmd/run.h"
#include "coder/range.h"
#include "predict/predict.h"
#include "results/results.h"

/* Bytes between two signs of life. */
#define TICK_BYTES 4096

struct meter {
    struct run *run;
    struct range_encoder encoder;
    double bits;         /* of the chunk so far */
    double pending_bits; /* of symbols that stand for no byte yet */
    uint64_t position;   /* bytes of the chunk so far */
    uint64_t tokens;
    size_t n_buckets;
    double *bucket_bits; /* n_buckets */
    float *bucket_out;   /* n_buckets */
    float *token_bits;   /* one per byte at most; NULL: not kept */
    size_t token_bits_bytes;
    uint64_t ticked_bytes;
    double ticked_bits;
};

struct meter *
meter_new(struct run *run, size_t chunk_bytes_max, size_t n_buckets,
    bool has_token_bits)
{
    struct meter *meter = mem_alloc(1, sizeof(*meter));

    if (meter == NULL) {
        return NULL;
    }
    meter->run = run;
    meter->n_buckets = n_buckets;
    meter->bucket_bits = mem_alloc(n_buckets, sizeof(double));
    meter->bucket_out = mem_alloc(n_buckets, sizeof(float));
    meter->token_bits_bytes = chunk_bytes_max * sizeof(float);
    if (has_token_bits) {
        meter->token_bits = mem_map(meter->token_bits_bytes);
    }
    range_encoder_init(&meter->encoder);
    if (meter->bucket_bits == NULL || meter->bucket_out == NULL ||
        (has_token_bits && meter->token_bits == NULL)) {
        meter_free(meter);
        return NULL;
    }
    return meter;
}

void
meter_free(struct meter *meter)
{
    if (meter == NULL) {
        return;
    }
    range_encoder_release(&meter->encoder);
    mem_free(meter->bucket_bits);
    mem_free(meter->bucket_out);
    mem_unmap(meter->token_bits, meter->token_bits_bytes);
    mem_free(meter);
}

void
meter_start(struct meter *meter)
{
    range_encoder_reset(&meter->encoder);
    for (size_t b = 0; b < meter->n_buckets; b++) {
        meter->bucket_bits[b] = 0;
    }
    meter->bits = 0;
    meter->pending_bits = 0;
    meter->position = 0;
    meter->tokens = 0;
    meter->ticked_bytes = 0;
    meter->ticked_bits = 0;
}

/* Tell the run what happened since the last time. */
static void
tick(struct meter *meter)
{
    if (meter->run != NULL) {
        run_tick(meter->run, meter->position - meter->ticked_bytes,
            meter->bits - meter->ticked_bits);
    }
    meter->ticked_bytes = meter->position;
    meter->ticked_bits = meter->bits;
}

int
meter_take(void *user, const struct predict_symbol *symbol)
{
    struct meter *meter = user;

    range_encode(
        &meter->encoder, symbol->cumulative, symbol->frequency, symbol->total);
    meter->bits += symbol->bits;
    meter->pending_bits += symbol->bits;
    if (symbol->n_bytes == 0) {
        return 0;
    }
    double share = meter->pending_bits / symbol->n_bytes;
    for (uint32_t i = 0; i < symbol->n_bytes; i++) {
        size_t bucket = results_bucket_of(meter->position++);
        if (bucket < meter->n_buckets) {
            meter->bucket_bits[bucket] += share;
        }
    }
    if (meter->token_bits != NULL) {
        meter->token_bits[meter->tokens] = (float)meter->pending_bits;
    }
    meter->tokens++;
    meter->pending_bits = 0;
    if (meter->position - meter->ticked_bytes >= TICK_BYTES) {
        tick(meter);
    }
    return 0;
}

int
meter_finish(struct meter *meter, struct result_row *row)
{
    const uint8_t *code;
    size_t code_bytes;

    if (range_encoder_finish(&meter->encoder, &code, &code_bytes) != 0) {
        return -1;
    }
    tick(meter);
    for (size_t b = 0; b < meter->n_buckets; b++) {
        meter->bucket_out[b] = (float)meter->bucket_bits[b];
    }
    row->tokens = meter->tokens;
    row->ideal_bits = meter->bits;
    row->coded_bytes = code_bytes;
    row->bits_by_position = meter->bucket_out;
    row->token_bits = meter->token_bits;
    return 0;
}
