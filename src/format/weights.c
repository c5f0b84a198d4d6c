/*
 * weights.c
 */
#include "format/weights.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

#include "format/gguf.h"
#include "format/names.h"
#include "format/safetensors.h"

#define PLAIN_NAME "model.safetensors"
#define INDEX_NAME "model.safetensors.index.json"

/* An index has about 100 bytes per tensor. */
#define INDEX_BYTES_MAX 100000000

/* Either gguf or shards; a single safetensors file is one shard. */
struct weights {
    struct gguf *gguf;
    struct safetensors **shards;
    size_t n_shards, n_shards_max;
    const struct tensor **tensors;
    size_t n_tensors;
    struct name *names; /* sorted */
};

static int
alloc_tensors(struct weights *weights, size_t n_max)
{
    weights->tensors = mem_alloc(n_max, sizeof(*weights->tensors));
    weights->names = mem_alloc(n_max, sizeof(*weights->names));
    return weights->tensors == NULL || weights->names == NULL ? -1 : 0;
}

static void
add_tensor(struct weights *weights, const struct tensor *tensor)
{
    size_t i = weights->n_tensors++;

    weights->tensors[i] = tensor;
    weights->names[i] = (struct name){tensor->name, strlen(tensor->name), i};
}

/* Open a shard; path is taken. */
static struct safetensors *
add_shard(struct weights *weights, char *path)
{
    struct safetensors *shard = NULL;

    if (path != NULL &&
        mem_grow((void **)&weights->shards, &weights->n_shards_max,
            weights->n_shards, weights->n_shards + 1,
            sizeof(*weights->shards)) == 0) {
        shard = safetensors_open(path);
    }
    if (shard != NULL) {
        weights->shards[weights->n_shards++] = shard;
    }
    mem_free(path);
    return shard;
}

static int
open_gguf(struct weights *weights, const char *path)
{
    weights->gguf = gguf_open(path);
    if (weights->gguf == NULL ||
        alloc_tensors(weights, gguf_tensor_count(weights->gguf)) != 0) {
        return -1;
    }
    for (size_t i = 0; i < gguf_tensor_count(weights->gguf); i++) {
        add_tensor(weights, gguf_tensor(weights->gguf, i));
    }
    return 0;
}

/* path is taken. */
static int
open_single(struct weights *weights, char *path)
{
    const struct safetensors *file = add_shard(weights, path);

    if (file == NULL || alloc_tensors(weights, safetensors_count(file)) != 0) {
        return -1;
    }
    for (size_t i = 0; i < safetensors_count(file); i++) {
        add_tensor(weights, safetensors_at(file, i));
    }
    return 0;
}

/*
 * The shard of that name, opened when first asked for.  A name that could
 * lead out of the directory is refused: an index is data, not a script.
 */
static struct safetensors *
find_shard(struct weights *weights, const char *directory, const char *index,
    const char *name)
{
    if (name[0] == '.' || name[0] == '\0' || strchr(name, '/') != NULL) {
        report_error(
            "%s: \"%s\" is not the name of a file beside it", index, name);
        return NULL;
    }
    for (size_t i = 0; i < weights->n_shards; i++) {
        const char *path = safetensors_path(weights->shards[i]);
        const char *slash = strrchr(path, '/');
        if (strcmp(slash + 1, name) == 0) {
            return weights->shards[i];
        }
    }
    return add_shard(weights, file_join(directory, name));
}

/* Add the tensors of the index, each from the shard that it names. */
static int
read_index(struct weights *weights, const json_t *root, const char *directory,
    const char *index)
{
    json_t *map = json_object_get(root, "weight_map");
    const char *key;
    json_t *value;

    if (!json_is_object(map)) {
        report_error("%s: no object weight_map", index);
        return -1;
    }
    if (alloc_tensors(weights, json_object_size(map)) != 0) {
        return -1;
    }
    json_object_foreach(map, key, value)
    {
        if (!json_is_string(value)) {
            report_error("%s: %s: no file name", index, key);
            return -1;
        }
        const struct safetensors *shard =
            find_shard(weights, directory, index, json_string_value(value));
        if (shard == NULL) {
            return -1;
        }
        const struct tensor *tensor = safetensors_find(shard, key);
        if (tensor == NULL) {
            report_error("%s: tensor %s: is not there, although %s says so",
                safetensors_path(shard), key, INDEX_NAME);
            return -1;
        }
        add_tensor(weights, tensor);
    }
    return 0;
}

/* index is the path of the index file. */
static int
open_sharded(struct weights *weights, const char *directory, const char *index)
{
    json_error_t error;
    size_t bytes;
    int rc = -1;
    char *text = file_read_text(index, &bytes, INDEX_BYTES_MAX);

    if (text == NULL) {
        return -1;
    }
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        report_error("%s: line %d, column %d: %s", index, error.line,
            error.column, error.text);
    } else {
        rc = read_index(weights, root, directory, index);
    }
    json_decref(root);
    mem_free(text);
    return rc;
}

static int
open_directory(struct weights *weights, const char *path)
{
    int rc = -1;
    char *plain = file_join(path, PLAIN_NAME);
    char *index = file_join(path, INDEX_NAME);

    if (plain != NULL && index != NULL) {
        if (file_exists(plain)) {
            rc = open_single(weights, plain);
            plain = NULL;
        } else if (file_exists(index)) {
            rc = open_sharded(weights, path, index);
        } else {
            report_error("%s: neither %s nor %s is in it; other formats than "
                         "safetensors and GGUF are not read",
                path, PLAIN_NAME, INDEX_NAME);
        }
    }
    mem_free(plain);
    mem_free(index);
    return rc;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);

    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

struct weights *
weights_open(const char *path)
{
    int rc;
    struct weights *weights = mem_alloc(1, sizeof(*weights));

    if (weights == NULL) {
        return NULL;
    }
    if (file_is_directory(path)) {
        rc = open_directory(weights, path);
    } else if (ends_with(path, ".safetensors")) {
        rc = open_single(weights, mem_strdup(path));
    } else {
        rc = open_gguf(weights, path);
    }
    if (rc != 0) {
        weights_close(weights);
        return NULL;
    }
    names_sort(weights->names, weights->n_tensors);
    return weights;
}

void
weights_close(struct weights *weights)
{
    if (weights == NULL) {
        return;
    }
    for (size_t i = 0; i < weights->n_shards; i++) {
        safetensors_close(weights->shards[i]);
    }
    mem_free(weights->shards);
    gguf_close(weights->gguf);
    mem_free(weights->tensors);
    mem_free(weights->names);
    mem_free(weights);
}

void
weights_rest(const struct weights *weights)
{
    for (size_t i = 0; i < weights->n_shards; i++) {
        safetensors_rest(weights->shards[i]);
    }
    if (weights->gguf != NULL) {
        gguf_rest(weights->gguf);
    }
}

size_t
weights_count(const struct weights *weights)
{
    return weights->n_tensors;
}

const struct tensor *
weights_at(const struct weights *weights, size_t i)
{
    return weights->tensors[i];
}

const struct tensor *
weights_find(const struct weights *weights, const char *name)
{
    const struct name *found =
        names_find(weights->names, weights->n_tensors, name, strlen(name));

    return found == NULL ? NULL : weights->tensors[found->index];
}

const struct gguf *
weights_gguf(const struct weights *weights)
{
    return weights->gguf;
}

size_t
weights_file_count(const struct weights *weights)
{
    return weights->gguf != NULL ? 1 : weights->n_shards;
}

const char *
weights_file(const struct weights *weights, size_t i)
{
    return weights->gguf != NULL ? gguf_path(weights->gguf)
                                 : safetensors_path(weights->shards[i]);
}
