/*
 * score.c - codelen score: log2 p of each token of a list, for comparison
 * with other software.  These are the model's own numbers, before the coder's
 * integers.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "cmd/cmd.h"
#include "cmd/math_options.h"
#include "cmd/single.h"
#include "cmd/threads.h"
#include "cmd/token_ids.h"
#include "math/softmax.h"
#include "model/model.h"
#include "model/model_find.h"

/* Largest file of token ids. */
#define TOKENS_BYTES_MAX ((size_t)1 << 30)

/* Positions whose logits are held at once. */
#define ROWS 16

struct score_settings {
    const char *predictor;
    const char *tokens;
    uint64_t threads;
    struct math_settings math;
};

#define AT(field) offsetof(struct score_settings, field)

static const struct option table[] = {
    {.name = "predictor",
        .type = OPTION_TEXT,
        .offset = AT(predictor),
        .unit = "model:NAME",
        .is_required = true,
        .help = "model:NAME, model:DIR or model:FILE.gguf"},
    {.name = "tokens",
        .type = OPTION_TEXT,
        .offset = AT(tokens),
        .unit = "FILE",
        .is_required = true,
        .help = "token ids: a JSON array, or one id a line"},
    OPTION_THREADS(struct score_settings, threads),
    MATH_OPTIONS(struct score_settings, math),
};

static const struct options_spec spec = {
    .command = "score",
    .question = "What is log2 p of each next token?  One line for each token "
                "after the first, in bits with the sign of log2.",
    .example = "codelen score --predictor model:smollm2.gguf --tokens ids.json",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

static int
read_tokens(struct token_ids *tokens, const char *path, uint32_t vocabulary)
{
    size_t bytes;
    char *text = file_read_text(path, &bytes, TOKENS_BYTES_MAX);
    int rc = -1;

    if (text != NULL) {
        rc = token_ids_parse(tokens, path, text, bytes, vocabulary);
    }
    mem_free(text);
    return rc;
}

/* Print log2 p of tokens 1.. given those before. */
static int
print_scores(struct model *model, const struct kernels *kernels,
    const struct token_ids *tokens, int n_threads)
{
    const struct model_info *info = model_info(model);
    size_t V = info->vocabulary, n = tokens->n - 1;
    struct model_state *state = model_state_new(model, n, n, n_threads);
    float *logits = mem_alloc(ROWS * V, sizeof(float));
    int rc = state == NULL || logits == NULL ? -1 : 0;

    if (rc == 0) {
        model_extend(state, tokens->ids, n);
    }
    for (size_t first = 0; first < n && rc == 0; first += ROWS) {
        size_t rows = n - first < ROWS ? n - first : ROWS;
        model_logits(state, logits, first, rows);
        for (size_t i = 0; i < rows; i++) {
            struct softmax_symbol symbol;
            softmax_code(kernels, &symbol, logits + i * V, V,
                tokens->ids[first + i + 1]);
            printf("%.9f\n", -symbol.bits);
        }
    }
    mem_free(logits);
    model_state_free(state);
    return rc;
}

static int
score(const struct options *options, const void *user, const struct par *par)
{
    const struct score_settings *settings = user;
    int n_threads = threads_choose(settings->threads, par);
    struct token_ids tokens = {0};
    struct model *model = NULL;
    const char *kind = "model:";
    char *path = NULL;
    const struct kernels *kernels = math_options_kernels(&settings->math);
    int rc = -1;

    (void)options;
    if (strncmp(settings->predictor, kind, strlen(kind)) != 0) {
        report_error("--predictor %s: only model:DIR or model:FILE.gguf has "
                     "tokens to score",
            settings->predictor);
    } else if (kernels != NULL) {
        path = model_find(settings->predictor + strlen(kind));
        model = path == NULL
                    ? NULL
                    : model_open_as(path, kernels,
                          math_options_weights(&settings->math), n_threads);
    }
    if (model != NULL) {
        rc = read_tokens(
            &tokens, settings->tokens, model_info(model)->vocabulary);
    }
    if (rc == 0 && tokens.n > 1) {
        if (tokens.n - 1 > model_info(model)->positions_max) {
            report_warning("%zu positions, but the model was made for %zu",
                tokens.n - 1, model_info(model)->positions_max);
        }
        rc = print_scores(model, kernels, &tokens, n_threads);
    }
    token_ids_release(&tokens);
    model_close(model);
    mem_free(path);
    return rc;
}

enum cmd_status
cmd_score(struct par *par, int argc, char **argv)
{
    struct score_settings settings = {0};

    return single_run(par, &spec, &settings, argc, argv, score);
}
