/*
 * model_session.h - windows through a model: what the tokens in them cost;
 * private to this folder.
 */
#ifndef PREDICT_MODEL_SESSION_H
#define PREDICT_MODEL_SESSION_H

#include <stddef.h>

struct model_predictor;
struct model_session;
struct model_window;

/* For windows of chunks of at most chunk_bytes_max bytes. */
struct model_session *model_session_new(const struct model_predictor *predictor,
    size_t chunk_bytes_max, int n_threads);
void model_session_free(struct model_session *session);

/* Rows of windows that go through the layers together at most. */
size_t model_session_rows_max(const struct model_session *session);

/* Fill in the codes of n windows. */
int model_session_score(struct model_session *session,
    const struct model_window *windows, size_t n);

#endif /* PREDICT_MODEL_SESSION_H */
