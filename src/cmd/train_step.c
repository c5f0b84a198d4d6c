/*
 * train_step.c
 *
 * Sequences of a batch are shared by the ranks in contiguous parts.  A range
 * of the gradient whose sum over this rank's sequences is final starts its
 * way to the other ranks while the backward pass goes on.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"
#include "base/stop.h"
#include "cmd/train.h"
#include "corpus/shard.h"
#include "learn/optimizer.h"
#include "par/par.h"

/* Numbers that are worth a reduction of their own: 256 KiB. */
#define REDUCE_MIN ((size_t)1 << 16)

/* Seconds of work that can be lost, whatever --checkpoint-every says. */
#define CHECKPOINT_S 600

/* The running mean of the loss covers about 1 / (1 - this) steps. */
#define MEAN_KEPT 0.95

/*
 * A run diverges if the running mean rises so far above its lowest value: no
 * mixture of ordinary batches of text does.
 */
#define DIVERGED_FACTOR 1.5
#define DIVERGED_NATS   0.5

/* A range of the gradient that waits to be sent: [first, end). */
struct range {
    struct train *train;
    size_t first, end;
};

static void
send(struct range *range)
{
    par_sums_start(range->train->sums, range->train->gradients + range->first,
        range->end - range->first);
    range->end = range->first;
}

/* A net_ready: ranges come from the last to the first, without gaps. */
static void
take_range(void *user, size_t first, size_t end)
{
    struct range *range = user;

    (void)end;
    range->first = first;
    if (range->end - range->first >= REDUCE_MIN || first == 0) {
        send(range);
    }
}

double
train_factor(const struct train *t, uint64_t step)
{
    return t->is_branch
               ? schedule_cooldown(&t->schedule, t->state.branch_factor,
                     t->state.branch_step, step)
               : schedule_factor(&t->schedule, step);
}

/* Fill in sequence i of the batch; returns the number of its targets. */
static size_t
fill_sequence(
    struct train *t, uint32_t *tokens, uint32_t *targets, uint64_t i, size_t T)
{
    uint64_t first = sampler_at(&t->sampler, t->state.tokens + i * T, T);
    uint32_t escape = t->has_start ? (uint32_t)t->config.start_token : 0;
    size_t n = 0;

    if (t->has_start) {
        tokens[0] = (uint32_t)t->config.start_token;
        text_read(t->text, tokens + 1, first, T - 1);
        text_read(t->text, targets, first, T);
    } else {
        text_read(t->text, tokens, first, T);
        text_read(t->text, targets, first + 1, T);
    }
    for (size_t j = 0; j < T; j++) {
        tokens[j] = tokens[j] == TEXT_ESCAPE ? escape : tokens[j];
        n += targets[j] != TEXT_ESCAPE;
    }
    return n;
}

/* Where the trouble is: the step and the parts of the text in its batch. */
static void
report_batch(const struct train *t, const char *what, double value, size_t T)
{
    uint64_t n = t->settings->batch / T;

    report_error("step %" PRIu64
                 ": %s is %g nats per token; its batch is %" PRIu64
                 " sequences of %zu tokens, the first from token %" PRIu64
                 " of the text on, the last from token %" PRIu64
                 "; the last checkpoint is kept: lower the rates or clip",
        t->state.step + 1, what, value, n, T,
        sampler_at(&t->sampler, t->state.tokens, T),
        sampler_at(&t->sampler, t->state.tokens + (n - 1) * T, T));
}

/* Whether the loss is one to go on with; moves the running mean. */
static int
check_loss(struct train *t, const struct train_step *step, size_t T)
{
    struct checkpoint_state *state = &t->state;
    double loss = step->nats / step->n_targets;

    if (!isfinite(loss) || !isfinite(step->norm)) {
        report_batch(t,
            isfinite(loss) ? "the norm of the gradient" : "the loss",
            isfinite(loss) ? step->norm : loss, T);
        return -1;
    }
    double kept = state->step == 0 ? 0 : MEAN_KEPT;
    state->mean_loss = kept * state->mean_loss + (1 - kept) * loss;
    if (state->step == 0 || state->mean_loss < state->lowest_loss) {
        state->lowest_loss = state->mean_loss;
    }
    if (state->mean_loss >
        DIVERGED_FACTOR * state->lowest_loss + DIVERGED_NATS) {
        report_batch(
            t, "the loss diverges: its running mean", state->mean_loss, T);
        return -1;
    }
    return 0;
}

/* Nats and gradients of this step's batch, summed over ranks. */
static void
learn(struct train *t, struct train_step *step, size_t T)
{
    uint64_t n_sequences = t->settings->batch / T;
    struct shard mine =
        shard_of(n_sequences, par_rank(t->par), par_size(t->par));
    struct net_batch batch = {
        t->tokens, t->targets, (size_t)(mine.end - mine.first), T};
    struct range range = {t, t->size, t->size};
    size_t n_targets = 0;
    double nats = 0;

    for (uint64_t i = mine.first; i < mine.end; i++) {
        size_t at = (size_t)(i - mine.first) * T;
        n_targets += fill_sequence(t, t->tokens + at, t->targets + at, i, T);
    }
    memset(t->gradients, 0, t->size * sizeof(*t->gradients));
    net_learn(t->net, t->gradients, &nats, t->parameters, &batch,
        1.0f / (float)t->settings->batch, take_range, &range);
    par_sums_wait(t->sums);
    bool is_due =
        par_rank(t->par) == 0 && clock_now_s() - t->checkpoint_s > CHECKPOINT_S;
    double values[] = {
        nats, (double)n_targets, stop_requested(), t->rc != 0, is_due};
    par_sum_f64(t->par, values, 5);
    step->nats = values[0];
    step->n_targets = values[1] > 0 ? values[1] : 1;
    step->is_stopping = values[2] > 0;
    step->is_failing = values[3] > 0;
    step->is_checkpoint_due = values[4] > 0;
    step->flops = net_flops(t->net, n_sequences, T);
}

/* Share the work on the directions of matrices; all ranks get all. */
static void
direct(struct train *t)
{
    size_t first, n;

    optimizer_direct(
        t->optimizer, t->gradients, par_rank(t->par), par_size(t->par));
    for (size_t i = 0; optimizer_range(t->optimizer, &first, &n, i); i++) {
        par_sums_start(t->sums, t->gradients + first, n);
    }
    par_sums_wait(t->sums);
}

int
train_step(struct train *t, struct train_step *step)
{
    double start_s = clock_now_s();
    struct checkpoint_state *state = &t->state;
    size_t T = curriculum_context(&t->curriculum, state->step, t->n_steps);

    learn(t, step, T);
    if (step->is_failing) {
        return par_any_failed(t->par, t->rc) ? -1 : 0;
    }
    step->factor = train_factor(t, state->step);
    step->norm = optimizer_norm(t->optimizer, t->gradients);
    /* All ranks have the same sums, so they fail together. */
    if (check_loss(t, step, T) != 0) {
        return par_any_failed(t->par, -1) ? -1 : 0;
    }
    if (t->settings->clip > 0 && step->norm > t->settings->clip) {
        optimizer_scale(t->optimizer, t->gradients,
            (float)(t->settings->clip / step->norm));
    }
    direct(t);
    optimizer_step(
        t->optimizer, t->parameters, t->gradients, step->factor, state->step);
    state->step++;
    state->tokens += t->settings->batch;
    state->bytes = (uint64_t)((double)state->tokens * t->bytes_per_token);
    if (t->average != NULL) {
        /* A young average forgets the start values faster. */
        double n = (double)state->step;
        double share = fmin(t->settings->ema, n / (n + 10));
        optimizer_average(
            t->optimizer, t->average, t->parameters, (float)share);
    }
    step->seconds = clock_now_s() - start_s;
    state->seconds += step->seconds;
    return 0;
}
