/*
 * model_session.c
 *
 * A chunk is turned into tokens once, cut into windows, and each window goes
 * through the model in blocks of positions.  Nothing that a symbol costs
 * depends on the sizes of the blocks or on threads (contract C1).
 */
#include "predict/model_predictor.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "math/elementary.h"
#include "math/softmax.h"
#include "model/model.h"
#include "token/token.h"

/* Positions that go through the layers at once: enough to be limited by
   arithmetic and not by reading weights; more only costs memory. */
#define EXTEND_MAX 256

/* Positions whose logits are made at once: as many as fit in LOGITS_BYTES,
   within limits.  Fewer read the output layer more often; 64 of 49,152 logits
   cost no more time than 128. */
#define LOGITS_BYTES (UINT64_C(12) << 20)
#define ROWS_MIN     16
#define ROWS_MAX     128

struct model_session {
    const struct model_predictor *predictor;
    struct model_state *state;
    int n_threads;
    size_t extend_max, rows_max;
    uint32_t *tokens; /* of the chunk; there may be one for each byte */
    size_t tokens_bytes;
    size_t n_tokens;
    uint32_t *inputs;             /* of a window: what the model is given */
    float *logits;                /* (rows_max, vocabulary) */
    struct softmax_symbol *codes; /* (rows_max) */
};

/* Where the symbols of a chunk go. */
struct sink {
    const uint8_t *next_byte; /* that the next symbol stands for */
    predict_emit *emit;
    void *user;
};

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct model_session *
model_session_new(const struct model_predictor *predictor,
    size_t chunk_bytes_max, int n_threads)
{
    struct model_session *s = mem_alloc(1, sizeof(*s));

    if (s == NULL) {
        return NULL;
    }
    size_t row_bytes = predictor->vocabulary * sizeof(float);
    size_t positions = smaller(predictor->context, chunk_bytes_max + 1);
    s->predictor = predictor;
    s->n_threads = n_threads;
    s->extend_max = smaller(positions, EXTEND_MAX);
    s->rows_max = smaller(LOGITS_BYTES / row_bytes, ROWS_MAX);
    s->rows_max = s->rows_max < ROWS_MIN ? ROWS_MIN : s->rows_max;
    s->rows_max = smaller(s->rows_max, s->extend_max);
    s->state =
        model_state_new(predictor->model, positions, s->extend_max, n_threads);
    s->tokens_bytes = chunk_bytes_max * sizeof(*s->tokens);
    s->tokens = mem_map(s->tokens_bytes);
    s->inputs = mem_alloc(positions, sizeof(*s->inputs));
    s->logits = mem_alloc(s->rows_max, row_bytes);
    s->codes = mem_alloc(s->rows_max, sizeof(*s->codes));
    if (s->state == NULL || s->tokens == NULL || s->inputs == NULL ||
        s->logits == NULL || s->codes == NULL) {
        model_session_free(s);
        return NULL;
    }
    return s;
}

void
model_session_free(struct model_session *s)
{
    if (s != NULL) {
        model_state_free(s->state);
        mem_unmap(s->tokens, s->tokens_bytes);
        mem_free(s->inputs);
        mem_free(s->logits);
        mem_free(s->codes);
        mem_free(s);
    }
}

/* Tokens of the chunk, and proof that they stand for its bytes. */
static int
tokenize(struct model_session *s, const uint8_t *chunk, size_t bytes)
{
    const struct model_predictor *p = s->predictor;
    size_t at = 0;

    if (tokenizer_encode(p->tokenizer, s->tokens, &s->n_tokens, chunk, bytes)) {
        return -1;
    }
    for (size_t i = 0; i < s->n_tokens; i++) {
        uint32_t token = s->tokens[i];
        uint8_t escaped = (uint8_t)(token - p->first_escape);
        const uint8_t *text = &escaped;
        size_t n = 1;
        if (token < p->first_escape) {
            text = tokenizer_bytes(p->tokenizer, token, &n);
        }
        if (n > bytes - at || memcmp(text, chunk + at, n) != 0) {
            report_error("token %zu (id %u) does not stand for the bytes at "
                         "offset %zu of the chunk",
                i, token, at);
            return -1;
        }
        at += n;
    }
    if (at != bytes) {
        report_error(
            "tokens end at offset %zu of a chunk of %zu bytes", at, bytes);
        return -1;
    }
    return 0;
}

/*
 * Emit a token whose interval among the vocabulary is code.  With escapes,
 * one more symbol follows the vocabulary; after it comes the raw byte.
 */
static int
emit_token(const struct model_predictor *p, struct sink *sink, uint32_t token,
    const struct softmax_symbol *code)
{
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
        sink->next_byte += bytes;
        return sink->emit(sink->user, &symbol);
    }
    symbol.cumulative = code->total;
    symbol.frequency = 1;
    symbol.bits = elementary_log2((double)symbol.total);
    struct predict_symbol raw = {
        .cumulative = *sink->next_byte++,
        .frequency = 1,
        .total = 256,
        .bits = 8.0,
        .n_bytes = 1,
    };
    return sink->emit(sink->user, &symbol) || sink->emit(sink->user, &raw);
}

/* A token with nothing before it: all of the vocabulary is equally likely. */
static int
emit_first(const struct model_predictor *p, struct sink *sink, uint32_t token)
{
    struct softmax_symbol code = {
        .cumulative = token,
        .frequency = 1,
        .total = p->vocabulary,
        .bits = elementary_log2(p->vocabulary),
    };

    return emit_token(p, sink, token, &code);
}

/* Whether a row can be made into probabilities. */
static bool
is_sound(const float *logits, size_t V)
{
    float largest = -INFINITY;
    bool is_number = true;

    for (size_t i = 0; i < V; i++) {
        is_number &= logits[i] < INFINITY; /* false for NaN */
        largest = logits[i] > largest ? logits[i] : largest;
    }
    return is_number && largest > -INFINITY;
}

/*
 * Emit n tokens from the logits of as many positions, the first being
 * position `row` of the last extend.
 */
static int
emit_rows(struct model_session *s, struct sink *sink, const uint32_t *tokens,
    size_t row, size_t n)
{
    const struct model_predictor *p = s->predictor;
    size_t V = p->vocabulary;
    size_t n_bad = 0;

    model_logits(s->state, s->logits, row, n);
#pragma omp parallel for num_threads(s->n_threads) reduction(+ : n_bad)
    for (size_t i = 0; i < n; i++) {
        const float *logits = s->logits + i * V;
        uint32_t token = tokens[i] < p->first_escape ? tokens[i] : 0;
        if (is_sound(logits, V)) {
            softmax_code(p->kernels, &s->codes[i], logits, V, token);
        } else {
            n_bad++;
        }
    }
    if (n_bad > 0) {
        report_error("the model's logits are not numbers; are its weights "
                     "damaged?");
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (emit_token(p, sink, tokens[i], &s->codes[i])) {
            return -1;
        }
    }
    return 0;
}

/* Fill inputs with the start token, if any, and tokens; returns their number.
   An escaped byte is given as the start token, without one as token 0. */
static size_t
fill_inputs(struct model_session *s, const uint32_t *tokens, size_t n)
{
    const struct model_predictor *p = s->predictor;
    uint32_t escape = p->start_token < 0 ? 0 : (uint32_t)p->start_token;
    size_t n_inputs = 0;

    if (p->start_token >= 0) {
        s->inputs[n_inputs++] = (uint32_t)p->start_token;
    }
    for (size_t i = 0; i < n; i++) {
        s->inputs[n_inputs++] =
            tokens[i] < p->first_escape ? tokens[i] : escape;
    }
    return n_inputs;
}

/*
 * Emit the last n_new of n tokens, which make up a window.  The last token
 * need not be seen by the model, for nothing follows it.
 */
static int
score_window(struct model_session *s, struct sink *sink, double *flops,
    const uint32_t *tokens, size_t n, size_t n_new)
{
    const struct model_predictor *p = s->predictor;
    size_t n_inputs = fill_inputs(s, tokens, n - 1);
    size_t n_unseen = n - n_inputs; /* 1 without a start token, else 0 */
    size_t first = n - n_new;       /* token to be emitted next */

    if (first < n_unseen) {
        if (emit_first(p, sink, tokens[first])) {
            return -1;
        }
        first++;
    }
    model_state_clear(s->state);
    for (size_t at = 0; at < n_inputs; at += s->extend_max) {
        size_t end = smaller(at + s->extend_max, n_inputs);
        model_extend(s->state, s->inputs + at, end - at);
        /* Input i predicts token i + n_unseen. */
        while (first < end + n_unseen) {
            size_t m = smaller(s->rows_max, end + n_unseen - first);
            if (emit_rows(s, sink, tokens + first, first - n_unseen - at, m)) {
                return -1;
            }
            first += m;
        }
    }
    *flops += n_inputs == 0 ? 0.0 : model_flops(p->model, 0, n_inputs);
    return 0;
}

int
model_session_score(struct model_session *s, double *flops,
    const uint8_t *chunk, size_t bytes, predict_emit *emit, void *user)
{
    const struct model_predictor *p = s->predictor;
    struct sink sink = {.next_byte = chunk, .emit = emit, .user = user};
    size_t done = 0;

    if (tokenize(s, chunk, bytes)) {
        return -1;
    }
    for (size_t at = 0; done < s->n_tokens; at += p->step) {
        size_t end = smaller(at + p->capacity, s->n_tokens);
        if (score_window(
                s, &sink, flops, s->tokens + at, end - at, end - done)) {
            return -1;
        }
        done = end;
    }
    return 0;
}
