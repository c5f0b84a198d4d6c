/*
 * predict_model.c - "model:PATH": a language model and its tokenizer.
 */
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/units.h"
#include "format/gguf.h"
#include "model/batch.h"
#include "model/model.h"
#include "model/model_find.h"
#include "predict/model_chunk.h"
#include "predict/model_predictor.h"
#include "predict/model_session.h"
#include "predict/model_walk.h"
#include "predict/predictor.h"
#include "token/token.h"

/* Products, norms, attention and what else a layer is made of. */
#define WAITS_PER_LAYER 9

/*
 * Chunks in lock-step.  Measured with 0.2 M parameters, keys and values of 160
 * KB: 4 are 1.2 times as fast as 8, 1.5 times as fast as 32 (tests/bench/
 * bench_steps).  Products need 16 rows where weights come from memory.
 */
#define WALK_PATHS_MIN 4
#define WALK_PATHS_MAX 16
#define WALK_CACHE     ((size_t)640 << 10)
#define WALK_WEIGHTS   ((size_t)4 << 20)

/* Windows that the session is given at once. */
#define WINDOWS_MAX 64

/* A model with this vocabulary and no tokenizer reads bytes. */
#define BYTE_VOCABULARY 256

/* Whether path holds a tokenizer; -1 if that cannot be told, reported. */
static int
has_tokenizer(const char *path)
{
    if (file_is_directory(path)) {
        return tokenizer_is_in(path);
    }
    struct gguf *gguf = gguf_open(path);
    int found = gguf == NULL ? -1 : gguf_has(gguf, "tokenizer.ggml.tokens");
    gguf_close(gguf);
    return found;
}

/* What follows from the tokenizer, and whether it suits the model. */
static int
check_tokenizer(struct model_predictor *p, const char *path)
{
    p->first_escape = tokenizer_vocabulary(p->tokenizer);
    p->has_escapes = tokenizer_has_escapes(p->tokenizer);
    if (p->first_escape > p->vocabulary) {
        report_error("%s: the tokenizer has %" PRIu32
                     " tokens, the output layer of the model %" PRIu32,
            path, p->first_escape, p->vocabulary);
        return -1;
    }
    return 0;
}

static int
open_tokenizer(struct model_predictor *p, const char *path)
{
    int found = has_tokenizer(path);

    if (found < 0) {
        return -1;
    }
    if (found == 0 && p->vocabulary != BYTE_VOCABULARY) {
        report_error("%s: no tokenizer, and a vocabulary of %" PRIu32
                     " is not one of bytes; put tokenizer.json beside the "
                     "weights",
            path, p->vocabulary);
        return -1;
    }
    p->tokenizer = found ? tokenizer_open(path) : tokenizer_new_bytes();
    if (p->tokenizer == NULL) {
        return -1;
    }
    return check_tokenizer(p, path);
}
static int
choose_start(struct model_predictor *p, const char *start)
{
    uint64_t token;

    p->start_token = -1;
    if (start == NULL || strcmp(start, "model") == 0) {
        p->start_token = model_info(p->model)->start_token;
        if (p->start_token >= (int64_t)p->vocabulary) {
            report_error("the model's start token %" PRId64
                         " is not below its vocabulary %" PRIu32
                         "; use --start none",
                p->start_token, p->vocabulary);
            return -1;
        }
        return 0;
    }
    if (strcmp(start, "none") == 0) {
        return 0;
    }
    if (units_parse_u64(&token, start) || token >= p->vocabulary) {
        report_error(
            "--start \"%s\": want model, none or a token below %" PRIu32, start,
            p->vocabulary);
        return -1;
    }
    p->start_token = (int64_t)token;
    return 0;
}

/* Fit windows to the model. */
static int
choose_windows(
    struct model_predictor *p, const struct predictor_options *options)
{
    size_t positions = model_info(p->model)->positions_max;

    p->context = options->context == 0 ? positions : options->context;
    if (options->context > positions) {
        report_error("--context %" PRIu64 ": the model has %zu positions",
            options->context, positions);
        return -1;
    }
    if (p->context < 2) {
        report_error("--context %zu: want at least 2 tokens", p->context);
        return -1;
    }
    if (options->stride >= p->context) {
        report_error("--stride %" PRIu64
                     ": want less than the context of %zu tokens",
            options->stride, p->context);
        return -1;
    }
    p->capacity = p->context - (p->start_token >= 0);
    p->step = options->stride != 0 ? options->stride
              : options->generates ? (p->capacity + 1) / 2
                                   : p->capacity;
    return 0;
}

static int
describe(struct predictor *predictor, const struct predictor_options *options)
{
    struct model_predictor *p = predictor->data;
    const struct model_info *model = model_info(p->model);

    p->description = mem_printf("%s, %zu layers of width %zu, %s weights",
        model->architecture, model->n_layers, model->width, model->weight_type);
    predictor->info.description = p->description;
    predictor->info.vocabulary = p->vocabulary;
    predictor->info.n_parameters = model->n_parameters;
    predictor->info.context = p->context;
    predictor->info.stride = options->stride;
    predictor->info.start_token = p->start_token;
    return p->description == NULL ? -1 : 0;
}

static void
describe_tokenizer(struct predictor *predictor)
{
    const struct model_predictor *p = predictor->data;

    predictor->info.tokenizer = tokenizer_kind(p->tokenizer);
    predictor->info.tokenizer_sha256 = tokenizer_sha256(p->tokenizer);
}

static int
open_model(struct predictor *predictor, const struct predictor_options *options,
    const char *rest)
{
    struct model_predictor *p;

    if (rest == NULL || rest[0] == '\0') {
        report_error("predictor \"%s\": want model:NAME, model:DIRECTORY or "
                     "model:FILE.gguf",
            options->name);
        return -1;
    }
    predictor->data = p = mem_alloc(1, sizeof(*p));
    if (p == NULL) {
        return -1;
    }
    p->kernels = options->kernels;
    p->n_threads = options->n_threads;
    p->path = model_find(rest);
    if (p->path == NULL) {
        return -1;
    }
    p->model = options->is_filled_later
                   ? model_plan_as(p->path, options->kernels, options->weights)
                   : model_open_as(p->path, options->kernels, options->weights,
                         options->n_threads);
    if (p->model == NULL) {
        return -1;
    }
    p->vocabulary = model_info(p->model)->vocabulary;
    if (!options->is_follower) {
        if (open_tokenizer(p, p->path)) {
            return -1;
        }
        describe_tokenizer(predictor);
    }
    if (choose_start(p, options->start) || choose_windows(p, options)) {
        return -1;
    }
    return describe(predictor, options);
}

static void
close_model(struct predictor *predictor)
{
    struct model_predictor *p = predictor->data;

    if (p != NULL) {
        mem_free(p->description);
        mem_free(p->path);
        tokenizer_free(p->tokenizer);
        model_close(p->model);
        mem_free(p);
    }
}

/*
 * The place holds the weights, then the bytes of a flat tokenizer (0: there is
 * none), then that tokenizer.
 */
static size_t
flat_offset(const struct model_predictor *p)
{
    size_t bytes = model_place_bytes(p->model);

    return (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

static size_t
place_bytes(const struct predictor *predictor)
{
    const struct model_predictor *p = predictor->data;

    return flat_offset(p) + MEM_ALIGN +
           (p->tokenizer == NULL ? 0 : tokenizer_flatten(p->tokenizer, NULL));
}

static int
fill(struct predictor *predictor, const struct model_place *place)
{
    struct model_predictor *p = predictor->data;
    uint8_t *flat = (uint8_t *)place->memory + flat_offset(p);

    if (place->part == 0 && place->n_parts > 1) {
        uint64_t bytes = tokenizer_flatten(p->tokenizer, flat + MEM_ALIGN);
        memcpy(flat, &bytes, sizeof(bytes));
    }
    return model_fill(p->model, place, p->n_threads);
}

static int
attach(struct predictor *predictor, const struct model_place *place)
{
    struct model_predictor *p = predictor->data;
    uint8_t *flat = (uint8_t *)place->memory + flat_offset(p);
    uint64_t bytes = 0;

    if (p->tokenizer != NULL) {
        return 0;
    }
    if (place->n_parts > 1) {
        memcpy(&bytes, flat, sizeof(bytes));
    }
    if (bytes == 0) {
        if (open_tokenizer(p, p->path)) {
            return -1;
        }
    } else {
        p->tokenizer = tokenizer_from_flat(flat + MEM_ALIGN);
        if (p->tokenizer == NULL || check_tokenizer(p, p->path)) {
            return -1;
        }
    }
    describe_tokenizer(predictor);
    return 0;
}

static int
hash_model(struct predictor *predictor)
{
    struct model_predictor *p = predictor->data;

    if (model_hash(p->model)) {
        return -1;
    }
    predictor->info.model_sha256 = model_info(p->model)->sha256;
    return 0;
}

static int
init_session(
    struct predictor_session *session, size_t chunk_bytes_max, int n_threads)
{
    session->data =
        model_session_new(session->predictor->data, chunk_bytes_max, n_threads);
    return session->data == NULL ? -1 : 0;
}

static void
release_session(struct predictor_session *session)
{
    model_session_free(session->data);
}

static int
init_chunk(
    struct predictor_chunk *chunk, size_t chunk_bytes_max, size_t n_open_max)
{
    chunk->data =
        model_chunk_new(chunk->predictor->data, chunk_bytes_max, n_open_max);
    return chunk->data == NULL ? -1 : 0;
}

static void
release_chunk(struct predictor_chunk *chunk)
{
    model_chunk_free(chunk->data);
}

static int
begin_chunk(struct predictor_chunk *chunk, const uint8_t *bytes, size_t n_bytes)
{
    return model_chunk_begin(chunk->data, &chunk->n_parts, bytes, n_bytes);
}

static size_t
chunk_rows(const struct predictor_chunk *chunk, size_t part)
{
    struct model_window window = model_chunk_window(chunk->data, part);

    return model_window_rows(chunk->predictor->data, &window);
}

static double
chunk_flops(const struct predictor_chunk *chunk, size_t part)
{
    return model_chunk_flops(chunk->data, part);
}

static struct predictor_grain
grain(const struct predictor *predictor, size_t chunk_bytes_max)
{
    const struct model_predictor *p = predictor->data;
    size_t n_waits = WAITS_PER_LAYER * model_info(p->model)->n_layers;

    return (struct predictor_grain){
        .part_rows =
            p->capacity < chunk_bytes_max ? p->capacity : chunk_bytes_max,
        .rows_max = MODEL_SESSION_ROWS,
        .flops = model_flops(p->model, 0, MODEL_SESSION_ROWS) / (double)n_waits,
    };
}

static int
score_parts(struct predictor_session *session,
    const struct predictor_part *parts, size_t n)
{
    struct model_window windows[WINDOWS_MAX];

    for (size_t i = 0; i < n;) {
        size_t n_windows = 0;
        while (i < n && n_windows < WINDOWS_MAX) {
            windows[n_windows++] =
                model_chunk_window(parts[i].chunk->data, parts[i].index);
            i++;
        }
        if (model_session_score(session->data, windows, n_windows)) {
            return -1;
        }
    }
    return 0;
}

static int
emit_part(struct predictor_chunk *chunk, predict_emit *emit, void *user)
{
    return model_chunk_emit(chunk->data, emit, user);
}

static int
init_walk(struct predictor_walk *walk, int n_threads)
{
    walk->data = model_walk_new(walk->predictor->data, walk->chunk_bytes_max,
        walk->n_paths_max, n_threads);
    return walk->data == NULL ? -1 : 0;
}

static void
release_walk(struct predictor_walk *walk)
{
    model_walk_free(walk->data);
}

/* Many where weights come from memory; else as many as L2 holds. */
static size_t
walk_count(const struct predictor *predictor, size_t chunk_bytes_max)
{
    const struct model_predictor *p = predictor->data;
    uint64_t n_parameters = model_info(p->model)->n_matrix_parameters;
    size_t positions =
        p->capacity < chunk_bytes_max ? p->capacity : chunk_bytes_max;
    size_t n = WALK_CACHE / model_batch_stream_bytes(p->model, positions);

    if (n_parameters * sizeof(float) > WALK_WEIGHTS) {
        return WALK_PATHS_MAX;
    }
    return n < WALK_PATHS_MIN   ? WALK_PATHS_MIN
           : n > WALK_PATHS_MAX ? WALK_PATHS_MAX
                                : n;
}

static int
walk_paths(struct predictor_walk *walker, const struct predict_walk *walk)
{
    return model_walk(walker->data, walk);
}

const struct predict_kind predict_model = {
    .name = "model",
    .usage = "model:PATH",
    .open = open_model,
    .close = close_model,
    .hash = hash_model,
    .place_bytes = place_bytes,
    .fill = fill,
    .attach = attach,
    .session_init = init_session,
    .session_release = release_session,
    .chunk_init = init_chunk,
    .chunk_release = release_chunk,
    .chunk_begin = begin_chunk,
    .chunk_rows = chunk_rows,
    .chunk_flops = chunk_flops,
    .grain = grain,
    .score_parts = score_parts,
    .emit_part = emit_part,
    .walk_init = init_walk,
    .walk_release = release_walk,
    .walk_count = walk_count,
    .walk_paths = walk_paths,
};
