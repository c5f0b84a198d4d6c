/*
 * token_expression.c
 */
#include "token/token_expression.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/report.h"

/* The White_Space property, and all other characters, as parts of a set. */
#define SPACES "\\t-\\r\\x{85}\\p{Z}"
#define OTHERS                                                                 \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}"                \
    "\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"                  \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"                \
    "\\x{3001}-\\x{10ffff}"

struct reader {
    const char *path, *text;
    size_t bytes, at;
    bool is_in_set;
    FILE *out;
};

static int
refuse(const struct reader *reader, const char *what)
{
    report_error("%s: expression \"%.*s\": %s at %zu is not supported",
        reader->path, (int)(reader->bytes < 200 ? reader->bytes : 200),
        reader->text, what, reader->at);
    return -1;
}

/* Whether the text from here on begins with prefix. */
static bool
begins(const struct reader *reader, const char *prefix)
{
    size_t n = strlen(prefix);

    return reader->bytes - reader->at >= n &&
           memcmp(reader->text + reader->at, prefix, n) == 0;
}

static void
copy(struct reader *reader, size_t n)
{
    fwrite(reader->text + reader->at, 1, n, reader->out);
    reader->at += n;
}

/* Whether PCRE2 knows a script of that name. */
static bool
is_script(const char *name, size_t bytes)
{
    char probe[64];
    int error;
    PCRE2_SIZE where;

    if (bytes < 3 || bytes > 40 || memchr(name, ':', bytes) != NULL) {
        return false;
    }
    snprintf(probe, sizeof(probe), "\\p{sc:%.*s}", (int)bytes, name);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)probe, PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_UCP, &error, &where, NULL);
    pcre2_code_free(code);
    return code != NULL;
}

/* \p{NAME}, \P{NAME}, \x{N}: scripts get the meaning they have elsewhere. */
static void
property(struct reader *reader)
{
    const char *name = reader->text + reader->at + 3;
    size_t left = reader->bytes - reader->at - 3;
    const char *end = memchr(name, '}', left);

    copy(reader, 3);
    if (end == NULL) {
        return;
    }
    bool is_not = left > 0 && name[0] == '^';
    name += is_not;
    if (is_script(name, (size_t)(end - name))) {
        copy(reader, is_not);
        fputs("sc:", reader->out);
    }
    copy(reader, (size_t)(end + 1 - (reader->text + reader->at)));
}

static int
escape(struct reader *reader)
{
    if (begins(reader, "\\s")) {
        fputs(reader->is_in_set ? SPACES : "[" SPACES "]", reader->out);
    } else if (begins(reader, "\\S")) {
        fputs(reader->is_in_set ? OTHERS : "[^" SPACES "]", reader->out);
    } else if (begins(reader, "\\p{") || begins(reader, "\\P{") ||
               begins(reader, "\\x{")) {
        property(reader);
        return 0;
    } else if (begins(reader, "\\w") || begins(reader, "\\W") ||
               begins(reader, "\\b") || begins(reader, "\\B")) {
        return refuse(reader, "a class of word characters");
    } else if (begins(reader, "\\K") || begins(reader, "\\Q") ||
               begins(reader, "\\C") || begins(reader, "\\X")) {
        return refuse(reader, "an escape with another meaning");
    } else {
        copy(reader, reader->bytes - reader->at < 2 ? 1 : 2);
        return 0;
    }
    reader->at += 2;
    return 0;
}

static int
open_set(struct reader *reader)
{
    reader->is_in_set = true;
    copy(reader, begins(reader, "[^") ? 2 : 1);
    if (begins(reader, "]")) {
        return refuse(reader, "an empty set");
    }
    return 0;
}

/* Something inside [...]. */
static int
in_set(struct reader *reader)
{
    if (begins(reader, "[:")) {
        return refuse(reader, "a POSIX class");
    } else if (begins(reader, "[")) {
        return refuse(reader, "a set inside a set");
    } else if (begins(reader, "&&")) {
        return refuse(reader, "an intersection of sets");
    }
    reader->is_in_set = !begins(reader, "]");
    copy(reader, 1);
    return 0;
}

static int
step(struct reader *reader)
{
    if (begins(reader, "\\")) {
        return escape(reader);
    } else if (reader->is_in_set) {
        return in_set(reader);
    } else if (begins(reader, "[")) {
        return open_set(reader);
    } else if (begins(reader, "}+")) {
        return refuse(reader, "an interval that is repeated");
    } else if (begins(reader, "(*") || begins(reader, "(?m")) {
        return refuse(reader, "an option with another meaning");
    }
    copy(reader, 1);
    return 0;
}

char *
token_expression_translate(
    const char *path, const char *expression, size_t bytes)
{
    struct reader reader = {.path = path, .text = expression, .bytes = bytes};
    char *out = NULL;
    size_t out_bytes;
    int rc = 0;

    reader.out = open_memstream(&out, &out_bytes);
    if (reader.out == NULL) {
        report_error("%s: out of memory", path);
        return NULL;
    }
    while (rc == 0 && reader.at < bytes) {
        rc = step(&reader);
    }
    if (fclose(reader.out) != 0 && rc == 0) {
        report_error("%s: out of memory", path);
        rc = -1;
    }
    if (rc != 0) {
        free(out);
        return NULL;
    }
    return out;
}
