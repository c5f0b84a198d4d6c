/*
 * run.c - setting up what runs have in common.
 */
#include "cmd/run.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "cmd/attributes.h"
#include "cmd/run_internal.h"
#include "cmd/threads.h"
#include "corpus/corpus.h"
#include "corpus/shard.h"
#include "par/par.h"

/* Describe the corpus; rank 0 reads the whole file for its hash. */
static int
identify(struct run *run)
{
    struct corpus_identity id;
    char sha256[HASH_HEX_BYTES] = "";
    struct par *par = run->par;
    int rc = corpus_identify(run->corpus, &id, par_rank(par) == 0);

    if (rc == 0 && par_rank(par) == 0) {
        memcpy(sha256, id.sha256, strlen(id.sha256) + 1);
    }
    if (par_any_failed(par, rc)) {
        return -1;
    }
    par_broadcast(par, sha256, sizeof(sha256), 0);
    bool is_file = id.source_bytes > 0 || strcmp(id.kind, "text") == 0;
    struct attributes *a = run->attributes;
    attributes_text(a, "input", "corpus", run->settings->corpus);
    attributes_text(a, "input", "kind", id.kind);
    attributes_text(a, "input", "format", id.format);
    attributes_u64(a, "input", "file_bytes", id.source_bytes);
    attributes_text(a, "input", "sha256", sha256);
    attributes_u64(a, "input", "raw_bytes", corpus_bytes(run->corpus));
    if (id.n_files > 0) {
        attributes_text(a, "input", "reading", id.reading);
        attributes_text(a, "input", "decoder", id.decoder);
        attributes_u64(a, "input", "files", id.n_files);
        attributes_u64(a, "input", "files_skipped", id.n_skipped);
        attributes_u64(a, "input", "dropped_bytes", id.dropped_bytes);
    }
    /* A file is known by its content: it may be named in another way. */
    a = run->identity;
    attributes_text(
        a, "input", "corpus", is_file ? id.kind : run->settings->corpus);
    attributes_text(a, "input", "corpus sha256", sha256);
    if (id.n_files > 0) {
        attributes_text(a, "input", "reading", id.reading);
    }
    return 0;
}

/* Options that decide the numbers and are not known by a hash. */
static void
identify_options(struct run *run)
{
    const struct options_spec *spec = options_spec(run->options);

    attributes_text(run->identity, "run", "command", spec->command);
    for (size_t i = 0; i < spec->n_options; i++) {
        const struct option *option = &spec->table[i];
        if (!option->is_outside && strcmp(option->name, "corpus") != 0) {
            attributes_text(run->identity, "options", option->name,
                options_text(run->options, i));
        }
    }
}

struct run *
run_open(enum cmd_status *status, struct par *par, struct options *options,
    void *settings, int argc, char **argv)
{
    struct run *run = mem_alloc(1, sizeof(*run));
    enum options_outcome outcome = OPTIONS_WRONG;

    *status = CMD_FAILED;
    if (run == NULL || options == NULL) {
        goto fail;
    }
    run->par = par;
    run->options = options;
    run->settings = settings;
    run->start_s = clock_now_s();
    clock_utc(run->started, sizeof(run->started));
    outcome = options_parse(options, settings, argc, argv, par_rank(par) == 0);
    if (par_any_failed(par, outcome == OPTIONS_WRONG ? -1 : 0)) {
        *status = CMD_USAGE;
        goto fail;
    }
    if (outcome == OPTIONS_HELP) {
        *status = CMD_DONE;
        goto fail;
    }
    bool is_nameless =
        run->settings->out != NULL && run->settings->out[0] == '\0';
    if (is_nameless) {
        report_error("--out: the name is empty");
    }
    if (par_any_failed(par, is_nameless ? -1 : 0)) {
        *status = CMD_USAGE;
        goto fail;
    }
    stop_on_signals(run->settings->max_hours);
    run->n_threads = threads_choose(run->settings->threads, par);
    run->attributes = attributes_new();
    run->identity = attributes_new();
    struct corpus_part part = {
        .first_byte = run->settings->first_byte,
        .n_bytes = run->settings->n_bytes,
        .patch = run->settings->patch,
        .grey = run->settings->grey,
    };
    double now = clock_now_s();
    run->corpus = corpus_open(run->settings->corpus, &part);
    bool is_short = run->attributes == NULL || run->identity == NULL;
    if (par_any_failed(par, run->corpus == NULL || is_short ? -1 : 0)) {
        goto fail;
    }
    if (identify(run) != 0) {
        goto fail;
    }
    run_phase_add(&run->phases, RUN_SETUP_CORPUS, &now);
    identify_options(run);
    run->n_chunks = shard_chunk_count(
        corpus_bytes(run->corpus), run->settings->chunk_bytes);
    *status = CMD_DONE;
    return run;

fail:
    run_close(run);
    return NULL;
}

void
run_close(struct run *run)
{
    if (run == NULL) {
        return;
    }
    corpus_close(run->corpus);
    attributes_free(run->attributes);
    attributes_free(run->identity);
    mem_free(run);
}

struct par *
run_par(const struct run *run)
{
    return run->par;
}

int
run_threads(const struct run *run)
{
    return run->n_threads;
}

uint64_t
run_chunk_bytes_max(const struct run *run)
{
    if (run->n_chunks == 0) {
        return 0;
    }
    struct shard chunk =
        shard_chunk(corpus_bytes(run->corpus), run->settings->chunk_bytes, 0);
    return chunk.end - chunk.first;
}

struct attributes *
run_attributes(struct run *run)
{
    return run->attributes;
}

struct attributes *
run_identity(struct run *run)
{
    return run->identity;
}

struct run_phases *
run_phases(struct run *run)
{
    return &run->phases;
}
