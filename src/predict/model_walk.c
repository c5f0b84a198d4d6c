/*
 * model_walk.c
 *
 * Each path on the way has a stream of the batch.  A step appends to every
 * stream the next input of its window: the start token, then the tokens so
 * far.  The logits of those that have caught up with their tokens give the
 * next one.  When a window is full the stream begins the next one and is given
 * the tokens that it has in common with the one before, a step each.  Windows
 * are those of model_chunk.c, escapes those of model_session.c.  Bytes that are
 * given become tokens as if they were all of the chunk; of their windows only
 * the last is walked through.
 */
#include "predict/model_walk.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "math/softmax.h"
#include "model/batch.h"
#include "model/model.h"
#include "predict/model_predictor.h"
#include "token/token.h"

/* Logits that are made at once, at most. */
#define LOGITS_BYTES (UINT64_C(12) << 20)

struct stream {
    struct predict_path *path; /* NULL: none */
    uint32_t *tokens;          /* of the chunk so far; one per byte at most */
    size_t n_tokens, n_bytes;
    size_t first; /* token that the window begins with */
};

struct model_walk {
    const struct model_predictor *predictor;
    struct model_batch *batch;
    size_t n_streams, rows_max;
    size_t tokens_bytes; /* of a stream's tokens */
    struct stream *streams;
    size_t *ready, *behind; /* (n_streams): streams, as they have caught up */
    uint32_t *inputs;       /* (n_streams): of a step */
    float *logits;          /* (rows_max, vocabulary) */
    uint64_t *frequency;    /* (vocabulary + 1) */
    bool has_failed;
};

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int
init_streams(struct model_walk *w, size_t chunk_bytes_max)
{
    w->streams = mem_alloc(w->n_streams, sizeof(*w->streams));
    w->tokens_bytes = chunk_bytes_max * sizeof(uint32_t);
    for (size_t i = 0; i < w->n_streams && w->streams != NULL; i++) {
        w->streams[i].tokens = mem_map(w->tokens_bytes);
        if (w->streams[i].tokens == NULL) {
            return -1;
        }
    }
    return w->streams == NULL ? -1 : 0;
}

struct model_walk *
model_walk_new(const struct model_predictor *predictor, size_t chunk_bytes_max,
    size_t n_paths_max, int n_threads)
{
    struct model_walk *w = mem_alloc(1, sizeof(*w));
    size_t V = predictor->vocabulary;

    if (w == NULL) {
        return NULL;
    }
    w->predictor = predictor;
    w->n_streams = n_paths_max;
    w->rows_max = smaller(LOGITS_BYTES / (V * sizeof(float)) + 1, n_paths_max);
    w->batch = model_batch_new(predictor->model, n_paths_max,
        smaller(predictor->context, chunk_bytes_max + 1), n_threads);
    w->ready = mem_alloc(n_paths_max, sizeof(*w->ready));
    w->behind = mem_alloc(n_paths_max, sizeof(*w->behind));
    w->inputs = mem_alloc(n_paths_max, sizeof(*w->inputs));
    w->logits = mem_alloc(w->rows_max, V * sizeof(*w->logits));
    w->frequency = mem_alloc(V + 1, sizeof(*w->frequency));
    if (init_streams(w, chunk_bytes_max) != 0 || w->batch == NULL ||
        w->ready == NULL || w->behind == NULL || w->inputs == NULL ||
        w->logits == NULL || w->frequency == NULL) {
        model_walk_free(w);
        return NULL;
    }
    return w;
}

void
model_walk_free(struct model_walk *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->n_streams && w->streams != NULL; i++) {
        mem_unmap(w->streams[i].tokens, w->tokens_bytes);
    }
    model_batch_free(w->batch);
    mem_free(w->streams);
    mem_free(w->ready);
    mem_free(w->behind);
    mem_free(w->inputs);
    mem_free(w->logits);
    mem_free(w->frequency);
    mem_free(w);
}

/* Append a token and its bytes.  Refused: it has none, or too many. */
static void
put_token(const struct model_walk *w, struct stream *s, uint32_t token)
{
    const struct model_predictor *p = w->predictor;
    struct predict_path *path = s->path;
    uint8_t escaped = (uint8_t)(token - p->first_escape);
    const uint8_t *bytes = &escaped;
    size_t n = 1, left = path->n_bytes - s->n_bytes;

    if (token < p->first_escape) {
        bytes = tokenizer_bytes(p->tokenizer, token, &n);
    }
    if (path->is_sampled) {
        n = smaller(n, left);
    }
    if (n == 0 || n > left) {
        path->is_refused = true;
        return;
    }
    memcpy(path->out + s->n_bytes, bytes, n);
    s->n_bytes += n;
    s->tokens[s->n_tokens++] = token;
}

/* Exclude what has no bytes.  Returns the sum of the frequencies left. */
static uint64_t
exclude_empty(struct model_walk *w)
{
    const struct model_predictor *p = w->predictor;
    uint64_t total = 0;

    for (uint32_t i = 0; i < p->vocabulary; i++) {
        size_t n = 0;
        if (i < p->first_escape) {
            (void)tokenizer_bytes(p->tokenizer, i, &n);
        }
        w->frequency[i] = n == 0 ? 0 : w->frequency[i];
        total += w->frequency[i];
    }
    return total;
}

/* Choose the next token of a stream; frequencies of the vocabulary are set. */
static void
choose_token(struct model_walk *w, struct stream *s, uint64_t total,
    predict_choose *choose)
{
    const struct model_predictor *p = w->predictor;
    void *chooser = s->path->chooser;
    uint32_t V = p->vocabulary;

    if (s->path->is_sampled) {
        total = exclude_empty(w);
    }
    w->frequency[V] = 1; /* the escape */
    uint32_t token = choose(chooser, w->frequency, (size_t)V + p->has_escapes,
        total + p->has_escapes);
    if (token == V) {
        for (size_t i = 0; i < 256; i++) {
            w->frequency[i] = 1;
        }
        token = p->first_escape + choose(chooser, w->frequency, 256, 256);
    } else if (token >= p->first_escape) {
        s->path->is_refused = true; /* of the model, not of the tokenizer */
        return;
    }
    put_token(w, s, token);
}

/* The first token of a window that has nothing before it. */
static void
choose_blindly(struct model_walk *w, struct stream *s, predict_choose *choose)
{
    for (size_t i = 0; i < w->predictor->vocabulary; i++) {
        w->frequency[i] = 1;
    }
    choose_token(w, s, w->predictor->vocabulary, choose);
}

static bool
is_at_end(const struct stream *s)
{
    return s->path->is_refused || s->n_bytes == s->path->n_bytes;
}

/* Begin with the bytes that are given, in the last window that they reach. */
static void
begin_path(struct model_walk *w, size_t i, struct predict_path *path)
{
    const struct model_predictor *p = w->predictor;
    struct stream *s = &w->streams[i];

    s->path = path;
    s->n_tokens = s->n_bytes = s->first = 0;
    model_batch_clear(w->batch, i);
    if (path == NULL || path->n_given == 0) {
        return;
    }
    if (tokenizer_encode(p->tokenizer, s->tokens, &s->n_tokens, path->out,
            path->n_given) != 0) {
        w->has_failed = true;
        s->path = NULL;
        return;
    }
    s->n_bytes = path->n_given;
    while (s->n_tokens - s->first >= p->capacity) {
        s->first += p->step;
    }
}

/*
 * Make a stream ready for a step: the next path where one has ended, the next
 * window where one is full.  False: there is nothing for it to do.
 */
static bool
make_ready(struct model_walk *w, size_t i, const struct predict_walk *walk)
{
    const struct model_predictor *p = w->predictor;
    struct stream *s = &w->streams[i];

    for (;;) {
        if (s->path == NULL || is_at_end(s)) {
            begin_path(w, i, walk->next(walk->user));
        } else if (s->n_tokens - s->first == p->capacity) {
            s->first += p->step;
            model_batch_clear(w->batch, i);
        }
        if (s->path == NULL) {
            return false;
        }
        if (!is_at_end(s) && p->start_token < 0 && s->n_tokens == s->first) {
            choose_blindly(w, s, walk->choose);
        }
        if (!is_at_end(s)) {
            return true;
        }
    }
}

/* The next input of a stream, and whether it is the last that is known. */
static uint32_t
next_input(const struct model_walk *w, size_t i, bool *is_last)
{
    const struct model_predictor *p = w->predictor;
    const struct stream *s = &w->streams[i];
    size_t at = model_batch_position(w->batch, i);
    bool has_start = p->start_token >= 0;
    uint32_t start = has_start ? (uint32_t)p->start_token : 0;

    *is_last = s->first + at + !has_start == s->n_tokens;
    if (has_start && at == 0) {
        return start;
    }
    uint32_t token = s->tokens[s->first + at - has_start];
    return token < p->first_escape ? token : start;
}

/* Choose for the first n rows of the last step. */
static int
choose_all(struct model_walk *w, size_t n, predict_choose *choose)
{
    const struct model_predictor *p = w->predictor;

    for (size_t first = 0; first < n; first += w->rows_max) {
        size_t n_rows = smaller(w->rows_max, n - first);
        model_batch_logits(w->batch, w->logits, first, n_rows);
        for (size_t i = 0; i < n_rows; i++) {
            uint64_t total = softmax_frequencies(p->kernels, w->frequency,
                w->logits + i * p->vocabulary, p->vocabulary);
            if (total == 0) {
                report_error("the model's logits are not numbers; are its "
                             "weights damaged?");
                return -1;
            }
            choose_token(w, &w->streams[w->ready[first + i]], total, choose);
        }
    }
    return 0;
}

/* Take in the next input of every stream that has something to do. */
static size_t
gather(struct model_walk *w, size_t *n_ready, const struct predict_walk *walk)
{
    size_t n_behind = 0;

    *n_ready = 0;
    for (size_t i = 0; i < walk->n_paths; i++) {
        bool is_last;
        if (make_ready(w, i, walk)) {
            (void)next_input(w, i, &is_last);
            if (is_last) {
                w->ready[(*n_ready)++] = i;
            } else {
                w->behind[n_behind++] = i;
            }
        }
    }
    size_t n = *n_ready + n_behind;
    memcpy(w->ready + *n_ready, w->behind, n_behind * sizeof(*w->behind));
    for (size_t i = 0; i < n; i++) {
        bool is_last;
        w->inputs[i] = next_input(w, w->ready[i], &is_last);
    }
    return n;
}

int
model_walk(struct model_walk *w, const struct predict_walk *walk)
{
    for (size_t i = 0; i < w->n_streams; i++) {
        w->streams[i].path = NULL; /* what an error may have left */
    }
    w->has_failed = false;
    for (;;) {
        size_t n_ready, n = gather(w, &n_ready, walk);
        if (n == 0 || w->has_failed) {
            return w->has_failed ? -1 : 0;
        }
        model_batch_step(w->batch, w->ready, w->inputs, n);
        if (choose_all(w, n_ready, walk->choose) != 0) {
            return -1;
        }
    }
}
