/*
 * model_json.h - values of a config.json, with messages that name the key.
 */
#ifndef MODEL_MODEL_JSON_H
#define MODEL_MODEL_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* An object of the file and the name of the file, for messages. */
struct model_json {
    const json_t *object;
    const char *path;
};

/* The value of a key, NULL if it is missing or null. */
const json_t *model_json_value(const struct model_json *json, const char *key);

/* Is the key there, and null? */
bool model_json_is_null(const struct model_json *json, const char *key);

/* Report that the value of a key is not what is wanted; returns -1. */
int model_json_refuse(
    const struct model_json *json, const char *key, const char *wanted);

/* Leaves *out alone if the key is missing; a size of 0 then means required. */
int model_json_size(
    const struct model_json *json, size_t *out, const char *key);

/* Leaves *out alone if the key is missing; NaN-free: JSON has no NaN. */
int model_json_real(const struct model_json *json, double *out, const char *key,
    bool is_required);
int model_json_bool(const struct model_json *json, bool *out, const char *key);

#endif /* MODEL_MODEL_JSON_H */
