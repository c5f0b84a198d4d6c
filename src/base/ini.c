/*
 * ini.c
 *
 * Our own reader, because libinih of Debian cuts lines at 199 characters, goes
 * on with the rest as if it were a line, and does not tell line numbers.
 */
#include "base/ini.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

/* text without blanks at both ends, in place. */
static char *
trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t bytes = strlen(text);
    while (bytes > 0 && isspace((unsigned char)text[bytes - 1])) {
        bytes--;
    }
    text[bytes] = '\0';
    return text;
}

/* End text before a comment. */
static void
cut_comment(char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool is_mark = text[i] == '#' || text[i] == ';';
        if (is_mark && (i == 0 || isspace((unsigned char)text[i - 1]))) {
            text[i] = '\0';
            return;
        }
    }
}

/* One line, which is changed; *section may become its name. */
static int
take_line(char *text, const char *path, struct ini_line *line, ini_take *take,
    void *user)
{
    cut_comment(text);
    text = trim(text);
    size_t bytes = strlen(text);
    char *equals = strchr(text, '=');

    if (bytes == 0) {
        return 0;
    }
    if (text[0] == '[' && text[bytes - 1] == ']') {
        text[bytes - 1] = '\0';
        line->section = trim(text + 1);
        return 0;
    }
    if (equals == NULL || equals == text) {
        report_error(
            "%s: line %u: not of the form key = value", path, line->number);
        return -1;
    }
    *equals = '\0';
    line->key = trim(text);
    line->value = trim(equals + 1);
    return take(user, line);
}

int
ini_read(const char *path, ini_take *take, void *user)
{
    struct ini_line line = {.section = ""};
    size_t bytes;

    if (!file_exists(path) || file_is_directory(path)) {
        report_error("%s: %s", path,
            file_exists(path) ? "is a directory, a file is needed"
                              : "no such file");
        return -1;
    }
    char *text = file_read_text(path, &bytes, INI_BYTES_MAX), *next = text;
    int rc = text == NULL ? -1 : 0;

    if (rc == 0 && strlen(text) != bytes) {
        report_error("%s: is not text: it has a zero byte", path);
        rc = -1;
    }
    while (rc == 0 && next != NULL) {
        char *start = next;
        next = strchr(start, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        line.number++;
        rc = take_line(start, path, &line, take, user);
    }
    mem_free(text);
    return rc;
}
