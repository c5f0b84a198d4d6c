/*
 * train_output.c - a model as a directory in Hugging Face layout.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/report.h"
#include "cmd/train.h"
#include "format/safetensors_write.h"

/* What a tokenizer's directory may hold besides tokenizer.json. */
static const char *const tokenizer_files[] = {"tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
    "merges.txt", "tokenizer.model"};

int
train_make_directory(const char *path)
{
    if (mkdir(path, 0777) == 0 || file_is_directory(path)) {
        return 0;
    }
    report_error("%s: %s", path,
        errno == EEXIST ? "is there and no directory" : strerror(errno));
    return -1;
}

const float *
train_weights(const struct train *t)
{
    return t->average != NULL ? t->average : t->parameters;
}

enum tensor_type
train_store(const struct train *t)
{
    return strcmp(t->settings->store, "bf16") == 0 ? TENSOR_BF16 : TENSOR_F32;
}

static int
write_weights(const struct train *t, const char *path, enum tensor_type type)
{
    const float *weights = train_weights(t);
    struct safetensors_item *items = mem_alloc(t->n_table, sizeof(*items));
    int rc = -1;

    if (items != NULL) {
        for (size_t i = 0; i < t->n_table; i++) {
            const struct net_parameter *p = &t->table[i];
            items[i] = (struct safetensors_item){
                .name = p->name,
                .data = weights + p->offset,
                .rows = p->is_vector ? 0 : p->rows,
                .columns = p->is_vector ? p->rows : p->columns,
            };
        }
        rc = safetensors_write(path, items, t->n_table, type);
    }
    mem_free(items);
    return rc;
}

static int
copy_file(const char *to, const char *from)
{
    struct file_map map;

    if (file_map_open(&map, from) != 0) {
        return -1;
    }
    int rc = replace_file(to, map.data, map.bytes);
    file_map_close(&map);
    return rc;
}

/* Copy those files of the tokenizer that are there. */
static int
copy_tokenizer(const struct train *t, const char *directory)
{
    const char *name = t->settings->tokenizer;
    size_t n = sizeof(tokenizer_files) / sizeof(tokenizer_files[0]);
    int rc = 0;

    if (strcmp(name, "bytes") == 0) {
        return 0;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        char *from = file_join(name, tokenizer_files[i]);
        char *to = file_join(directory, tokenizer_files[i]);
        rc = from == NULL || to == NULL ? -1 : 0;
        if (rc == 0 && file_exists(from)) {
            rc = copy_file(to, from);
        }
        mem_free(from);
        mem_free(to);
    }
    return rc;
}

int
train_save_model(
    const struct train *t, const char *directory, enum tensor_type type)
{
    char *config = file_join(directory, "config.json");
    char *weights = file_join(directory, "model.safetensors");
    int rc = -1;

    if (config != NULL && weights != NULL &&
        replace_file(config, t->config_text, strlen(t->config_text)) == 0 &&
        copy_tokenizer(t, directory) == 0) {
        rc = write_weights(t, weights, type);
    }
    mem_free(config);
    mem_free(weights);
    return rc;
}
