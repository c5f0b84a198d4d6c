/*
 * golden.c
 */
#include "golden.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "check.h"
#include "math/softmax.h"

/* Stated with the golden files; PyTorch in float32 is 3 to 6 times nearer. */
#define TOKEN_BITS 4e-4
#define MEAN_BITS  3e-5
#define TOTAL_BITS 2e-3

int
golden_read(struct golden *golden, const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    json_t *tokens = json_object_get(root, "tokens");
    json_t *log2p = json_object_get(root, "log2p_f64");

    /* The first is predicted too: from a zero in front. */
    size_t n_front = json_array_size(log2p) == json_array_size(tokens);
    *golden = (struct golden){.n = json_array_size(tokens) + n_front};
    CU_ASSERT_PTR_NOT_NULL(root);
    CU_ASSERT_EQUAL(json_array_size(log2p) + 1, golden->n);
    if (golden->n == 0 || json_array_size(log2p) + 1 != golden->n) {
        json_decref(root);
        return -1;
    }
    golden->tokens = mem_alloc(golden->n, sizeof(uint32_t));
    golden->log2p = mem_alloc(golden->n, sizeof(double));
    for (size_t i = n_front; i < golden->n; i++) {
        golden->tokens[i] =
            (uint32_t)json_integer_value(json_array_get(tokens, i - n_front));
    }
    for (size_t i = 0; i + 1 < golden->n; i++) {
        golden->log2p[i] = json_number_value(json_array_get(log2p, i));
    }
    golden->logits_sum = json_number_value(json_object_get(root, "logits_sum"));
    golden->logits_abs_sum =
        json_number_value(json_object_get(root, "logits_abs_sum"));
    json_decref(root);
    return 0;
}

void
golden_free(struct golden *golden)
{
    mem_free(golden->tokens);
    mem_free(golden->log2p);
}

float *
golden_logits(const struct model *model, const uint32_t *tokens, size_t n,
    size_t piece, int n_threads)
{
    size_t V = model_info(model)->vocabulary;
    struct model_state *state = model_state_new(model, n, piece, n_threads);
    float *logits = mem_alloc(n * V, sizeof(float));

    for (size_t first = 0; first < n; first += piece) {
        size_t m = n - first < piece ? n - first : piece;
        model_extend(state, tokens + first, m);
        model_logits(state, logits + first * V, 0, m);
    }
    model_state_free(state);
    return logits;
}

struct golden_error
golden_compare(const struct golden *golden, const struct kernels *kernels,
    const float *logits, size_t vocabulary)
{
    struct golden_error error = {0, 0, 0};

    for (size_t i = 0; i + 1 < golden->n; i++) {
        struct softmax_symbol symbol;
        softmax_code(kernels, &symbol, logits + i * vocabulary, vocabulary,
            golden->tokens[i + 1]);
        double difference = symbol.bits + golden->log2p[i];
        error.total += difference;
        error.mean += fabs(difference) / (double)(golden->n - 1);
        error.max = fmax(error.max, fabs(difference));
    }
    error.total = fabs(error.total);
    return error;
}

static void
check_sums(const struct golden *golden, const float *logits, size_t V)
{
    double sum = 0, abs_sum = 0;

    for (size_t i = 0; i < golden->n * V; i++) {
        sum += (double)logits[i];
        abs_sum += fabs((double)logits[i]);
    }
    CHECK_WITHIN(sum, golden->logits_sum, 1e-6 * abs_sum);
    CHECK_NEAR(abs_sum, golden->logits_abs_sum, 1e-6);
}

void
golden_check(const char *path, const char *expected, const char *label,
    enum math_mode mode, size_t piece)
{
    const struct kernels *kernels = kernels_find(mode, NULL);
    struct golden golden;

    CU_ASSERT_PTR_NOT_NULL_FATAL(kernels);
    struct model *model = model_open(path, kernels, 2);
    CU_ASSERT_PTR_NOT_NULL(model);
    if (model == NULL || golden_read(&golden, expected) != 0) {
        model_close(model);
        return;
    }
    size_t V = model_info(model)->vocabulary;
    float *logits = golden_logits(model, golden.tokens, golden.n, piece, 1);
    struct golden_error error = golden_compare(&golden, kernels, logits, V);
    printf("\n    %-18s %s by %-4zu max %.1e  mean %.1e  total %.1e bits ",
        label, math_mode_name(mode), piece, error.max, error.mean, error.total);
    CHECK_WITHIN(error.max, 0, TOKEN_BITS);
    CHECK_WITHIN(error.mean, 0, MEAN_BITS);
    CHECK_WITHIN(error.total, 0, TOTAL_BITS);
    if (golden.logits_abs_sum > 0) {
        check_sums(&golden, logits, V);
    }
    mem_free(logits);
    golden_free(&golden);
    model_close(model);
}
