/*
 * model_chunk.c
 *
 * The codes of open windows lie in a ring: what is scored may run ahead of
 * what is emitted by its length.
 */
#include "predict/model_chunk.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "math/elementary.h"
#include "math/softmax.h"
#include "model/model.h"
#include "predict/model_predictor.h"
#include "token/token.h"

struct model_chunk {
    const struct model_predictor *predictor;
    uint32_t *tokens; /* there may be one for each byte */
    size_t tokens_bytes;
    size_t n_tokens, n_windows;
    const uint8_t *next_byte; /* that the next token stands for */
    size_t n_emitted;         /* windows */

    /* Ring: window w has window_codes codes at w % n_open_max. */
    struct softmax_symbol *codes;
    size_t codes_bytes;
    size_t window_codes, n_open_max;
};

struct model_chunk *
model_chunk_new(const struct model_predictor *predictor, size_t chunk_bytes_max,
    size_t n_open_max)
{
    struct model_chunk *c = mem_alloc(1, sizeof(*c));

    if (c == NULL) {
        return NULL;
    }
    size_t n_windows_max = 1 + chunk_bytes_max / predictor->step;
    c->predictor = predictor;
    c->n_open_max = n_open_max < n_windows_max ? n_open_max : n_windows_max;
    c->window_codes = predictor->capacity < chunk_bytes_max
                          ? predictor->capacity
                          : chunk_bytes_max;
    c->tokens_bytes = chunk_bytes_max * sizeof(*c->tokens);
    c->tokens = mem_map(c->tokens_bytes);
    c->codes_bytes = n_open_max * c->window_codes * sizeof(*c->codes);
    c->codes = mem_map(c->codes_bytes);
    if (c->tokens == NULL || c->codes == NULL) {
        model_chunk_free(c);
        return NULL;
    }
    return c;
}

void
model_chunk_free(struct model_chunk *c)
{
    if (c != NULL) {
        mem_unmap(c->tokens, c->tokens_bytes);
        mem_unmap(c->codes, c->codes_bytes);
        mem_free(c);
    }
}

/* Prove that the tokens stand for the bytes. */
static int
check_tokens(const struct model_chunk *c, const uint8_t *bytes, size_t n_bytes)
{
    const struct model_predictor *p = c->predictor;
    size_t at = 0;

    for (size_t i = 0; i < c->n_tokens; i++) {
        uint32_t token = c->tokens[i];
        uint8_t escaped = (uint8_t)(token - p->first_escape);
        const uint8_t *text = &escaped;
        size_t n = 1;
        if (token < p->first_escape) {
            text = tokenizer_bytes(p->tokenizer, token, &n);
        }
        if (n > n_bytes - at || memcmp(text, bytes + at, n) != 0) {
            report_error("token %zu (id %u) does not stand for the bytes at "
                         "offset %zu of the chunk",
                i, token, at);
            return -1;
        }
        at += n;
    }
    if (at != n_bytes) {
        report_error(
            "tokens end at offset %zu of a chunk of %zu bytes", at, n_bytes);
        return -1;
    }
    return 0;
}

int
model_chunk_begin(struct model_chunk *c, size_t *n_windows,
    const uint8_t *bytes, size_t n_bytes)
{
    const struct model_predictor *p = c->predictor;

    c->next_byte = bytes;
    c->n_emitted = 0;
    if (tokenizer_encode(
            p->tokenizer, c->tokens, &c->n_tokens, bytes, n_bytes) ||
        check_tokens(c, bytes, n_bytes)) {
        return -1;
    }
    c->n_windows = c->n_tokens > 0;
    if (c->n_tokens > p->capacity) {
        c->n_windows += (c->n_tokens - p->capacity + p->step - 1) / p->step;
    }
    *n_windows = c->n_windows;
    return 0;
}

struct model_window
model_chunk_window(const struct model_chunk *c, size_t w)
{
    const struct model_predictor *p = c->predictor;
    size_t first = w * p->step, end = first + p->capacity;
    size_t n_known = w == 0 ? 0 : p->capacity - p->step;

    assert(w < c->n_windows);
    end = end < c->n_tokens ? end : c->n_tokens;
    return (struct model_window){
        .tokens = c->tokens + first,
        .n = end - first,
        .n_new = end - first - n_known,
        .codes = c->codes + w % c->n_open_max * c->window_codes,
    };
}

size_t
model_window_rows(
    const struct model_predictor *predictor, const struct model_window *window)
{
    return window->n - (predictor->start_token < 0);
}

double
model_chunk_flops(const struct model_chunk *c, size_t w)
{
    struct model_window window = model_chunk_window(c, w);
    size_t n_rows = model_window_rows(c->predictor, &window);

    return n_rows == 0 ? 0.0 : model_flops(c->predictor->model, 0, n_rows);
}

/*
 * Emit a token whose interval among the vocabulary is code.  With escapes,
 * one more symbol follows the vocabulary; after it comes the raw byte.
 */
static int
emit_token(struct model_chunk *c, uint32_t token,
    const struct softmax_symbol *code, predict_emit *emit, void *user)
{
    const struct model_predictor *p = c->predictor;
    struct predict_symbol symbol = {
        .cumulative = code->cumulative,
        .frequency = code->frequency,
        .total = code->total + p->has_escapes,
        .bits = code->bits,
    };

    if (token < p->first_escape) {
        size_t bytes;
        (void)tokenizer_bytes(p->tokenizer, token, &bytes);
        symbol.n_bytes = (uint32_t)bytes;
        c->next_byte += bytes;
        return emit(user, &symbol);
    }
    symbol.cumulative = code->total;
    symbol.frequency = 1;
    symbol.bits = elementary_log2((double)symbol.total);
    struct predict_symbol raw = {
        .cumulative = *c->next_byte++,
        .frequency = 1,
        .total = 256,
        .bits = 8.0,
        .n_bytes = 1,
    };
    return emit(user, &symbol) || emit(user, &raw);
}

int
model_chunk_emit(struct model_chunk *c, predict_emit *emit, void *user)
{
    struct model_window window = model_chunk_window(c, c->n_emitted++);
    size_t n_known = window.n - window.n_new;

    for (size_t i = 0; i < window.n_new; i++) {
        if (emit_token(
                c, window.tokens[n_known + i], &window.codes[i], emit, user)) {
            return -1;
        }
    }
    return 0;
}
