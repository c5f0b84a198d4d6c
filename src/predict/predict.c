/*
 * predict.c - names to kinds, and what is the same for all of them.
 */
#include "predict/predict.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "predict/predictor.h"

static const struct predict_kind *const kinds[] = {
    &predict_uniform,
    &predict_markov,
    &predict_ngram,
    &predict_model,
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The kind that name begins with; *rest is what follows its colon, or NULL. */
static const struct predict_kind *
find_kind(const char **rest, const char *name, bool generates)
{
    const char *colon = strchr(name, ':');
    size_t length = colon == NULL ? strlen(name) : (size_t)(colon - name);

    *rest = colon == NULL ? NULL : colon + 1;
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strlen(kinds[i]->name) == length &&
            memcmp(kinds[i]->name, name, length) == 0) {
            return kinds[i];
        }
    }
    if (generates && length == strlen(predict_codec.name) &&
        memcmp(predict_codec.name, name, length) == 0) {
        return &predict_codec;
    }
    report_error("predictor \"%s\": unknown kind; want %s%s%s, %s, %s or %s",
        name, generates ? predict_codec.usage : "", generates ? ", " : "",
        kinds[0]->usage, kinds[1]->usage, kinds[2]->usage, kinds[3]->usage);
    return NULL;
}

/* Settings that the kind would silently ignore are errors. */
static int
check_options(
    const struct predict_kind *kind, const struct predictor_options *options)
{
    if (options->carry && kind != &predict_ngram) {
        report_error(
            "predictor %s: --carry works with ngram only", options->name);
        return -1;
    }
    if (options->start != NULL && strcmp(options->start, "model") != 0 &&
        kind != &predict_model) {
        report_error(
            "predictor %s: --start works with model only", options->name);
        return -1;
    }
    if (options->ahead != 0 && kind != &predict_codec) {
        report_error(
            "predictor %s: --ahead works with codec only", options->name);
        return -1;
    }
    if (options->context != 0 && kind == &predict_codec) {
        return 0;
    }
    if ((options->context != 0 || options->stride != 0) &&
        kind != &predict_model) {
        report_error("predictor %s: --context and --stride work with model "
                     "only",
            options->name);
        return -1;
    }
    return 0;
}

struct predictor *
predictor_open(const struct predictor_options *options)
{
    const char *rest;
    const struct predict_kind *kind =
        find_kind(&rest, options->name, options->generates);

    if (kind == NULL || check_options(kind, options)) {
        return NULL;
    }
    struct predictor *predictor = mem_alloc(1, sizeof(*predictor));
    if (predictor == NULL) {
        return NULL;
    }
    predictor->kind = kind;
    predictor->info = (struct predictor_info){
        .kind = kind->name,
        .tokenizer = "bytes",
        .model_sha256 = "",
        .tokenizer_sha256 = "",
        .vocabulary = 256,
        .start_token = -1,
    };
    if (kind->open(predictor, options, rest)) {
        predictor_close(predictor);
        return NULL;
    }
    return predictor;
}

void
predictor_close(struct predictor *predictor)
{
    if (predictor != NULL) {
        if (predictor->kind->close != NULL) {
            predictor->kind->close(predictor);
        }
        mem_free(predictor);
    }
}

const struct predictor_info *
predictor_info(const struct predictor *predictor)
{
    return &predictor->info;
}

size_t
predictor_place_bytes(const struct predictor *predictor)
{
    return predictor->kind->place_bytes == NULL
               ? 0
               : predictor->kind->place_bytes(predictor);
}

int
predictor_fill(struct predictor *predictor, const struct model_place *place)
{
    return predictor->kind->fill == NULL
               ? 0
               : predictor->kind->fill(predictor, place);
}

int
predictor_attach(struct predictor *predictor, const struct model_place *place)
{
    return predictor->kind->attach == NULL
               ? 0
               : predictor->kind->attach(predictor, place);
}

int
predictor_hash(struct predictor *predictor)
{
    return predictor->kind->hash == NULL ? 0 : predictor->kind->hash(predictor);
}

struct predictor_session *
predictor_session_new(
    const struct predictor *predictor, size_t chunk_bytes_max, int n_threads)
{
    struct predictor_session *session = mem_alloc(1, sizeof(*session));

    if (session == NULL) {
        return NULL;
    }
    session->predictor = predictor;
    session->chunk_bytes_max = chunk_bytes_max;
    if (predictor->kind->session_init != NULL &&
        predictor->kind->session_init(session, chunk_bytes_max, n_threads)) {
        predictor_session_free(session);
        return NULL;
    }
    return session;
}

void
predictor_session_free(struct predictor_session *session)
{
    if (session != NULL) {
        if (session->predictor->kind->session_release != NULL) {
            session->predictor->kind->session_release(session);
        }
        predictor_chunk_free(session->chunk);
        mem_free(session);
    }
}

int
predictor_score(struct predictor_session *session, const uint8_t *chunk,
    size_t bytes, predict_emit *emit, void *user)
{
    assert(bytes <= session->chunk_bytes_max);
    if (session->chunk == NULL) {
        session->chunk = predictor_chunk_new(
            session->predictor, session->chunk_bytes_max, 1, emit, user);
    }
    struct predictor_part part = {.chunk = session->chunk};
    if (part.chunk == NULL) {
        return -1;
    }
    part.chunk->emit = emit;
    part.chunk->user = user;
    session->flops = 0.0;
    if (predictor_chunk_begin(part.chunk, chunk, bytes)) {
        return -1;
    }
    for (; part.index < predictor_chunk_parts(part.chunk); part.index++) {
        if (predictor_score_parts(session, &part, 1) ||
            predictor_chunk_emit(part.chunk)) {
            return -1;
        }
        session->flops += predictor_chunk_flops(part.chunk, part.index);
    }
    return predictor_chunk_end(part.chunk);
}

double
predictor_flops(const struct predictor_session *session)
{
    return session->flops;
}
