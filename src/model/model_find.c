/*
 * model_find.c
 */
#include "model/model_find.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"

/* Directories that are looked into, and models that a message may name. */
#define PLACES_MAX 5
#define NAMES_MAX  64

struct places {
    char *directory[PLACES_MAX];
    size_t n;
    bool is_short; /* of memory, reported */
};

static void
add_place(struct places *p, char *directory)
{
    p->is_short |= directory == NULL;
    p->directory[p->n] = directory;
    p->n += directory != NULL;
}

/* The directory that the program lies in; "" if the system does not tell. */
static void
program_directory(char *out, size_t out_bytes)
{
    ssize_t n = readlink("/proc/self/exe", out, out_bytes - 1);
    char *slash;

    out[n < 0 ? 0 : n] = '\0';
    slash = strrchr(out, '/');
    *(slash == NULL ? out : slash) = '\0';
}

static void
list_places(struct places *p)
{
    const char *data = getenv("CODELEN_DATA");
    char program[4096];

    if (data != NULL && data[0] != '\0') {
        add_place(p, mem_printf("%s/models", data));
        add_place(p, mem_printf("%s", data));
    }
    program_directory(program, sizeof(program));
    if (program[0] != '\0') {
        add_place(p, mem_printf("%s/../share/codelen/models", program));
        add_place(p, mem_printf("%s/../data/models", program));
    }
    add_place(p, mem_printf("%s", MODEL_CHECKOUT "/data/models"));
}

static void
release_places(struct places *p)
{
    for (size_t i = 0; i < p->n; i++) {
        mem_free(p->directory[i]);
    }
}

/* The folder or file of that name in a directory, or NULL. */
static char *
model_in(const char *directory, const char *name)
{
    char *config = mem_printf("%s/%s/config.json", directory, name);
    char *gguf = mem_printf("%s/%s.gguf", directory, name);
    char *path = NULL;

    if (config != NULL && file_exists(config)) {
        path = mem_printf("%s/%s", directory, name);
    } else if (gguf != NULL && file_exists(gguf)) {
        path = mem_strdup(gguf);
    }
    mem_free(gguf);
    mem_free(config);
    return path;
}

/* Append the models of a directory to names; returns their number. */
static size_t
add_names(char **names, size_t n, const char *directory)
{
    DIR *d = opendir(directory);
    struct dirent *entry;

    while (d != NULL && n < NAMES_MAX && (entry = readdir(d)) != NULL) {
        size_t length = strlen(entry->d_name);
        bool is_gguf =
            length > 5 && strcmp(entry->d_name + length - 5, ".gguf") == 0;
        char *name = mem_printf(
            "%.*s", (int)(is_gguf ? length - 5 : length), entry->d_name);
        char *path = name == NULL || entry->d_name[0] == '.'
                         ? NULL
                         : model_in(directory, name);

        if (path != NULL) {
            names[n++] = name;
        } else {
            mem_free(name);
        }
        mem_free(path);
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

static void
report_missing(const char *name, const struct places *places)
{
    char *names[NAMES_MAX];
    const char *nearest;
    size_t n = 0;

    for (size_t i = 0; i < places->n; i++) {
        n = add_names(names, n, places->directory[i]);
    }
    nearest = options_nearest(name, (const char *const *)names, n);
    if (nearest != NULL) {
        report_error("no model \"%s\"; did you mean \"%s\"?", name, nearest);
    } else {
        report_error("no model \"%s\": want a directory with config.json, a "
                     ".gguf file, or the name of a model in data/models or "
                     "$CODELEN_DATA/models",
            name);
    }
    while (n > 0) {
        mem_free(names[--n]);
    }
}

/* The path of a model, or NULL. */
static char *
find(const struct places *places, const char *name)
{
    char *path = NULL;

    if (file_exists(name) || file_is_directory(name)) {
        return mem_strdup(name);
    }
    for (size_t i = 0; path == NULL && i < places->n; i++) {
        path = model_in(places->directory[i], name);
    }
    return path;
}

char *
model_find(const char *name)
{
    struct places places = {.n = 0};
    char *path;

    if (strchr(name, '/') != NULL) {
        return mem_strdup(name);
    }
    list_places(&places);
    path = places.is_short ? NULL : find(&places, name);
    if (path == NULL && !places.is_short) {
        report_missing(name, &places);
    }
    release_places(&places);
    return path;
}

bool
model_exists(const char *name)
{
    struct places places = {.n = 0};
    char *path;

    list_places(&places);
    path = find(&places, name);
    release_places(&places);
    mem_free(path);
    return path != NULL;
}
