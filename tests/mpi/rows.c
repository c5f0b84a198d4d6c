/*
 * rows.c
 */
#include "rows.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "par/par.h"
#include "results/results_file.h"

/* Rows compared at a time. */
#define BATCH 10000

static float
number(const struct rows *rows, uint64_t i, uint64_t k)
{
    return (float)(rng_at(rows->seed, i * 1000 + k) >> 40) * 0x1p-20f;
}

struct result_row
rows_make(struct rows_scratch *scratch, const struct rows *rows, uint64_t i)
{
    for (size_t b = 0; b < rows->n_buckets; b++) {
        scratch->buckets[b] = number(rows, i, b);
    }
    uint64_t n_tokens = rng_at(7, i) % (ROWS_TOKENS_MAX + 1);
    for (uint64_t k = 0; k < n_tokens; k++) {
        scratch->token_bits[k] = number(rows, i, 100 + k);
    }
    return (struct result_row){
        .index = i,
        .offset = 2048 * i,
        .raw_bytes = 2048,
        .tokens = n_tokens,
        .ideal_bits = (double)number(rows, i, 900),
        .coded_bytes = rng_at(rows->seed, i) % 2048,
        .seconds = 0.001,
        .bits_by_position = rows->n_buckets > 0 ? scratch->buckets : NULL,
        .token_bits = rows->has_token_bits ? scratch->token_bits : NULL,
    };
}

enum results_outcome
rows_open(struct results **results, struct par *par, const struct rows *rows)
{
    const struct attribute identity[] = {
        {"options", "chunk", ATTRIBUTE_U64, .u64 = 2048},
        {"options", "seed", ATTRIBUTE_U64, .u64 = rows->seed},
        {"input", "sha256", ATTRIBUTE_TEXT, .text = "0123"},
    };
    const struct results_options options = {
        .path = rows->path,
        .overwrite = rows->overwrite,
        .n_chunks = rows->n,
        .corpus_bytes = 2048 * rows->n,
        .chunk_bytes = 2048,
        .n_buckets = rows->n_buckets,
        .has_token_bits = rows->has_token_bits,
        .identity = identity,
        .n_identity = sizeof(identity) / sizeof(identity[0]),
    };

    return results_open(results, par, &options);
}

int
rows_finish(struct results *results)
{
    /* More than an object header of HDF5 can hold. */
    char *hosts = mem_alloc(ROWS_HOSTS_BYTES + 1, 1);
    if (hosts != NULL) {
        memset(hosts, 'h', ROWS_HOSTS_BYTES);
    }
    const struct attribute attributes[] = {
        {"run", "hosts", ATTRIBUTE_TEXT, .text = hosts},
        {"run", "command", ATTRIBUTE_TEXT, .text = "measure"},
        {"run", "seconds", ATTRIBUTE_F64, .f64 = 1.5},
        {"options", "chunk", ATTRIBUTE_U64, .u64 = 2048, .is_default = true},
        {"options", "out", ATTRIBUTE_TEXT, .text = "some.h5"},
        {"options", "math", ATTRIBUTE_TEXT, .text = "exact",
            .is_default = true},
        {"input", "name", ATTRIBUTE_TEXT, .text = "text:caf\xc3\xa9"},
        {"input", "empty", ATTRIBUTE_TEXT, .text = ""},
    };

    int rc = results_finish(
        results, attributes, sizeof(attributes) / sizeof(attributes[0]));
    mem_free(hosts);
    return rc;
}

int
rows_run(struct par *par, const struct rows *rows, uint64_t n_max)
{
    struct rows_times times;

    return rows_run_timed(par, rows, n_max, &times);
}

int
rows_run_timed(struct par *par, const struct rows *rows, uint64_t n_max,
    struct rows_times *times)
{
    struct results *results;
    struct rows_scratch scratch;
    const uint64_t *todo;
    uint64_t n_todo, n_done, n_all;
    double start = clock_now_s();
    int rc = 0;

    memset(times, 0, sizeof(*times));
    switch (rows_open(&results, par, rows)) {
    case RESULTS_READY:
        break;
    case RESULTS_COMPLETE:
        return 0;
    default:
        return -1;
    }
    results_todo(results, &todo, &n_todo);
    n_done = n_todo < n_max ? n_todo : n_max;
    for (uint64_t i = 0; i < n_done && rc == 0; i++) {
        struct result_row row = rows_make(&scratch, rows, todo[i]);
        rc = results_append(results, &row);
    }
    n_all = n_done;
    par_sum_u64(par, &n_all, 1);
    times->append_s = clock_now_s() - start;
    if (par_any_failed(par, rc)) {
        rc = -1;
    } else if (results_done_count(results) + n_all == rows->n) {
        rc = rows_finish(results);
    }
    times->finish_s = clock_now_s() - start - times->append_s;
    results_close(results);
    return rc;
}

bool
rows_have_journals(const struct rows *rows)
{
    char *path = mem_printf("%s.journal", rows->path);
    bool is_there = path != NULL && file_exists(path);

    mem_free(path);
    return is_there;
}

/* Compare one column of rows [first, first + n). */
static uint64_t
count_wrong_u64(struct results_file *file, const char *name,
    const uint64_t *want, uint64_t first, uint64_t n)
{
    uint64_t *got = mem_alloc(n, sizeof(*got));
    uint64_t n_wrong = 0;

    if (got == NULL || results_file_read_u64(file, name, got, first, n) != 0) {
        mem_free(got);
        return n;
    }
    for (uint64_t i = 0; i < n; i++) {
        n_wrong += got[i] != want[i];
    }
    mem_free(got);
    return n_wrong;
}

/* What the reader gives for a batch of rows. */
struct batch {
    uint64_t index[BATCH], tokens[BATCH], coded_bytes[BATCH];
    uint64_t token_first[BATCH];
    double ideal_bits[BATCH];
    float buckets[BATCH * ROWS_BUCKETS_MAX];
    float token_bits[BATCH * ROWS_TOKENS_MAX];
};

static uint64_t
count_wrong_batch(struct results_file *file, const struct rows *rows,
    struct batch *want, uint64_t first, uint64_t *n_tokens)
{
    struct rows_scratch scratch;
    uint64_t left = rows->n - first, n = left < BATCH ? left : BATCH;
    uint64_t token = 0, n_wrong = 0;
    size_t n_buckets = rows->n_buckets;
    double *bits = mem_alloc(n, sizeof(*bits));
    float *floats = mem_alloc(BATCH * ROWS_BUCKETS_MAX, sizeof(*floats));

    for (uint64_t i = 0; i < n; i++) {
        struct result_row row = rows_make(&scratch, rows, first + i);
        want->index[i] = row.index;
        want->tokens[i] = row.tokens;
        want->coded_bytes[i] = row.coded_bytes;
        want->ideal_bits[i] = row.ideal_bits;
        want->token_first[i] = *n_tokens + token;
        memcpy(want->buckets + i * n_buckets, scratch.buckets, 4 * n_buckets);
        memcpy(want->token_bits + token, scratch.token_bits,
            4 * (size_t)row.tokens);
        token += row.tokens;
    }
    n_wrong += count_wrong_u64(file, "index", want->index, first, n);
    n_wrong += count_wrong_u64(file, "tokens", want->tokens, first, n);
    n_wrong +=
        count_wrong_u64(file, "coded_bytes", want->coded_bytes, first, n);
    n_wrong += results_file_read_f64(file, "ideal_bits", bits, first, n) != 0;
    n_wrong += memcmp(bits, want->ideal_bits, n * sizeof(*bits)) != 0;
    n_wrong += results_file_read_positions(file, floats, first, n) != 0;
    n_wrong += memcmp(floats, want->buckets, 4 * n * n_buckets) != 0;
    if (rows->has_token_bits) {
        n_wrong +=
            count_wrong_u64(file, "token_first", want->token_first, first, n);
        n_wrong +=
            results_file_read_token_bits(file, floats, *n_tokens, token) != 0;
        n_wrong += memcmp(floats, want->token_bits, 4 * token) != 0;
    }
    *n_tokens += token;
    mem_free(bits);
    mem_free(floats);
    return n_wrong;
}

uint64_t
rows_count_wrong(const struct rows *rows)
{
    struct results_file *file = results_file_open(rows->path);
    struct batch *want = mem_alloc(1, sizeof(*want));
    uint64_t n_wrong = 0, n_tokens = 0;

    if (file == NULL || want == NULL) {
        results_file_close(file);
        mem_free(want);
        return UINT64_MAX;
    }
    n_wrong += !results_file_is_complete(file);
    n_wrong += results_file_chunk_count(file) != rows->n;
    n_wrong += results_file_bucket_count(file) != rows->n_buckets;
    for (uint64_t first = 0; n_wrong == 0 && first < rows->n; first += BATCH) {
        n_wrong += count_wrong_batch(file, rows, want, first, &n_tokens);
    }
    if (rows->has_token_bits) {
        n_wrong += results_file_token_count(file) != n_tokens;
    }
    results_file_close(file);
    mem_free(want);
    return n_wrong;
}
