/*
 * archive_predictor.c
 *
 * A model is known by the hashes of its files, its name is for people: the
 * last part of the path that it was opened by.
 */
#include "cmd/archive_predictor.h"

#include <inttypes.h>
#include <string.h>

#include "archive/archive_header.h"
#include "base/mem.h"
#include "base/report.h"
#include "cmd/shared_predictor.h"
#include "math/numerics.h"
#include "model/model_find.h"
#include "par/par.h"
#include "predict/walk.h"

#define MODEL_PREFIX "model:"

/* What predictor_options call a model's path; NULL: it is no model. */
static const char *
model_path(const char *name)
{
    size_t n = strlen(MODEL_PREFIX);

    return strncmp(name, MODEL_PREFIX, n) == 0 ? name + n : NULL;
}

/* The last part of a path. */
static void
set_model_name(char out[ARCHIVE_NAME_BYTES], const char *path)
{
    size_t end = strlen(path), first;
    char *part;

    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    for (first = end; first > 0 && path[first - 1] != '/';) {
        first--;
    }
    part = mem_printf("%.*s", (int)(end - first), path + first);
    archive_header_set_name(out, part == NULL ? "" : part);
    mem_free(part);
}

static int
open_predictor(struct archive_predictor *p, struct par *par,
    const struct predictor_options *options)
{
    int rc = options->kernels == NULL ? -1 : numerics_check(options->kernels);

    if (par_any_failed(par, rc)) {
        return -1;
    }
    p->predictor = shared_predictor_open(&p->memory, par, NULL, options);
    if (p->predictor == NULL) {
        return -1;
    }
    rc = 0;
    if (!predictor_can_walk(p->predictor)) {
        report_error("predictor %s: cannot decode; use a model, ngram:K or "
                     "uniform",
            options->name);
        rc = -1;
    }
    return par_any_failed(par, rc) ? -1 : 0;
}

int
archive_predictor_choose(struct archive_predictor *p,
    struct archive_header *header, struct par *par,
    const struct predictor_options *options)
{
    const char *path = model_path(options->name);

    if (open_predictor(p, par, options) != 0) {
        return -1;
    }
    const struct predictor_info *info = predictor_info(p->predictor);
    header->numerics = MATH_NUMERICS;
    header->math = (uint32_t)kernels_mode(options->kernels);
    archive_header_set_name(
        header->predictor, path == NULL ? options->name : info->kind);
    header->start_token = info->start_token;
    if (path != NULL) {
        header->context = info->context;
        header->stride = info->stride;
        set_model_name(header->name, path);
        strcpy(header->model_sha256, info->model_sha256);
        strcpy(header->tokenizer_sha256, info->tokenizer_sha256);
    }
    /* Only rank 0 has hashes. */
    par_broadcast(par, header, sizeof(*header), 0);
    return 0;
}

/* Where a model of that name may be, if the user does not say. */
static char *
find_model(
    const struct archive_header *header, const struct archive_finding *finding)
{
    const char *name = finding->model != NULL ? finding->model : header->name;

    if (finding->model == NULL && !model_exists(name)) {
        report_error("%s: was made with the model \"%s\" (sha256 %s), which "
                     "is not here; say where it is with --model",
            finding->file, header->name, header->model_sha256);
        return NULL;
    }
    return mem_printf(MODEL_PREFIX "%s", name);
}

/* Whether this program can repeat what made the archive. */
static int
check_numerics(
    const struct archive_header *header, const struct archive_finding *finding)
{
    if (header->numerics != MATH_NUMERICS) {
        report_error("%s: was made with version %" PRIu32
                     " of the numerics; this program computes version %d",
            finding->file, header->numerics, MATH_NUMERICS);
        return -1;
    }
    if (header->math != MATH_EXACT && header->math != MATH_INT8) {
        report_error("%s: was made with unknown mathematics (%" PRIu32 ")",
            finding->file, header->math);
        return -1;
    }
    return 0;
}

/* The kinds that archives are made with; others would open what they name. */
static bool
is_known(const char *predictor)
{
    return strcmp(predictor, ARCHIVE_STORED) == 0 ||
           strcmp(predictor, "model") == 0 ||
           strcmp(predictor, "uniform") == 0 ||
           strncmp(predictor, "ngram:", 6) == 0;
}

static int
check_hash(const struct archive_header *header,
    const struct archive_finding *finding, const char *what, const char *want,
    const char *got)
{
    if (strcmp(want, got) == 0) {
        return 0;
    }
    report_error("%s: was made with the %s of \"%s\", sha256 %s; that of "
                 "\"%s\" has %s",
        finding->file, what, header->name, want[0] != '\0' ? want : "none",
        finding->model != NULL ? finding->model : header->name,
        got[0] != '\0' ? got : "none");
    return -1;
}

/* Rank 0 knows the hashes. */
static int
check_hashes(const struct archive_predictor *p,
    const struct archive_header *header, const struct archive_finding *finding)
{
    const struct predictor_info *info = predictor_info(p->predictor);

    if (check_hash(header, finding, "model", header->model_sha256,
            info->model_sha256) != 0) {
        return -1;
    }
    return check_hash(header, finding, "tokenizer", header->tokenizer_sha256,
        info->tokenizer_sha256);
}

/* Options as they were when the archive was made. */
static int
set_options(struct archive_predictor *p, struct predictor_options *options,
    const struct archive_header *header, const struct archive_finding *finding)
{
    bool is_stored = strcmp(header->predictor, ARCHIVE_STORED) == 0;
    bool is_model = strcmp(header->predictor, "model") == 0;

    if (check_numerics(header, finding) != 0) {
        return -1;
    }
    if (!is_known(header->predictor)) {
        report_error("%s: was made with an unknown predictor, \"%s\"",
            finding->file, header->predictor);
        return -1;
    }
    options->kernels = kernels_find((enum math_mode)header->math,
        strcmp(finding->kernel, "auto") == 0 ? NULL : finding->kernel);
    options->n_threads = finding->n_threads;
    options->name = is_stored ? "uniform" : header->predictor;
    if (finding->model != NULL && !is_model) {
        report_warning("%s: was made with %s, which is no model: --model is "
                       "not needed",
            finding->file,
            is_stored ? "nothing but copies" : header->predictor);
    }
    if (!is_model) {
        return 0;
    }
    /* Steps read all weights for a few tokens: the fewer bytes the better. */
    options->weights =
        finding->weights == MATH_WEIGHTS_AUTO && header->math == MATH_EXACT
            ? MATH_WEIGHTS_STORED
            : finding->weights;
    options->context = header->context;
    options->stride = header->stride;
    p->start = header->start_token < 0
                   ? mem_strdup("none")
                   : mem_printf("%" PRId64, header->start_token);
    p->name = find_model(header, finding);
    options->start = p->start;
    options->name = p->name;
    return p->start == NULL || p->name == NULL ? -1 : 0;
}

int
archive_predictor_find(struct archive_predictor *p,
    const struct archive_header *header, struct par *par,
    const struct archive_finding *finding)
{
    struct predictor_options options = {0};

    if (par_any_failed(par, set_options(p, &options, header, finding)) ||
        open_predictor(p, par, &options) != 0) {
        return -1;
    }
    bool is_model = p->name != NULL;
    int rc =
        par_rank(par) == 0 && is_model ? check_hashes(p, header, finding) : 0;
    return par_any_failed(par, rc) ? -1 : 0;
}

void
archive_predictor_close(struct archive_predictor *p)
{
    predictor_close(p->predictor);
    par_memory_free(p->memory);
    mem_free(p->name);
    mem_free(p->start);
}
