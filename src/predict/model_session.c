/*
 * model_session.c
 *
 * The tokens of a window go through the model in blocks of positions; windows
 * that fit into a block several at a time go through it together.  Nothing
 * that a symbol costs depends on the sizes of the blocks, on what else is in
 * them, or on threads (contract C1).
 */
#include "predict/model_session.h"

#include <assert.h>

#include "base/mem.h"
#include "base/report.h"
#include "math/elementary.h"
#include "math/softmax.h"
#include "model/model.h"
#include "predict/model_chunk.h"
#include "predict/model_predictor.h"

/* Positions whose logits are made at once: as many as fit in LOGITS_BYTES,
   within limits.  Fewer read the output layer more often; 64 of 49,152 logits
   cost no more time than 128. */
#define LOGITS_BYTES (UINT64_C(12) << 20)
#define ROWS_MIN     16
#define ROWS_MAX     128

/* What is wanted of a row of the last extend. */
struct wish {
    uint32_t token;             /* that comes next */
    struct softmax_symbol *out; /* NULL: nothing */
};

struct model_session {
    const struct model_predictor *predictor;
    struct model_state *state;
    int n_threads;
    size_t rows_max;     /* of which logits are made at once */
    uint32_t *inputs;    /* of a window or a block of windows */
    size_t *lengths;     /* (MODEL_SESSION_ROWS): of the windows of a block */
    struct wish *wishes; /* (MODEL_SESSION_ROWS) */
    float *logits;       /* (rows_max, vocabulary) */
    size_t logits_bytes;
    float *tops; /* (rows_max): the largest of each row */
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
    s->rows_max = smaller(LOGITS_BYTES / row_bytes, ROWS_MAX);
    s->rows_max = s->rows_max < ROWS_MIN ? ROWS_MIN : s->rows_max;
    s->state = model_state_new(
        predictor->model, positions, MODEL_SESSION_ROWS, n_threads);
    s->inputs = mem_alloc(
        positions < MODEL_SESSION_ROWS ? MODEL_SESSION_ROWS : positions,
        sizeof(*s->inputs));
    s->lengths = mem_alloc(MODEL_SESSION_ROWS, sizeof(*s->lengths));
    s->wishes = mem_alloc(MODEL_SESSION_ROWS, sizeof(*s->wishes));
    s->logits_bytes = s->rows_max * row_bytes;
    s->logits = mem_map(s->logits_bytes);
    s->tops = mem_alloc(s->rows_max, sizeof(*s->tops));
    if (s->state == NULL || s->inputs == NULL || s->lengths == NULL ||
        s->wishes == NULL || s->logits == NULL || s->tops == NULL) {
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
        mem_free(s->inputs);
        mem_free(s->lengths);
        mem_free(s->wishes);
        mem_unmap(s->logits, s->logits_bytes);
        mem_free(s->tops);
        mem_free(s);
    }
}

/* Fulfil the wishes for n rows of the last extend, from row first on. */
static int
code_rows(struct model_session *s, size_t first, size_t n)
{
    const struct model_predictor *p = s->predictor;
    size_t V = p->vocabulary;
    size_t n_bad = 0;

    model_logits_tops(s->state, s->logits, s->tops, first, n);
#pragma omp parallel for num_threads(s->n_threads) reduction(+ : n_bad)
    for (size_t i = 0; i < n; i++) {
        const float *logits = s->logits + i * V;
        const struct wish *wish = &s->wishes[first + i];
        n_bad += !softmax_code_below(
            p->kernels, wish->out, logits, V, wish->token, s->tops[i]);
    }
    if (n_bad > 0) {
        report_error("the model's logits are not numbers; are its weights "
                     "damaged?");
        return -1;
    }
    return 0;
}

/* Fulfil the wishes for the first n rows, as many at once as possible. */
static int
code_wishes(struct model_session *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && s->wishes[end].out != NULL && end - i < s->rows_max) {
            end++;
        }
        if (end > i && code_rows(s, i, end - i)) {
            return -1;
        }
        i = end > i ? end : i + 1;
    }
    return 0;
}

/* Fill inputs with the start token, if any, and what comes before the last
   token, which nothing follows; returns their number.  An escaped byte is
   given as the start token, without one as token 0. */
static size_t
fill_inputs(const struct model_predictor *p, uint32_t *inputs,
    const struct model_window *window)
{
    uint32_t escape = p->start_token < 0 ? 0 : (uint32_t)p->start_token;
    size_t n_inputs = 0;

    if (p->start_token >= 0) {
        inputs[n_inputs++] = (uint32_t)p->start_token;
    }
    for (size_t i = 0; i + 1 < window->n; i++) {
        uint32_t token = window->tokens[i];
        inputs[n_inputs++] = token < p->first_escape ? token : escape;
    }
    assert(n_inputs == model_window_rows(p, window));
    return n_inputs;
}

/* The wish for the row of a window's input number i. */
static struct wish
make_wish(const struct model_predictor *p, const struct model_window *window,
    size_t i)
{
    size_t next = i + (p->start_token < 0); /* the token that it predicts */
    uint32_t token = window->tokens[next];

    return (struct wish){
        .token = token < p->first_escape ? token : 0,
        .out = next < window->n - window->n_new
                   ? NULL
                   : &window->codes[next - (window->n - window->n_new)],
    };
}

/* A token with nothing before it: all of the vocabulary is equally likely. */
static void
code_first(const struct model_predictor *p, const struct model_window *window)
{
    if (p->start_token < 0 && window->n_new == window->n) {
        window->codes[0] = (struct softmax_symbol){
            .cumulative = window->tokens[0],
            .frequency = 1,
            .total = p->vocabulary,
            .bits = elementary_log2(p->vocabulary),
        };
    }
}

/* A window of any length, by blocks of positions. */
static int
score_alone(struct model_session *s, const struct model_window *window)
{
    const struct model_predictor *p = s->predictor;
    size_t n_inputs = fill_inputs(p, s->inputs, window);

    model_state_clear(s->state);
    for (size_t at = 0; at < n_inputs; at += MODEL_SESSION_ROWS) {
        size_t n = smaller(MODEL_SESSION_ROWS, n_inputs - at);
        model_extend(s->state, s->inputs + at, n);
        for (size_t i = 0; i < n; i++) {
            s->wishes[i] = make_wish(p, window, at + i);
        }
        if (code_wishes(s, n)) {
            return -1;
        }
    }
    return 0;
}

/* Windows that fit into one block. */
static int
score_together(
    struct model_session *s, const struct model_window *windows, size_t n)
{
    const struct model_predictor *p = s->predictor;
    size_t n_rows = 0, n_contexts = 0;

    for (size_t w = 0; w < n; w++) {
        size_t length = fill_inputs(p, s->inputs + n_rows, &windows[w]);
        for (size_t i = 0; i < length; i++) {
            s->wishes[n_rows + i] = make_wish(p, &windows[w], i);
        }
        s->lengths[n_contexts] = length;
        n_contexts += length > 0;
        n_rows += length;
    }
    if (n_rows > 0) {
        model_extend_each(s->state, s->inputs, s->lengths, n_contexts);
    }
    return code_wishes(s, n_rows);
}

int
model_session_score(
    struct model_session *s, const struct model_window *windows, size_t n)
{
    const struct model_predictor *p = s->predictor;

    for (size_t w = 0; w < n;) {
        size_t n_rows = 0, first = w;
        for (; w < n && w - first < MODEL_SESSION_ROWS; w++) {
            code_first(p, &windows[w]);
            n_rows += model_window_rows(p, &windows[w]);
            if (n_rows > MODEL_SESSION_ROWS) {
                break;
            }
        }
        if (w > first ? score_together(s, windows + first, w - first)
                      : score_alone(s, &windows[w++])) {
            return -1;
        }
    }
    return 0;
}
