/*
 * run_loop.c
 *
 * Threads take parts of chunks until there are none (run_queue.h); there is
 * no barrier between chunks.  Only the first thread talks to other ranks.
 */
#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "cmd/progress.h"
#include "cmd/run_internal.h"
#include "cmd/run_queue.h"
#include "par/par.h"
#include "results/results.h"

void
run_look_around(struct run *run)
{
    double now = clock_now_s();
    double sums[PAR_BOARD_VALUES], values[PAR_BOARD_VALUES] = {0};

    if (omp_get_thread_num() != 0 || now - run->looked_s < 1e-9 * RUN_LOOK_NS) {
        return;
    }
    run->looked_s = now;
#pragma omp critical(run_seen)
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
#pragma omp critical(run_seen)
    {
        run->seen_bytes += (double)bytes;
        run->seen_bits += bits;
    }
    run_look_around(run);
}

int
run_take_row(struct run *run, const struct result_row *row)
{
    bool is_new =
        run->results == NULL || !results_has(run->results, row->index);
    int rc = 0;

    if (is_new && run->results != NULL) {
#pragma omp critical(run_journal)
        rc = results_append(run->results, row);
    }
    if (is_new && rc == 0) {
#pragma omp critical(run_seen)
        {
            run->totals.chunks++;
            run->totals.raw_bytes += row->raw_bytes;
            run->totals.tokens += row->tokens;
            run->totals.coded_bytes += row->coded_bytes;
            run->totals.lost_bits += row->lost_bits;
            run->totals.ideal_bits += row->ideal_bits;
            run->totals.flops += row->flops;
        }
    }
    return rc;
}

/* One worker, with n_inner threads, until there is nothing for it. */
static void
work_through(struct run *run, const struct run_kind *kind,
    struct run_queue *queue, int n_inner, bool may_hold)
{
    struct run_phases phases = {0};
    struct run_batch batch;
    void *worker = NULL;

    while (run_queue_take(queue, &batch, may_hold, &phases)) {
        double start_s = clock_now_s(), now = start_s;
        if (worker == NULL) {
            worker = kind->worker_new(
                kind->user, (size_t)run_chunk_bytes_max(run), n_inner);
        }
        if (worker == NULL || kind->score(worker, batch.parts, batch.n) != 0) {
            run->rc = -1;
            break;
        }
        run_phase_add(&phases, RUN_MODEL, &now);
        batch.seconds = now - start_s;
        run_queue_bring(queue, &batch, &phases);
        run_look_around(run);
    }
    kind->worker_free(worker);
#pragma omp critical(run_seen)
    run_phases_add_loop(&run->phases, &phases, n_inner);
}

/* All chunks of this rank: threads for parts, then all for what was held. */
static void
work_all(struct run *run, const struct run_kind *kind)
{
    const char *parallel = run->settings->parallel;
    bool is_products = strcmp(parallel, "products") == 0;
    int n_workers = is_products || kind->is_sequential ? 1 : run->n_threads;
    bool may_hold = n_workers > 1 && strcmp(parallel, "auto") == 0 &&
                    kind->grain.flops >= RUN_PRODUCT_FLOPS;
    struct run_queue *queue = run_queue_new(run, kind, n_workers);

    if (queue == NULL) {
        run->rc = -1;
        return;
    }
    if (n_workers > 1) {
#pragma omp parallel num_threads(n_workers)
        work_through(run, kind, queue, 1, may_hold);
    }
    if (n_workers == 1 || run_queue_held(queue)) {
        bool has_inner = kind->grain.flops > 0;
        work_through(run, kind, queue, has_inner ? run->n_threads : 1, false);
    }
    run_queue_free(queue);
}

/* Rank 0 shows progress until the other ranks have come to the end. */
static void
await_others(struct run *run)
{
    while (par_rank(run->par) == 0 && !par_board_all_settling(run->board)) {
        run_look_around(run);
        clock_sleep_s(1e-9 * RUN_LOOK_NS / 4);
    }
    par_board_settle(run->board);
}

/* What the threads did not spend otherwise, they waited. */
static void
fill_up_waiting(struct run *run)
{
    double *s = run->phases.s;

    s[RUN_WAIT] = run->loop_s * run->n_threads;
    for (int p = RUN_LOOP_FIRST; p < RUN_WAIT; p++) {
        s[RUN_WAIT] -= s[p];
    }
}

int
run_loop(struct run *run, const struct run_kind *kind)
{
    run->board = par_board_open(run->par);
    if (run->board == NULL) {
        return -1;
    }
    double loop_s = clock_now_s();
    run->setup_s = loop_s - run->start_s;
    if (run->n_todo > 0) {
        work_all(run, kind);
    }
    if (run->rc != 0) {
        par_board_raise(run->board);
    }
    await_others(run);
    run->is_stopping = par_board_is_raised(run->board);
    progress_end(&run->progress);
    run->loop_s = clock_now_s() - loop_s;
    fill_up_waiting(run);
    par_max_f64(run->par, &run->loop_s, 1);
    par_max_f64(run->par, &run->setup_s, 1);
    par_board_close(run->board);
    return par_any_failed(run->par, run->rc) ? -1 : 0;
}
