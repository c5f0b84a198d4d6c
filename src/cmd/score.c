/*
 * score.c - codelen score: log2 p of each token of a list, for comparison
 * with other software.  These are the model's own numbers, before the coder's
 * integers.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "cmd/cmd.h"
#include "cmd/math_options.h"
#include "cmd/single.h"
#include "cmd/threads.h"
#include "math/softmax.h"
#include "model/model.h"

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
        .help = "model:DIR or model:FILE.gguf"},
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

/* A list of token ids. */
struct tokens {
    uint32_t *ids;
    size_t n;
};

static int
take_id(struct tokens *tokens, const char *path, double id)
{
    if (!(id >= 0 && id <= UINT32_MAX)) {
        report_error("%s: item %zu is not a token id", path, tokens->n + 1);
        return -1;
    }
    tokens->ids[tokens->n++] = (uint32_t)id;
    return 0;
}

static int
parse_json(struct tokens *tokens, const char *path, const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    size_t n = json_array_size(root);
    int rc = -1;

    if (root == NULL) {
        report_error("%s: line %d: %s", path, error.line, error.text);
        return -1;
    }
    tokens->ids = mem_alloc(n, sizeof(uint32_t));
    rc = tokens->ids == NULL ? -1 : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const json_t *item = json_array_get(root, i);
        rc = take_id(tokens, path,
            json_is_integer(item) ? (double)json_integer_value(item) : -1);
    }
    json_decref(root);
    return rc;
}

static int
parse_lines(struct tokens *tokens, const char *path, char *text, size_t bytes)
{
    char *rest = NULL;

    tokens->ids = mem_alloc(bytes / 2 + 1, sizeof(uint32_t));
    if (tokens->ids == NULL) {
        return -1;
    }
    for (char *word = strtok_r(text, " \t\r\n", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        char *end;
        double id = (double)strtoul(word, &end, 10);
        bool is_number = *end == '\0' && word[0] >= '0' && word[0] <= '9';
        if (take_id(tokens, path, is_number ? id : -1) != 0) {
            return -1;
        }
    }
    return 0;
}

static int
read_tokens(struct tokens *tokens, const char *path, uint32_t vocabulary)
{
    size_t bytes;
    char *text = file_read_text(path, &bytes, TOKENS_BYTES_MAX);

    if (text == NULL) {
        return -1;
    }
    if (strlen(text) != bytes) {
        report_error("%s: byte %zu is zero: not a list of token ids", path,
            strlen(text));
        mem_free(text);
        return -1;
    }
    bool is_json = text[strspn(text, " \t\r\n")] == '[';
    int rc = is_json ? parse_json(tokens, path, text)
                     : parse_lines(tokens, path, text, bytes);
    mem_free(text);
    for (size_t i = 0; i < tokens->n && rc == 0; i++) {
        if (tokens->ids[i] >= vocabulary) {
            report_error("%s: token %" PRIu32 " (item %zu) is outside the "
                         "model's vocabulary of %" PRIu32,
                path, tokens->ids[i], i + 1, vocabulary);
            rc = -1;
        }
    }
    return rc;
}

/* Print log2 p of tokens 1.. given those before. */
static int
print_scores(struct model *model, const struct kernels *kernels,
    const struct tokens *tokens, int n_threads)
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
    struct tokens tokens = {0};
    struct model *model = NULL;
    const char *kind = "model:";
    const struct kernels *kernels = math_options_kernels(&settings->math);
    int rc = -1;

    (void)options;
    if (strncmp(settings->predictor, kind, strlen(kind)) != 0) {
        report_error("--predictor %s: only model:DIR or model:FILE.gguf has "
                     "tokens to score",
            settings->predictor);
    } else if (kernels != NULL) {
        model =
            model_open(settings->predictor + strlen(kind), kernels, n_threads);
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
    mem_free(tokens.ids);
    model_close(model);
    return rc;
}

enum cmd_status
cmd_score(struct par *par, int argc, char **argv)
{
    struct score_settings settings = {0};

    return single_run(par, &spec, &settings, argc, argv, score);
}
