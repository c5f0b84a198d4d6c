/*
 * run_output.c - around the loop: begin or continue an output, finish it, say
 * what came out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/stop.h"
#include "base/units.h"
#include "cmd/attributes.h"
#include "cmd/run_internal.h"
#include "cmd/summary.h"
#include "corpus/corpus.h"
#include "corpus/shard.h"
#include "par/par.h"
#include "results/results.h"
#include "results/results_file.h"

/* Longest host name that is kept. */
#define HOST_BYTES 64

/* Which chunks this rank is to do. */
static void
choose_chunks(struct run *run, const struct run_kind *kind)
{
    struct par *par = run->par;

    run->todo = NULL;
    run->todo_first = 0;
    if (kind->is_sequential) {
        /* Also chunks that are on disk: what follows depends on them. */
        bool is_missing = run->results == NULL ||
                          results_done_count(run->results) < run->n_chunks;
        run->n_todo = par_rank(par) == 0 && is_missing ? run->n_chunks : 0;
    } else if (run->results != NULL) {
        results_todo(run->results, &run->todo, &run->n_todo);
    } else {
        struct shard part =
            shard_of(run->n_chunks, par_rank(par), par_size(par));
        run->todo_first = part.first;
        run->n_todo = part.end - part.first;
    }
}

/* Bytes of the corpus in chunks that are done already: all but the todo. */
static uint64_t
bytes_before(struct run *run, const struct run_kind *kind)
{
    uint64_t bytes = 0;

    for (uint64_t k = 0; k < run->n_todo; k++) {
        uint64_t i = run->todo ? run->todo[k] : run->todo_first + k;
        struct shard chunk = shard_chunk(
            corpus_bytes(run->corpus), run->settings->chunk_bytes, i);
        bytes += chunk.end - chunk.first;
    }
    par_sum_u64(run->par, &bytes, 1);
    return kind->is_sequential ? 0 : corpus_bytes(run->corpus) - bytes;
}

/* Names of the hosts, each once, "a,b". */
static char *
gather_hosts(struct par *par)
{
    char mine[HOST_BYTES] = "";
    size_t n = (size_t)par_size(par);
    char *all = mem_alloc(n, HOST_BYTES);
    char *list = mem_alloc(n, HOST_BYTES + 1);

    gethostname(mine, sizeof(mine) - 1);
    if (par_any_failed(par, all == NULL || list == NULL ? -1 : 0)) {
        mem_free(all);
        mem_free(list);
        return NULL;
    }
    par_all_gather(par, all, mine, HOST_BYTES);
    for (size_t r = 0; r < n; r++) {
        const char *host = all + r * HOST_BYTES;
        bool is_new = true;
        for (size_t s = 0; s < r && is_new; s++) {
            is_new = strcmp(host, all + s * HOST_BYTES) != 0;
        }
        if (is_new) {
            strcat(list, list[0] != '\0' ? "," : "");
            strcat(list, host);
        }
    }
    mem_free(all);
    return list;
}

/* Time by phase: maxima over ranks, of the loop sums. */
static void
describe_phases(struct run *run)
{
    double sums[RUN_PHASE_COUNT], maxima[RUN_PHASE_COUNT];

    memcpy(sums, run->phases.s, sizeof(sums));
    memcpy(maxima, run->phases.s, sizeof(maxima));
    par_sum_f64(run->par, sums, RUN_PHASE_COUNT);
    par_max_f64(run->par, maxima, RUN_PHASE_COUNT);
    for (int p = 0; p < RUN_PHASE_COUNT; p++) {
        bool is_sum = p >= RUN_LOOP_FIRST && p <= RUN_LOOP_LAST;
        attributes_f64(run->attributes, "run",
            run_phase_name((enum run_phase)p), is_sum ? sums[p] : maxima[p]);
    }
}

/* What is known only at the end. */
static int
describe_end(struct run *run, const struct run_totals *totals)
{
    struct attributes *a = run->attributes;
    char now[32];
    char *hosts = gather_hosts(run->par);

    if (hosts == NULL) {
        return -1;
    }
    clock_utc(now, sizeof(now));
    attributes_text(a, "run", "command", options_spec(run->options)->command);
    attributes_text(a, "run", "start", run->started);
    attributes_text(a, "run", "end", now);
    attributes_f64(a, "run", "seconds", clock_now_s() - run->start_s);
    attributes_f64(a, "run", "setup_seconds", run->setup_s);
    attributes_f64(a, "run", "loop_seconds", run->loop_s);
    describe_phases(run);
    attributes_u64(a, "run", "timed_bytes", totals->raw_bytes);
    attributes_u64(a, "run", "timed_tokens", totals->tokens);
    attributes_u64(a, "run", "ranks", (uint64_t)par_size(run->par));
    attributes_u64(a, "run", "threads", (uint64_t)run->n_threads);
    attributes_text(a, "run", "hosts", hosts);
    attributes_u64(a, "run", "chunk_bytes", run->settings->chunk_bytes);
    attributes_u64(a, "run", "n_chunks", run->n_chunks);
    attributes_text(a, "build", "mpi", par_library(run->par));
    attributes_build(a);
    attributes_options(a, run->options);
    mem_free(hosts);
    return attributes_failed(a);
}

/* Sums over all ranks of what this run has scored. */
static void
sum_totals(struct par *par, struct run_totals *t)
{
    uint64_t counts[] = {
        t->chunks, t->raw_bytes, t->tokens, t->coded_bytes, t->lost_bits};
    double sums[] = {t->ideal_bits, t->flops};

    par_sum_u64(par, counts, 5);
    par_sum_f64(par, sums, 2);
    *t = (struct run_totals){.chunks = counts[0],
        .raw_bytes = counts[1],
        .tokens = counts[2],
        .coded_bytes = counts[3],
        .lost_bits = counts[4],
        .ideal_bits = sums[0],
        .flops = sums[1]};
}

/* Print the summary of a finished output. */
static int
print_file(const char *out)
{
    struct results_file *file = results_file_open(out);
    struct summary summary;
    int rc = file == NULL ? -1 : summary_read(&summary, file);

    if (rc == 0) {
        summary_print(&summary);
        printf("results: %s\n", out);
    }
    results_file_close(file);
    return rc;
}

/* Print the summary of a run without output. */
static void
print_totals(struct run *run, const struct run_totals *totals)
{
    struct summary summary = {
        .chunks = totals->chunks,
        .raw_bytes = totals->raw_bytes,
        .tokens = totals->tokens,
        .coded_bytes = totals->coded_bytes,
        .lost_bits = totals->lost_bits,
        .ideal_bits = totals->ideal_bits,
        .flops = totals->flops,
        .complete = true,
    };

    summary_describe(&summary, attributes_list(run->attributes),
        attributes_count(run->attributes));
    summary_print(&summary);
}

/* After a stop: what is done, how to go on. */
static void
tell_stopped(struct run *run, const char *out, uint64_t n_done)
{
    const char *reason = stop_reason();

    if (par_rank(run->par) != 0) {
        return;
    }
    report_note("stopped (%s) with %" PRIu64 " of %" PRIu64 " chunks done%s%s",
        reason[0] != '\0' ? reason : "asked of another rank", n_done,
        run->n_chunks,
        out ? "; run the same command again to go on, with any number of "
              "ranks: "
            : "; nothing is kept without --out",
        out ? out : "");
}

/* For a log: the command line with every effective value. */
static void
print_options(const struct run *run)
{
    const struct options_spec *spec = options_spec(run->options);
    char line[1024] = "";
    size_t bytes = 0;

    for (size_t i = 0; i < spec->n_options && bytes < sizeof(line); i++) {
        const char *text = options_text(run->options, i);
        bool is_flag = spec->table[i].type == OPTION_FLAG;
        if (text[0] == '\0' || (is_flag && strcmp(text, "no") == 0)) {
            continue;
        }
        bytes +=
            (size_t)snprintf(line + bytes, sizeof(line) - bytes, " --%s%s%s",
                spec->table[i].name, is_flag ? "" : " ", is_flag ? "" : text);
    }
    report_note("options:%s", line);
}

/* The loop and what follows it; results are open or not wanted. */
static enum cmd_status
score_and_finish(struct run *run, const struct run_kind *kind, const char *out)
{
    uint64_t before = out ? results_done_count(run->results) : 0;

    if (par_rank(run->par) == 0 && !isatty(STDERR_FILENO)) {
        print_options(run);
    }
    choose_chunks(run, kind);
    progress_start(&run->progress, run->n_chunks, corpus_bytes(run->corpus),
        kind->is_sequential ? 0 : before, bytes_before(run, kind));
    if (before > 0 && par_rank(run->par) == 0) {
        report_note("%s: going on: %" PRIu64 " of %" PRIu64
                    " chunks are done already",
            out, before, run->n_chunks);
    }
    if (run_loop(run, kind) != 0) {
        return CMD_FAILED;
    }
    struct run_totals totals = run->totals;
    sum_totals(run->par, &totals);
    if (before + totals.chunks < run->n_chunks) {
        tell_stopped(run, out, before + totals.chunks);
        return CMD_STOPPED;
    }
    if (par_any_failed(run->par, describe_end(run, &totals))) {
        return CMD_FAILED;
    }
    if (out != NULL &&
        results_finish(run->results, attributes_list(run->attributes),
            attributes_count(run->attributes)) != 0) {
        return CMD_FAILED;
    }
    int rc = 0;
    if (par_rank(run->par) == 0 && out == NULL) {
        print_totals(run, &totals);
    } else if (par_rank(run->par) == 0) {
        rc = print_file(out);
    }
    return par_any_failed(run->par, rc) ? CMD_FAILED : CMD_DONE;
}

enum cmd_status
run_chunks(struct run *run, const struct run_kind *kind, const char *out)
{
    enum cmd_status status = CMD_FAILED;
    enum results_outcome outcome = RESULTS_READY;
    size_t n_attributes = attributes_count(run->attributes);

    run->rc = 0;
    run->is_stopping = false;
    run->totals = (struct run_totals){0};
    run->seen_bytes = run->seen_bits = 0;
    for (int p = RUN_LOOP_FIRST; p < RUN_PHASE_COUNT; p++) {
        run->phases.s[p] = 0; /* set-up was for all outputs */
    }
    if (out != NULL) {
        struct results_options options = {
            .path = out,
            .overwrite = run->settings->overwrite,
            .n_chunks = run->n_chunks,
            .corpus_bytes = corpus_bytes(run->corpus),
            .chunk_bytes = run->settings->chunk_bytes,
            .n_buckets = kind->n_buckets,
            .has_token_bits = kind->has_token_bits,
            .identity = attributes_list(run->identity),
            .n_identity = attributes_count(run->identity),
        };
        outcome = results_open(&run->results, run->par, &options);
    }
    if (outcome == RESULTS_READY) {
        status = score_and_finish(run, kind, out);
    } else if (outcome == RESULTS_COMPLETE) {
        int rc = par_rank(run->par) == 0 ? print_file(out) : 0;
        status = par_any_failed(run->par, rc) ? CMD_FAILED : CMD_DONE;
    }
    results_close(run->results);
    run->results = NULL;
    attributes_truncate(run->attributes, n_attributes);
    return status;
}
