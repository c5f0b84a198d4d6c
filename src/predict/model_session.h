/*
 * model_session.h - windows through a model: what the tokens in them cost;
 * private to this folder.
 */
#ifndef PREDICT_MODEL_SESSION_H
#define PREDICT_MODEL_SESSION_H

#include <stddef.h>

/* Rows that go through the layers at once: enough to be limited by arithmetic
   and not by reading weights; more only costs memory. */
#define MODEL_SESSION_ROWS 256

struct model_predictor;
struct model_session;
struct model_window;

/* For windows of chunks of at most chunk_bytes_max bytes. */
struct model_session *model_session_new(const struct model_predictor *predictor,
    size_t chunk_bytes_max, int n_threads);
void model_session_free(struct model_session *session);

/* Fill in the codes of n windows. */
int model_session_score(struct model_session *session,
    const struct model_window *windows, size_t n);

#endif /* PREDICT_MODEL_SESSION_H */
