/*
 * run.c
 *
 * The loop has no barrier between chunks: each thread takes the next chunk,
 * works, appends the row.  Only the first thread talks to other ranks.
 */
#include "cmd/run.h"

#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "cmd/attributes.h"
#include "cmd/progress.h"
#include "cmd/run_internal.h"
#include "cmd/threads.h"
#include "corpus/corpus.h"
#include "corpus/shard.h"
#include "par/par.h"
#include "results/results.h"

/* Seconds between two looks at other ranks. */
#define LOOK_S 0.1

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
    /* A file is known by its content: it may be named in another way. */
    a = run->identity;
    attributes_text(
        a, "input", "corpus", is_file ? id.kind : run->settings->corpus);
    attributes_text(a, "input", "corpus sha256", sha256);
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
        run->settings->first_byte, run->settings->n_bytes};
    run->corpus = corpus_open(run->settings->corpus, &part);
    bool is_short = run->attributes == NULL || run->identity == NULL;
    if (par_any_failed(par, run->corpus == NULL || is_short ? -1 : 0)) {
        goto fail;
    }
    if (identify(run) != 0) {
        goto fail;
    }
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

/* Tell other ranks how far this one is, and hear whether to stop. */
static void
look_around(struct run *run)
{
    double now = clock_now_s();
    double sums[PAR_BOARD_VALUES], values[PAR_BOARD_VALUES] = {0};

    if (now - run->looked_s < LOOK_S) {
        return;
    }
    run->looked_s = now;
#pragma omp critical(run_row)
    {
        values[0] = (double)run->totals.chunks;
        values[1] = run->seen_bytes;
        values[2] = run->seen_bits;
    }
    par_board_post(run->board, values);
    if (stop_requested() || run->rc != 0) {
        par_board_raise(run->board);
    }
    if (par_board_is_raised(run->board)) {
        run->is_stopping = true;
    }
    if (par_rank(run->par) == 0) {
        par_board_sums(run->board, sums);
        struct progress_state state = {sums[0], sums[1], sums[2]};
        progress_show(&run->progress, &state);
    }
}

void
run_tick(struct run *run, uint64_t bytes, double bits)
{
#pragma omp critical(run_row)
    {
        run->seen_bytes += (double)bytes;
        run->seen_bits += bits;
    }
    if (omp_get_thread_num() == 0) {
        look_around(run);
    }
}

/* The next chunk of this rank, or false. */
static bool
next_chunk(struct run *run, struct result_row *row, const uint8_t **chunk,
    uint8_t *scratch)
{
    bool is_there = false;

#pragma omp critical(run_next)
    if (!run->is_stopping && run->rc == 0 && run->next < run->n_todo) {
        uint64_t i = run->todo ? run->todo[run->next] : run->next;
        i += run->todo ? 0 : run->todo_first;
        run->next++;
        struct shard range = shard_chunk(
            corpus_bytes(run->corpus), run->settings->chunk_bytes, i);
        *row = (struct result_row){
            .index = i,
            .offset = run->settings->first_byte + range.first,
            .raw_bytes = range.end - range.first,
        };
        *chunk = corpus_check(run->corpus) != 0
                     ? NULL
                     : corpus_view(run->corpus, range.first,
                           (size_t)row->raw_bytes, scratch);
        is_there = *chunk != NULL;
        if (!is_there) {
            run->rc = -1;
        }
    }
    return is_there;
}

/* Add a finished row to the output and the sums. */
static void
take_row(struct run *run, const struct result_row *row)
{
#pragma omp critical(run_row)
    {
        bool is_new =
            run->results == NULL || !results_has(run->results, row->index);
        if (is_new && run->results != NULL &&
            results_append(run->results, row) != 0) {
            run->rc = -1;
        } else if (is_new) {
            run->totals.chunks++;
            run->totals.raw_bytes += row->raw_bytes;
            run->totals.tokens += row->tokens;
            run->totals.coded_bytes += row->coded_bytes;
            run->totals.ideal_bits += row->ideal_bits;
            run->totals.flops += row->flops;
        }
    }
}

/* One thread: a worker takes chunks until there are no more. */
static void
work_through(struct run *run, const struct run_kind *kind, int n_inner)
{
    size_t chunk_bytes_max = (size_t)run_chunk_bytes_max(run);
    uint8_t *scratch = mem_map(chunk_bytes_max);
    void *worker = kind->worker_new(kind->user, run, chunk_bytes_max, n_inner);
    struct result_row row;
    const uint8_t *chunk;

    if (scratch == NULL || worker == NULL) {
        run->rc = -1;
    }
    while (run->rc == 0 && next_chunk(run, &row, &chunk, scratch)) {
        double start_s = clock_now_s();
        if (kind->work(worker, &row, chunk, (size_t)row.raw_bytes) != 0 ||
            corpus_check(run->corpus) != 0) {
            run->rc = -1;
            break;
        }
        row.seconds = clock_now_s() - start_s;
        take_row(run, &row);
        if (omp_get_thread_num() == 0) {
            look_around(run);
        }
    }
    if (worker != NULL) {
        kind->worker_free(worker);
    }
    mem_unmap(scratch, chunk_bytes_max);
}

/* Rank 0 shows progress until the other ranks have come to the end. */
static void
await_others(struct run *run)
{
    while (par_rank(run->par) == 0 && !par_board_all_settling(run->board)) {
        look_around(run);
        clock_sleep_s(LOOK_S / 4);
    }
    par_board_settle(run->board);
}

int
run_loop(struct run *run, const struct run_kind *kind)
{
    int n_workers =
        run->n_todo >= (uint64_t)run->n_threads && !kind->is_sequential
            ? run->n_threads
            : 1;
    int n_inner = run->n_threads / n_workers;

    run->board = par_board_open(run->par);
    if (run->board == NULL) {
        return -1;
    }
    double loop_s = clock_now_s();
    run->setup_s = loop_s - run->start_s;
    if (run->n_todo > 0) {
#pragma omp parallel num_threads(n_workers)
        work_through(run, kind, n_inner);
    }
    if (run->rc != 0) {
        par_board_raise(run->board);
    }
    await_others(run);
    run->is_stopping = par_board_is_raised(run->board);
    progress_end(&run->progress);
    run->loop_s = clock_now_s() - loop_s;
    par_max_f64(run->par, &run->loop_s, 1);
    par_max_f64(run->par, &run->setup_s, 1);
    par_board_close(run->board);
    return par_any_failed(run->par, run->rc) ? -1 : 0;
}
