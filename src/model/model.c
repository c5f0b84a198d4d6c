/*
 * model.c
 */
#include "model/model.h"

#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "format/weights.h"
#include "model/model_matrix.h"
#include "model/model_parts.h"

static int
read_config(struct model *model, const char *path)
{
    if (weights_gguf(model->weights) != NULL) {
        return model_config_gguf(&model->config, model->weights);
    }
    char *name = file_join(path, "config.json");
    int rc = name == NULL ? -1 : model_config_json(&model->config, name);
    mem_free(name);
    return rc;
}

static void
describe(struct model *model, const char *path)
{
    struct model_config *c = &model->config;

    if (c->start_token >= (int64_t)c->vocabulary) {
        report_warning("%s: bos_token_id %lld is not in the vocabulary of %zu "
                       "and is not used",
            path, (long long)c->start_token, c->vocabulary);
        c->start_token = -1;
    }
    model_config_describe(c, model->block, sizeof(model->block));
    model->info = (struct model_info){
        .architecture = c->architecture,
        .block = model->block,
        .weight_type = model->weight_type,
        .n_layers = c->n_layers,
        .width = c->width,
        .n_heads = c->n_heads,
        .n_kv_heads = c->n_kv_heads,
        .head_width = c->head_width,
        .mlp_width = c->mlp_width,
        .vocabulary = (uint32_t)c->vocabulary,
        .positions_max = c->positions_max,
        .start_token = c->start_token,
        .sha256 = model->sha256,
    };
}

struct model *
model_plan(const char *path, const struct kernels *kernels)
{
    return model_plan_as(path, kernels, MATH_WEIGHTS_AUTO);
}

struct model *
model_plan_as(
    const char *path, const struct kernels *kernels, enum math_weights weights)
{
    struct model *model = mem_alloc(1, sizeof(*model));

    if (model == NULL) {
        return NULL;
    }
    model->kernels = kernels;
    model->path = mem_strdup(path);
    model->weights = weights_open(path);
    if (model->path == NULL || model->weights == NULL ||
        read_config(model, path) != 0) {
        goto fail;
    }
    model->packing = weights == MATH_WEIGHTS_AUTO
                         ? model_matrix_packing(model->weights)
                         : weights;
    describe(model, path);
    if (model_load_plan(model, path) != 0) {
        goto fail;
    }
    return model;
fail:
    model_close(model);
    return NULL;
}

size_t
model_place_bytes(const struct model *model)
{
    return model_matrices_bytes(model->matrices, model->n_matrices);
}

int
model_fill(struct model *model, const struct model_place *place, int n_threads)
{
    int rc = model_matrices_pack(model->matrices, model->n_matrices, place,
        n_threads < 1 ? 1 : n_threads, model->path);

    weights_rest(model->weights);
    return rc;
}

struct model *
model_open(const char *path, const struct kernels *kernels, int n_threads)
{
    return model_open_as(path, kernels, MATH_WEIGHTS_AUTO, n_threads);
}

struct model *
model_open_as(const char *path, const struct kernels *kernels,
    enum math_weights weights, int n_threads)
{
    struct model *model = model_plan_as(path, kernels, weights);

    if (model == NULL) {
        return NULL;
    }
    struct model_place place = {.n_parts = 1};
    place.memory = model->own = mem_map(model_place_bytes(model));
    if (place.memory == NULL || model_fill(model, &place, n_threads) != 0) {
        model_close(model);
        return NULL;
    }
    return model;
}

void
model_close(struct model *model)
{
    if (model == NULL) {
        return;
    }
    if (model->own != NULL) {
        mem_unmap(model->own, model_place_bytes(model));
    }
    model_unload(model);
    weights_close(model->weights);
    mem_free(model->path);
    mem_free(model);
}

const struct model_info *
model_info(const struct model *model)
{
    return &model->info;
}

/* Add the bytes of a whole file. */
static int
hash_add_file(struct hash_sha256 *hash, const char *path)
{
    struct file_map map;

    if (file_map_open(&map, path) != 0) {
        return -1;
    }
    hash_sha256_add_map(hash, &map);
    file_map_close(&map);
    return 0;
}

int
model_hash(struct model *model)
{
    struct hash_sha256 *hash = hash_sha256_new();
    int rc = hash == NULL ? -1 : 0;

    for (size_t i = 0; i < weights_file_count(model->weights) && rc == 0; i++) {
        rc = hash_add_file(hash, weights_file(model->weights, i));
    }
    /* A GGUF file holds its configuration; a directory has it beside. */
    if (rc == 0 && weights_gguf(model->weights) == NULL) {
        char *config = file_join(model->path, "config.json");
        rc = config == NULL ? -1 : hash_add_file(hash, config);
        mem_free(config);
    }
    if (rc == 0) {
        hash_sha256_finish(hash, model->sha256);
    }
    hash_sha256_free(hash);
    return rc;
}

/* Keys that queries at positions [0, end) see: p + 1 each, or the window. */
static double
pairs_seen(size_t window, size_t end)
{
    size_t n_growing = window > 0 && window < end ? window : end;

    return (double)n_growing * ((double)n_growing + 1) / 2 +
           (double)(end - n_growing) * (double)window;
}

double
model_flops(const struct model *model, size_t first, size_t end)
{
    const struct model_config *c = &model->config;
    double n = (double)(end - first), n_pairs = 0;

    for (size_t l = 0; l < c->n_layers; l++) {
        n_pairs += pairs_seen(model->layers[l].window, end) -
                   pairs_seen(model->layers[l].window, first);
    }
    return 2 * n * (double)model->info.n_matrix_parameters +
           4 * n_pairs * (double)(c->n_heads * c->head_width);
}
