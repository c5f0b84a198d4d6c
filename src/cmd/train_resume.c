/*
 * train_resume.c - beginning and going on: checkpoints and the ranks.
 *
 * Rank 0 reads and writes files; the others hear from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "cmd/train.h"
#include "cmd/train_log.h"
#include "learn/optimizer.h"
#include "par/par.h"

/* How a run begins. */
enum start {
    START_NEW,
    START_RESUMED, /* from its own checkpoint */
    START_BRANCH,  /* from another run's */
};

/* The vectors of a run, in the order of a checkpoint; returns their number. */
static size_t
list_vectors(struct train *t, float *vectors[CHECKPOINT_VECTORS_MAX])
{
    size_t n = 0;

    vectors[n++] = t->parameters;
    for (int i = 0; i < OPTIMIZER_MOMENTS; i++) {
        vectors[n++] = optimizer_moment(t->optimizer, i);
    }
    if (t->average != NULL) {
        vectors[n++] = t->average;
    }
    return n;
}

/* Keep other runs out of the directory while this one lives. */
static int
lock_directory(struct train *t)
{
    char *path = file_join(t->settings->out, ".lock");

    if (path == NULL) {
        return -1;
    }
    t->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int rc = t->lock < 0 ? -1 : flock(t->lock, LOCK_EX | LOCK_NB);
    if (rc != 0) {
        report_error("%s: %s", path,
            errno == EWOULDBLOCK ? "another run writes here" : strerror(errno));
    }
    mem_free(path);
    return rc;
}

/* A model that no run here made is not written over. */
static int
check_empty(const struct train *t)
{
    char *model = file_join(t->settings->out, "model.safetensors");
    char *log = file_join(t->settings->out, "train.jsonl");
    int rc = model == NULL || log == NULL ? -1 : 0;

    if (rc == 0 && file_exists(model) && !file_exists(log)) {
        report_error("%s: holds a model, but nothing to go on from; "
                     "--overwrite replaces it",
            t->settings->out);
        rc = -1;
    }
    mem_free(model);
    mem_free(log);
    return rc;
}

/* Name the first option that differs from those of the checkpoint. */
static int
check_same(const struct train *t, const struct checkpoint *c)
{
    char what[1024];

    if (attribute_all_equal(what, sizeof(what), &t->identity, &c->identity)) {
        return 0;
    }
    report_error("%s: is a run with another %s; --overwrite begins anew",
        t->settings->out, what);
    return -1;
}

/* A cooldown may change the course, not the model. */
static int
check_branch(const struct train *t, const struct checkpoint *c)
{
    static const char *const names[][2] = {{"input", "config"},
        {"input", "tokenizer sha256"}, {"option", "optimizer"},
        {"option", "batch"}};
    struct attribute_list want = {0}, have = {0};
    char what[1024];
    int rc = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct attribute *a = attribute_find(
            t->identity.items, t->identity.n, names[i][0], names[i][1]);
        const struct attribute *b = attribute_find(
            c->identity.items, c->identity.n, names[i][0], names[i][1]);
        rc |= a == NULL ? 0 : attribute_list_add(&want, a);
        rc |= b == NULL ? 0 : attribute_list_add(&have, b);
    }
    if (rc == 0 && !attribute_all_equal(what, sizeof(what), &want, &have)) {
        report_error("--cooldown-from %s: has another %s",
            t->settings->cooldown_from, what);
        rc = -1;
    }
    if (rc == 0 && c->state.step >= t->n_steps) {
        report_error("--cooldown-from %s: is at step %" PRIu64
                     " already, the run ends at %" PRIu64,
            t->settings->cooldown_from, c->state.step, t->n_steps);
        rc = -1;
    }
    attribute_list_release(&want);
    attribute_list_release(&have);
    return rc;
}

/* The checkpoint of --cooldown-from: a file, or in a directory. */
static int
read_branch(struct train *t, struct checkpoint *c)
{
    const char *name = t->settings->cooldown_from;
    char reason[CHECKPOINT_REASON_BYTES];
    size_t n_damaged;

    if (file_is_directory(name)) {
        int found = checkpoint_last(c, &n_damaged, name);
        if (found == 0) {
            report_error("--cooldown-from %s: no sound checkpoint there", name);
        }
        return found == 1 ? 0 : -1;
    }
    if (checkpoint_read(c, name, reason) != 0) {
        report_error("--cooldown-from %s: %s", name, reason);
        return -1;
    }
    return 0;
}

/*
 * Whether there is a run to go on with: 1, 0 or -1.  With --overwrite only one
 * of the same options that is not complete: so the same command goes on with
 * what it had begun.
 */
static int
find_run(struct train *t, struct checkpoint *c)
{
    const char *out = t->settings->out;
    char what[1024];
    size_t n_damaged;
    int found = checkpoint_last(c, &n_damaged, out);

    if (found == 1 && t->settings->overwrite &&
        (c->state.is_complete || !attribute_all_equal(what, sizeof(what),
                                     &t->identity, &c->identity))) {
        checkpoint_release(c);
        found = 0;
    }
    if (found == 0 && t->settings->overwrite) {
        return checkpoint_clear(out);
    }
    if (found == 0 && n_damaged > 0) {
        report_error("%s: all checkpoints are damaged; --overwrite begins "
                     "anew",
            out);
        return -1;
    }
    return found == 0 ? check_empty(t) : found;
}

/* Find what to start from; rank 0. */
static int
find_start(struct train *t, enum start *start, struct checkpoint *c)
{
    if (train_make_directory(t->settings->out) != 0 || lock_directory(t) != 0) {
        return -1;
    }
    int found = find_run(t, c);
    if (found < 0) {
        return -1;
    }
    if (found == 1) {
        *start = START_RESUMED;
        return check_same(t, c);
    }
    if (t->is_branch) {
        *start = START_BRANCH;
        return read_branch(t, c) == 0 ? check_branch(t, c) : -1;
    }
    *start = START_NEW;
    return 0;
}

/* Does the checkpoint fit the model?  Rank 0. */
static int
check_vectors(const struct train *t, const struct checkpoint *c, size_t n)
{
    /* A branch may begin to average. */
    bool is_more = t->is_branch && t->average != NULL && c->n_vectors == n - 1;

    if (c->size != t->size || (c->n_vectors < n && !is_more)) {
        report_error("%s: the checkpoint has %zu vectors of %zu numbers, the "
                     "model wants %zu of %zu",
            t->settings->out, c->n_vectors, c->size, n, t->size);
        return -1;
    }
    return 0;
}

/* Vectors of the checkpoint that rank 0 holds, on all ranks. */
static int
load_vectors(struct train *t, const struct checkpoint *c)
{
    float *vectors[CHECKPOINT_VECTORS_MAX];
    size_t n = list_vectors(t, vectors), bytes = t->size * sizeof(float);
    int rc = par_rank(t->par) == 0 ? check_vectors(t, c, n) : 0;

    if (par_any_failed(t->par, rc)) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (par_rank(t->par) == 0) {
            memcpy(vectors[i], c->vectors[i < c->n_vectors ? i : 0], bytes);
        }
        par_broadcast(t->par, vectors[i], bytes, 0);
    }
    return 0;
}

/* A cooldown starts here, with a log and a clock of its own. */
static void
adapt_state(struct train *t, enum start start)
{
    if (start == START_BRANCH) {
        t->state.branch_step = t->state.step;
        t->state.branch_factor = t->state.factor;
        t->state.log_bytes = 0;
        t->state.is_complete = 0;
    }
    if (start == START_RESUMED && par_rank(t->par) == 0) {
        report_note("going on from step %" PRIu64, t->state.step);
        if (t->state.ranks != (uint64_t)par_size(t->par) ||
            t->state.threads != (uint64_t)t->n_threads) {
            report_note("%" PRIu64 " ranks of %" PRIu64
                        " threads before, %d of %d now: sums round otherwise",
                t->state.ranks, t->state.threads, par_size(t->par),
                t->n_threads);
        }
    }
}

int
train_begin(struct train *t)
{
    struct checkpoint c = {0};
    enum start start = START_NEW;
    int rc = par_rank(t->par) == 0 ? find_start(t, &start, &c) : 0;
    int result = -1;

    if (par_any_failed(t->par, rc)) {
        goto done;
    }
    if (par_rank(t->par) == 0 && start != START_NEW) {
        t->state = c.state;
    }
    par_broadcast(t->par, &start, sizeof(start), 0);
    par_broadcast(t->par, &t->state, sizeof(t->state), 0);
    if (start == START_RESUMED && t->state.is_complete) {
        result = 1;
        goto done;
    }
    adapt_state(t, start);
    if (train_open_model(t, start == START_RESUMED) != 0) {
        goto done;
    }
    if (start == START_NEW) {
        net_init(t->net, t->parameters, t->settings->seed);
        if (t->average != NULL) {
            memcpy(t->average, t->parameters, t->size * sizeof(float));
        }
    } else if (load_vectors(t, &c) != 0) {
        goto done;
    }
    t->state.ranks = (uint64_t)par_size(t->par);
    t->state.threads = (uint64_t)t->n_threads;
    t->checkpoint_s = clock_now_s();
    result = 0;
done:
    checkpoint_release(&c);
    return result;
}

/* Have the ranks come to the same parameters? */
static int
check_ranks(struct train *t)
{
    uint64_t mine = hash_xxh64(t->parameters, t->size * sizeof(*t->parameters));
    uint64_t first = mine;

    par_broadcast(t->par, &first, sizeof(first), 0);
    if (mine != first) {
        report_error("rank %d: its parameters are not those of rank 0: the "
                     "sums of MPI differ between ranks",
            par_rank(t->par));
    }
    return par_any_failed(t->par, mine == first ? 0 : -1) ? -1 : 0;
}

/* Write the run as it is; rank 0. */
static int
write_checkpoint(struct train *t, const char *directory)
{
    float *vectors[CHECKPOINT_VECTORS_MAX];
    struct checkpoint c = {.identity = t->identity, .size = t->size};

    if (train_log_sync(t->log, &t->state.log_bytes) != 0) {
        return -1;
    }
    t->state.factor = train_factor(t, t->state.step);
    c.state = t->state;
    c.n_vectors = list_vectors(t, vectors);
    for (size_t i = 0; i < c.n_vectors; i++) {
        c.vectors[i] = vectors[i];
    }
    return checkpoint_save(directory, &c);
}

int
train_checkpoint(struct train *t)
{
    int rc = 0;

    if (check_ranks(t) != 0) {
        return -1;
    }
    t->checkpoint_s = clock_now_s();
    if (par_rank(t->par) == 0) {
        rc = write_checkpoint(t, t->settings->out);
    }
    return par_any_failed(t->par, rc) ? -1 : 0;
}

/* rank 0. */
static int
keep(struct train *t, uint64_t bytes)
{
    char *path = mem_printf("%s/at-%" PRIu64, t->settings->out, bytes);
    int rc = path == NULL || train_make_directory(path) != 0 ||
                     train_save_model(t, path, train_store(t)) != 0 ||
                     write_checkpoint(t, path) != 0
                 ? -1
                 : 0;

    mem_free(path);
    return rc;
}

int
train_keep(struct train *t, uint64_t bytes)
{
    int rc = par_rank(t->par) == 0 ? keep(t, bytes) : 0;

    return par_any_failed(t->par, rc) ? -1 : 0;
}
