/*
 * sweep_name.c
 */
#include "study/sweep_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"

/* Longest name of an option. */
#define KEY_MAX 63

/* value as a part of a file name; freed with mem_free(). */
static char *
tame(const char *value)
{
    const char *slash = strrchr(value, '/');
    char *text = mem_strdup(slash != NULL ? slash + 1 : value);

    for (char *p = text; p != NULL && *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && strchr("._+-", *p) == NULL) {
            *p = '-';
        }
    }
    return text;
}

/* *name with text behind it; *name is freed. */
static int
append(char **name, const char *text, size_t bytes)
{
    char *longer = mem_printf("%s%.*s", *name, (int)bytes, text);

    mem_free(*name);
    *name = longer;
    return longer == NULL ? -1 : 0;
}

/* Append the value of the key at *pattern, which moves behind the brace. */
static int
append_value(char **name, const char **pattern, const char *where,
    sweep_look *look, void *user)
{
    char key[KEY_MAX + 1];
    size_t bytes = strcspn(*pattern, "{}");

    if ((*pattern)[bytes] != '}' || bytes > KEY_MAX) {
        report_error("%s{%s: want {OPTION}", where, *pattern);
        return -1;
    }
    snprintf(key, sizeof(key), "%.*s", (int)bytes, *pattern);
    const char *value = look(user, key);
    char *tamed = value == NULL ? NULL : tame(value);
    int rc = tamed == NULL ? -1 : append(name, tamed, strlen(tamed));
    mem_free(tamed);
    *pattern += bytes + 1;
    return rc;
}

char *
sweep_name(const char *pattern, const char *where, sweep_look *look, void *user)
{
    char *name = mem_strdup("");
    int rc = name == NULL ? -1 : 0;

    while (rc == 0 && *pattern != '\0') {
        size_t bytes = strcspn(pattern, "{}");
        rc = append(&name, pattern, bytes);
        pattern += bytes;
        if (rc == 0 && *pattern == '}') {
            report_error("%s%s: a } without {", where, pattern);
            rc = -1;
        } else if (rc == 0 && *pattern == '{') {
            pattern++;
            rc = append_value(&name, &pattern, where, look, user);
        }
    }
    if (rc != 0) {
        mem_free(name);
        return NULL;
    }
    return name;
}
