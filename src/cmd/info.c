/*
 * info.c - codelen info: what a file is, in a screen.
 *
 * The kind is found by content: an HDF5 signature, the magic of GGUF or of an
 * archive, a directory with config.json, the name of a tokenizer; anything
 * else is a corpus.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "archive/archive_header.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/info_archive.h"
#include "cmd/single.h"
#include "cmd/summary.h"
#include "cmd/threads.h"
#include "corpus/corpus.h"
#include "math/kernels.h"
#include "model/model.h"
#include "results/results.h"
#include "results/results_file.h"
#include "token/token.h"

static const struct options_spec spec = {
    .command = "info",
    .question = "What is this file: a model, a tokenizer, results, an archive "
                "or a corpus?",
    .operands = "FILE|DIR...",
    .example = "codelen info out/ngram-5.h5",
};

/* Whether the file begins with these bytes. */
static bool
begins_with(const char *path, const char *magic, size_t bytes)
{
    char head[16] = {0};
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return false;
    }
    size_t n = fread(head, 1, bytes, file);
    fclose(file);
    return n == bytes && memcmp(head, magic, bytes) == 0;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool
has_file(const char *directory, const char *name)
{
    char *path = file_join(directory, name);
    bool is_there = path != NULL && file_exists(path);

    mem_free(path);
    return is_there;
}

static int
print_tokenizer(const char *path)
{
    struct tokenizer *tokenizer = tokenizer_open(path);

    if (tokenizer == NULL) {
        return -1;
    }
    printf("tokenizer   %s, vocabulary %" PRIu32 "%s\n",
        tokenizer_kind(tokenizer), tokenizer_vocabulary(tokenizer),
        tokenizer_has_escapes(tokenizer) ? ", some byte values need an escape"
                                         : ", expresses every byte");
    printf("  sha256    %s\n", tokenizer_sha256(tokenizer));
    tokenizer_free(tokenizer);
    return 0;
}

static int
print_model(const char *path, bool has_tokenizer, int n_threads)
{
    char count[32];
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    struct model *model =
        kernels == NULL ? NULL : model_open(path, kernels, n_threads);

    if (model == NULL || model_hash(model) != 0) {
        model_close(model);
        return -1;
    }
    const struct model_info *info = model_info(model);
    units_format_count(count, sizeof(count), (double)info->n_parameters);
    printf("model       %s\n", path);
    printf(
        "  family    %s, weights %s\n", info->architecture, info->weight_type);
    printf(
        "  shape     %zu layers, width %zu, %zu heads of %zu (%zu for keys), "
        "mlp %zu\n",
        info->n_layers, info->width, info->n_heads, info->head_width,
        info->n_kv_heads, info->mlp_width);
    printf("  block     %s\n", info->block);
    printf("  size      %s parameters (%" PRIu64 "), vocabulary %" PRIu32
           ", context %zu\n",
        count, info->n_parameters, info->vocabulary, info->positions_max);
    if (info->start_token >= 0) {
        printf("  start     token %" PRId64 "\n", info->start_token);
    }
    printf("  cost      %.4g MFLOP per token at position 0, %.4g on average "
           "over the context\n",
        1e-6 * model_flops(model, 0, 1),
        1e-6 * model_flops(model, 0, info->positions_max) /
            (double)info->positions_max);
    printf("  sha256    %s\n", info->sha256);
    bool is_bytes = !has_tokenizer && info->vocabulary == 256;
    model_close(model);
    if (is_bytes) {
        printf("tokenizer   bytes\n");
    }
    return has_tokenizer ? print_tokenizer(path) : 0;
}

/* All attributes by group; what runs are compared by stays out. */
static void
print_attributes(const struct attribute *list, size_t n)
{
    const char *group = "";

    for (size_t i = 0; i < n; i++) {
        const struct attribute *a = &list[i];
        if (a->group[0] == '\0' || strcmp(a->group, "identity") == 0 ||
            strcmp(a->name, "defaults") == 0) {
            continue; /* defaults are marked one by one */
        }
        if (strcmp(a->group, group) != 0) {
            group = a->group;
            printf("[%s]\n", group);
        }
        if (a->type == ATTRIBUTE_TEXT) {
            printf("  %-18s %s", a->name, a->text);
        } else if (a->type == ATTRIBUTE_U64) {
            printf("  %-18s %" PRIu64, a->name, a->u64);
        } else {
            printf("  %-18s %.10g", a->name, a->f64);
        }
        printf("%s\n", a->is_default ? " (default)" : "");
    }
}

static int
print_results(const char *path)
{
    struct results_file *file = results_file_open(path);
    struct summary summary;
    size_t n;

    if (file == NULL) {
        return -1;
    }
    int rc = summary_read(&summary, file);
    if (rc == 0) {
        printf("results     %s%s\n", path,
            summary.complete ? "" : " (NOT complete)");
        summary_print(&summary);
        const struct attribute *list = results_file_attributes(file, &n);
        print_attributes(list, n);
    }
    results_file_close(file);
    return rc;
}

static int
print_corpus(const char *path)
{
    struct corpus_identity id;
    char size[32];
    struct corpus_part all = {0};
    bool has_kind = strchr(path, ':') != NULL && !file_exists(path);
    char *name = has_kind ? mem_strdup(path) : mem_printf("text:%s", path);
    struct corpus *corpus = name == NULL ? NULL : corpus_open(name, &all);

    mem_free(name);
    if (corpus == NULL || corpus_identify(corpus, &id, 1) != 0) {
        corpus_close(corpus);
        return -1;
    }
    units_format_bytes(size, sizeof(size), (double)corpus_bytes(corpus));
    printf("corpus      %s\n", path);
    printf("  kind      %s, %s\n", id.kind, id.format);
    printf("  size      %" PRIu64 " bytes (%s)\n", corpus_bytes(corpus), size);
    if (id.n_files > 0) {
        printf("  files     %" PRIu64 " (%" PRIu64 " others skipped), %s\n"
               "  dropped   %" PRIu64 " bytes outside of pieces\n",
            id.n_files, id.n_skipped, id.reading, id.dropped_bytes);
    }
    if (id.sha256[0] != '\0') {
        printf("  stored    %" PRIu64 " bytes\n  sha256    %s\n",
            id.source_bytes, id.sha256);
    }
    corpus_close(corpus);
    return 0;
}

static int
print_info(const char *path, int n_threads)
{
    if (file_is_directory(path)) {
        bool has_tokenizer = tokenizer_is_in(path);
        if (has_file(path, "config.json")) {
            return print_model(path, has_tokenizer, n_threads);
        }
        if (has_tokenizer) {
            return print_tokenizer(path);
        }
        report_error(
            "%s: a directory without config.json or a tokenizer", path);
        return -1;
    }
    if (begins_with(path, "\x89HDF\r\n\x1a\n", 8)) {
        return print_results(path);
    }
    if (begins_with(path, ARCHIVE_MAGIC, ARCHIVE_MAGIC_BYTES)) {
        return info_archive(path);
    }
    if (begins_with(path, "GGUF", 4)) {
        return print_model(path, true, n_threads);
    }
    if (ends_with(path, "tokenizer.json") || ends_with(path, ".tiktoken") ||
        ends_with(path, "tokenizer.model")) {
        return print_tokenizer(path);
    }
    return print_corpus(path);
}

static int
print_all(
    const struct options *options, const void *settings, const struct par *par)
{
    int rc = 0;

    (void)settings;
    for (size_t i = 0; i < options_operand_count(options) && rc == 0; i++) {
        rc = print_info(options_operand(options, i), threads_choose(0, par));
    }
    return rc;
}

enum cmd_status
cmd_info(struct par *par, int argc, char **argv)
{
    return single_run(par, &spec, NULL, argc, argv, print_all);
}
