/*
 * model_json.c
 */
#include "model/model_json.h"

#include <stdlib.h>

#include "base/report.h"

const json_t *
model_json_value(const struct model_json *json, const char *key)
{
    const json_t *value = json_object_get(json->object, key);

    return json_is_null(value) ? NULL : value;
}

bool
model_json_is_null(const struct model_json *json, const char *key)
{
    return json_is_null(json_object_get(json->object, key));
}

int
model_json_refuse(
    const struct model_json *json, const char *key, const char *wanted)
{
    const json_t *value = model_json_value(json, key);

    if (value == NULL) {
        report_error(
            "%s: \"%s\" is missing, expected %s", json->path, key, wanted);
        return -1;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    report_error("%s: \"%s\" is %.40s, expected %s", json->path, key,
        text == NULL ? "?" : text, wanted);
    free(text);
    return -1;
}

int
model_json_size(const struct model_json *json, size_t *out, const char *key)
{
    const json_t *value = model_json_value(json, key);

    if (value == NULL && *out != 0) {
        return 0;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return model_json_refuse(json, key, "a whole number");
    }
    *out = (size_t)json_integer_value(value);
    return 0;
}

int
model_json_real(const struct model_json *json, double *out, const char *key,
    bool is_required)
{
    const json_t *value = model_json_value(json, key);

    if (value == NULL && !is_required) {
        return 0;
    }
    if (!json_is_number(value)) {
        return model_json_refuse(json, key, "a number");
    }
    *out = json_number_value(value);
    return 0;
}

int
model_json_bool(const struct model_json *json, bool *out, const char *key)
{
    const json_t *value = model_json_value(json, key);

    if (value == NULL) {
        return 0;
    }
    if (!json_is_boolean(value)) {
        return model_json_refuse(json, key, "true or false");
    }
    *out = json_is_true(value);
    return 0;
}
