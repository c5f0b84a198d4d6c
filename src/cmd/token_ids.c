/*
 * token_ids.c
 */
#include "cmd/token_ids.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"

static int
take_id(struct token_ids *tokens, const char *path, double id)
{
    if (!(id >= 0 && id <= UINT32_MAX)) {
        report_error("%s: item %zu is not a token id", path, tokens->n + 1);
        return -1;
    }
    tokens->ids[tokens->n++] = (uint32_t)id;
    return 0;
}

static int
parse_json(struct token_ids *tokens, const char *path, const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    size_t n = json_array_size(root);
    int rc = -1;

    if (root == NULL) {
        report_error("%s: line %d: %s", path, error.line, error.text);
        return -1;
    }
    tokens->ids = mem_alloc(n, sizeof(uint32_t));
    rc = tokens->ids == NULL ? -1 : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const json_t *item = json_array_get(root, i);
        rc = take_id(tokens, path,
            json_is_integer(item) ? (double)json_integer_value(item) : -1);
    }
    json_decref(root);
    return rc;
}

static int
parse_lines(
    struct token_ids *tokens, const char *path, char *text, size_t bytes)
{
    char *rest = NULL;

    tokens->ids = mem_alloc(bytes / 2 + 1, sizeof(uint32_t));
    if (tokens->ids == NULL) {
        return -1;
    }
    for (char *word = strtok_r(text, " \t\r\n", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        char *end;
        double id = (double)strtoul(word, &end, 10);
        bool is_number = *end == '\0' && word[0] >= '0' && word[0] <= '9';
        if (take_id(tokens, path, is_number ? id : -1) != 0) {
            return -1;
        }
    }
    return 0;
}

int
token_ids_parse(struct token_ids *tokens, const char *path, char *text,
    size_t bytes, uint32_t end)
{
    if (strlen(text) != bytes) {
        report_error("%s: byte %zu is zero: not a list of token ids", path,
            strlen(text));
        return -1;
    }
    bool is_json = text[strspn(text, " \t\r\n")] == '[';
    int rc = is_json ? parse_json(tokens, path, text)
                     : parse_lines(tokens, path, text, bytes);
    for (size_t i = 0; i < tokens->n && rc == 0; i++) {
        if (tokens->ids[i] >= end) {
            report_error("%s: token %" PRIu32 " (item %zu) is outside the "
                         "vocabulary of %" PRIu32,
                path, tokens->ids[i], i + 1, end);
            rc = -1;
        }
    }
    return rc;
}

void
token_ids_release(struct token_ids *tokens)
{
    mem_free(tokens->ids);
    *tokens = (struct token_ids){0};
}
