/*
 * bench_steps.c - lock-step decoding against scoring, on one core.
 *
 *     bench_steps [--csv] [--kernel NAME] MODEL...
 *
 * Bytes per second of all positions of a 2048-token context at once (score)
 * and of n streams, one token each at a time (step), with the code of each
 * token from its logits.  Without windows a step must read the keys and values
 * of all positions so far of all streams; the last columns say how fast it
 * did, and how fast a loop that does nothing else reads as many bytes.
 * steps.py makes models and runs this.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/kernels.h"
#include "math/softmax.h"
#include "model/batch.h"
#include "model/model.h"

#define POSITIONS 2048
#define PIECE     256 /* of a score, as in predict/ */
#define N_MAX     128
#define ROUNDS    3 /* one of many streams takes long enough by itself */
#define N_SHORT   8

/* The fastest of all rounds counts for each part of the positions. */
#define PARTS 32

/* A line of any cache. */
#define LINE_BYTES 64

struct bench {
    const struct kernels *kernels;
    const struct model *model;
    bool is_csv;
    size_t V;
    float *logits; /* (PIECE, V) */
    double sink;   /* so that nothing is left out as unused */
};

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint32_t
token(const struct bench *bench, size_t i)
{
    return (uint32_t)(rng_at(3, i) % bench->V);
}

static void
code(struct bench *bench, size_t n, size_t first)
{
    for (size_t i = 0; i < n; i++) {
        struct softmax_symbol symbol;
        softmax_code(bench->kernels, &symbol, bench->logits + i * bench->V,
            bench->V, token(bench, first + i + 1));
        bench->sink += symbol.bits;
    }
}

/* Seconds for one context; negative: no memory. */
static double
score(struct bench *bench)
{
    struct model_state *state =
        model_state_new(bench->model, POSITIONS, PIECE, 1);
    double best = -1;

    for (int round = 0; state != NULL && round < 2 * ROUNDS; round++) {
        double start = now_s();
        model_state_clear(state);
        for (size_t first = 0; first < POSITIONS; first += PIECE) {
            uint32_t tokens[PIECE];
            for (size_t t = 0; t < PIECE; t++) {
                tokens[t] = token(bench, first + t);
            }
            model_extend(state, tokens, PIECE);
            model_logits(state, bench->logits, 0, PIECE);
            code(bench, PIECE, first);
        }
        double seconds = now_s() - start;
        best = best < 0 || seconds < best ? seconds : best;
    }
    model_state_free(state);
    return best;
}

/* Steps [first, end) of n streams. */
static void
walk(struct bench *bench, struct model_batch *batch, size_t n, size_t first,
    size_t end)
{
    for (size_t position = first; position < end; position++) {
        uint32_t tokens[N_MAX];
        for (size_t i = 0; i < n; i++) {
            tokens[i] = token(bench, position + i);
        }
        model_batch_step(batch, NULL, tokens, n);
        model_batch_logits(batch, bench->logits, 0, n);
        code(bench, n, position);
    }
}

/* Seconds for all positions of n streams; negative: no memory. */
static double
steps(struct bench *bench, size_t n)
{
    struct model_batch *batch = model_batch_new(bench->model, n, POSITIONS, 1);
    double best[PARTS], sum = 0;
    size_t step = POSITIONS / PARTS;
    int n_rounds = n <= N_SHORT ? ROUNDS : 1;

    for (int round = 0; batch != NULL && round < n_rounds; round++) {
        for (size_t i = 0; i < n; i++) {
            model_batch_clear(batch, i);
        }
        for (size_t part = 0; part < PARTS; part++) {
            double start = now_s();
            walk(bench, batch, n, part * step, (part + 1) * step);
            double seconds = now_s() - start;
            best[part] =
                round == 0 || seconds < best[part] ? seconds : best[part];
        }
    }
    for (size_t part = 0; batch != NULL && part < PARTS; part++) {
        sum += best[part];
    }
    model_batch_free(batch);
    return batch == NULL ? -1 : sum;
}

/* Bytes per second of reading a block of so many, one word per line. */
static double
read_speed(struct bench *bench, size_t bytes)
{
    const size_t lines = bytes / LINE_BYTES, words = LINE_BYTES / 8;
    uint64_t *block = mem_map(bytes), sum = 0;
    double best = 0;

    if (block == NULL) {
        return 0;
    }
    memset(block, 1, bytes);
    for (int round = 0; round < 8; round++) {
        size_t n = ((size_t)1 << 27) / bytes + 1;
        double start = now_s();
        for (size_t i = 0; i < n; i++) {
            for (size_t line = 0; line < lines; line++) {
                sum += block[line * words];
            }
            __asm__ volatile("" : "+r"(sum) : : "memory");
        }
        double speed = (double)(n * bytes) / (now_s() - start);
        best = speed > best ? speed : best;
    }
    bench->sink += (double)sum;
    mem_unmap(block, bytes);
    return best;
}

static void
print_row(struct bench *bench, size_t n, double rate, double score_rate)
{
    const struct model_info *info = model_info(bench->model);
    /* Keys and values of a token: of mean many positions. */
    double bytes =
        8.0 * (double)(info->n_layers * info->n_kv_heads * info->head_width) *
        (POSITIONS + 1) / 2;
    double read = read_speed(bench, (size_t)((double)n * bytes));

    printf(bench->is_csv ? "%zu,%zu,%zu,%zu,%zu,%.0f,%.4f,%.2f,%.2f\n"
                         : "%5zu %2zu %3zu/%zu %6zu %10.0f %8.2f %8.1f %8.1f\n",
        info->width, info->n_layers, info->n_heads, info->n_kv_heads, n, rate,
        rate / score_rate, 1e-9 * rate * bytes, 1e-9 * read);
    fflush(stdout);
}

static int
run(struct bench *bench, const char *path)
{
    static const size_t sizes[] = {1, 2, 4, 8, 32, 64, N_MAX};
    struct model *model = model_open(path, bench->kernels, 1);

    if (model == NULL) {
        return -1;
    }
    bench->model = model;
    bench->V = model_info(model)->vocabulary;
    bench->logits = mem_alloc(PIECE * bench->V, sizeof(float));
    double seconds = bench->logits == NULL ? -1 : score(bench);
    double score_rate = POSITIONS / seconds;
    if (seconds > 0 && !bench->is_csv) {
        const char *slash = strrchr(path, '/');
        printf("%s: score %.0f bytes/s\n", slash == NULL ? path : slash + 1,
            score_rate);
    }
    for (size_t i = 0; seconds > 0 && i < sizeof(sizes) / sizeof(size_t); i++) {
        double all = steps(bench, sizes[i]);
        if (all > 0) {
            print_row(bench, sizes[i], (double)(sizes[i] * POSITIONS) / all,
                score_rate);
        }
    }
    mem_free(bench->logits);
    model_close(model);
    return seconds > 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
    struct bench bench = {.is_csv = false};
    const char *name = NULL;
    int i = 1, rc = 0;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--csv") == 0) {
            bench.is_csv = true;
        } else if (strcmp(argv[i], "--kernel") == 0 && i + 1 < argc) {
            name = argv[++i];
        } else {
            fputs("usage: bench_steps [--csv] [--kernel NAME] MODEL...\n",
                stderr);
            return 2;
        }
    }
    bench.kernels = kernels_find(MATH_EXACT, name);
    if (bench.kernels == NULL) {
        return 2;
    }
    puts(bench.is_csv
             ? "width,layers,heads,kv_heads,streams,bytes_per_second,"
               "ratio_to_score,cache_gbytes_per_second,loop_gbytes_per_second"
             : "width L heads  streams    bytes/s  to score  cache GB/s  loop");
    for (; i < argc; i++) {
        rc |= run(&bench, argv[i]);
    }
    return rc == 0 ? 0 : 1;
}
