/*
 * summary.c
 */
#include "cmd/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "results/results.h"
#include "results/results_file.h"

/* Rows read at once. */
#define ROWS 65536

static const struct attribute *
find(
    const struct attribute *list, size_t n, const char *group, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].group, group) == 0 &&
            strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

/* A list of attributes, to be asked by group and name. */
struct source {
    const struct attribute *list;
    size_t n;
};

static const char *
text_of(const struct source *s, const char *group, const char *name)
{
    const struct attribute *a = find(s->list, s->n, group, name);

    return a != NULL && a->type == ATTRIBUTE_TEXT ? a->text : "";
}

static double
number_of(const struct source *s, const char *group, const char *name)
{
    const struct attribute *a = find(s->list, s->n, group, name);

    if (a == NULL || a->type == ATTRIBUTE_TEXT) {
        return 0;
    }
    return a->type == ATTRIBUTE_U64 ? (double)a->u64 : a->f64;
}

static uint64_t
count_of(const struct source *s, const char *group, const char *name)
{
    const struct attribute *a = find(s->list, s->n, group, name);

    return a != NULL && a->type == ATTRIBUTE_U64 ? a->u64 : 0;
}

void
summary_describe(
    struct summary *summary, const struct attribute *list, size_t n)
{
    const struct source s = {list, n};

    summary->corpus = text_of(&s, "input", "corpus");
    summary->predictor = text_of(&s, "predictor", "name");
    summary->tokenizer = text_of(&s, "predictor", "tokenizer");
    summary->bytes_as = text_of(&s, "predictor", "bytes_as");
    summary->math = text_of(&s, "predictor", "math");
    summary->kernel = text_of(&s, "predictor", "kernel");
    summary->header_bytes = count_of(&s, "predictor", "header_bytes");
    summary->parameters = count_of(&s, "predictor", "parameters");
    summary->parameter_bytes = number_of(&s, "predictor", "parameter_bytes");
    summary->context = count_of(&s, "predictor", "context");
    summary->stride = count_of(&s, "predictor", "stride");
    if (units_parse_u64(
            &summary->first_byte, text_of(&s, "options", "first")) != 0) {
        summary->first_byte = 0;
    }
    summary->has_start = find(list, n, "predictor", "start_token") != NULL;
    summary->start_token = count_of(&s, "predictor", "start_token");
    summary->carry = strcmp(text_of(&s, "options", "carry"), "yes") == 0;
    summary->chunk_bytes = count_of(&s, "run", "chunk_bytes");
    summary->ranks = count_of(&s, "run", "ranks");
    summary->threads = count_of(&s, "run", "threads");
    summary->seconds = number_of(&s, "run", "loop_seconds");
    summary->timed_bytes = count_of(&s, "run", "timed_bytes");
    summary->timed_tokens = count_of(&s, "run", "timed_tokens");
}

/* Add up rows [first, first + n); u and f have room for n. */
static int
add_rows(struct summary *summary, struct results_file *file, uint64_t *u,
    double *f, uint64_t first, uint64_t n)
{
    static const char *const counts[] = {
        "raw_bytes", "tokens", "coded_bytes", "lost_bits"};
    static const char *const sums[] = {"ideal_bits", "flops"};
    uint64_t *const count_out[] = {&summary->raw_bytes, &summary->tokens,
        &summary->coded_bytes, &summary->lost_bits};
    double *const sum_out[] = {&summary->ideal_bits, &summary->flops};

    for (size_t k = 0; k < 4; k++) {
        if (results_file_read_u64(file, counts[k], u, first, n) != 0) {
            return -1;
        }
        for (uint64_t i = 0; i < n; i++) {
            *count_out[k] += u[i];
        }
    }
    for (size_t k = 0; k < 2; k++) {
        if (results_file_read_f64(file, sums[k], f, first, n) != 0) {
            return -1;
        }
        for (uint64_t i = 0; i < n; i++) {
            *sum_out[k] += f[i];
        }
    }
    return 0;
}

int
summary_read(struct summary *summary, struct results_file *file)
{
    size_t n_attributes;
    const struct attribute *list = results_file_attributes(file, &n_attributes);
    uint64_t n = results_file_chunk_count(file);
    uint64_t *u = mem_alloc(ROWS, sizeof(*u));
    double *f = mem_alloc(ROWS, sizeof(*f));
    int rc = u == NULL || f == NULL ? -1 : 0;

    *summary = (struct summary){
        .chunks = n, .complete = results_file_is_complete(file)};
    summary_describe(summary, list, n_attributes);
    for (uint64_t first = 0; first < n && rc == 0; first += ROWS) {
        uint64_t rows = n - first < ROWS ? n - first : ROWS;
        rc = add_rows(summary, file, u, f, first, rows);
    }
    mem_free(u);
    mem_free(f);
    return rc;
}

/* Bytes of container headers that are not charged. */
static double
spared_bytes(const struct summary *s)
{
    return s->chunks > 1 ? (double)s->header_bytes * (double)(s->chunks - 1)
                         : 0;
}

/* What is charged for the code of so many bits, which does not tell all. */
static double
charged_bits(const struct summary *s, double bits)
{
    double raw_bits = 8.0 * (double)s->raw_bytes;

    if (strcmp(s->bytes_as, "ascii-append") == 0) {
        return bits + (double)s->lost_bits;
    }
    if (strcmp(s->bytes_as, "ascii-rescale") == 0 && s->raw_bytes > 0) {
        return bits * raw_bits / (raw_bits - (double)s->lost_bits);
    }
    return bits;
}

double
summary_coded_bytes(const struct summary *s)
{
    double bytes = (double)s->coded_bytes - spared_bytes(s);

    return s->lost_bits == 0 ? bytes : charged_bits(s, 8 * bytes) / 8;
}

double
summary_ideal_bits(const struct summary *s)
{
    return charged_bits(s, s->ideal_bits - 8 * spared_bytes(s));
}

static double
ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

double
summary_bits_per_byte(const struct summary *s)
{
    return ratio(summary_ideal_bits(s), (double)s->raw_bytes);
}

double
summary_raw_rate(const struct summary *s)
{
    return ratio(summary_coded_bytes(s), (double)s->raw_bytes);
}

double
summary_adjusted_rate(const struct summary *s)
{
    return ratio(
        summary_coded_bytes(s) + (double)s->parameters * s->parameter_bytes,
        (double)s->raw_bytes);
}

double
summary_bytes_per_second(const struct summary *s)
{
    return ratio((double)s->timed_bytes, s->seconds);
}

double
summary_tokens_per_second(const struct summary *s)
{
    return ratio((double)s->timed_tokens, s->seconds);
}

/* "1 chunk", "2 chunks" */
static void
print_count(const char *before, uint64_t n, const char *what)
{
    printf("%s%" PRIu64 " %s%s", before, n, what, n == 1 ? "" : "s");
}

/* What a model was given before a token. */
static void
print_windows(const struct summary *s)
{
    if (s->stride > 0) {
        printf(", stride %" PRIu64, s->stride);
    } else {
        printf(", windows do not overlap");
    }
    if (s->has_start) {
        printf(", start token %" PRIu64, s->start_token);
    } else {
        printf(", no start token");
    }
}

/* "chunks of 2048 bytes, context 512 tokens, stride 256, tokenizer bpe" */
static void
print_protocol(const struct summary *s)
{
    if (s->chunk_bytes > 0) {
        print_count("protocol    chunks of ", s->chunk_bytes, "byte");
    } else {
        printf("protocol    one chunk");
    }
    if (s->carry) {
        printf(", each knows those before");
    }
    if (s->first_byte > 0) {
        printf(", from byte %" PRIu64, s->first_byte);
    }
    if (s->context > 0) {
        print_count(", context ", s->context, "token");
    }
    if (s->parameters > 0) {
        print_windows(s);
    }
    if (s->tokenizer[0] != '\0') {
        printf(", tokenizer %s", s->tokenizer);
    }
    if (s->header_bytes > 0) {
        print_count(", header of ", s->header_bytes, "byte");
        printf(" charged once");
    }
    printf("\n");
}

void
summary_print(const struct summary *s)
{
    char raw[32], rate[32], seconds[32];

    units_format_bytes(raw, sizeof(raw), (double)s->raw_bytes);
    units_format_bytes(rate, sizeof(rate), summary_bytes_per_second(s));
    units_format_seconds(seconds, sizeof(seconds), s->seconds);
    printf("corpus      %s, %s in ", s->corpus, raw);
    print_count("", s->chunks, "chunk");
    printf("\n");
    printf("predictor   %s\n", s->predictor);
    print_protocol(s);
    if (s->bytes_as[0] != '\0' && strcmp(s->bytes_as, "exact") != 0) {
        printf("bytes as    %s, %" PRIu64 " of %" PRIu64
               " bits are not described\n",
            s->bytes_as, s->lost_bits, 8 * s->raw_bytes);
    }
    printf("code        %.4f bits per byte (%.1f bits)\n",
        summary_bits_per_byte(s), summary_ideal_bits(s));
    printf("raw rate    %.3f %% (%.0f of %" PRIu64 " bytes)\n",
        100 * summary_raw_rate(s), summary_coded_bytes(s), s->raw_bytes);
    if (s->parameters > 0) {
        printf("adjusted    %.3f %% with %" PRIu64 " parameters of %.3g "
               "bytes\n",
            100 * summary_adjusted_rate(s), s->parameters, s->parameter_bytes);
    }
    printf("speed       %s/s", rate);
    if (s->timed_tokens > 0) {
        printf(", %.0f tokens/s", summary_tokens_per_second(s));
    }
    if (s->flops > 0 && s->seconds > 0 && s->timed_bytes == s->raw_bytes) {
        printf(", %.1f GFLOP/s", 1e-9 * s->flops / s->seconds);
    }
    printf(" (%s, ", seconds);
    print_count("", s->ranks, "rank");
    print_count(" x ", s->threads, "thread");
    printf("%s%s%s%s)\n", s->math[0] ? ", " : "", s->math,
        s->kernel[0] ? ", " : "", s->kernel);
}
